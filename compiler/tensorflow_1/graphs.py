"""Graphs, sessions and operations of TensorFlow 1."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from compiler.tensorflow import tf
from compiler.tensorflow_1.names import find_tensor, named_tensors
from kir import backend as K
from kir import settings
from kir.backend import session as kir_session
from kir.backend.methods import Producer
from kir.backend.session import Operation, get_session
from kir.engine.tensor import Tensor
from kir.errors import ConfigError
from kir.ir.graph import Value

v1 = tf.compat.v1


class Graph:
    """A graph as programs handle it: entered, asked for its tensors, passed around.

    What Keras and kir's stand-ins record needs no graph to keep it. What is read from a file of
    TensorFlow's lies in a graph of its own behind this one.
    """

    def __init__(self) -> None:
        self._imported: Any = None

    @property
    def imported(self) -> Any:
        """The graph of TensorFlow's that holds what was read from files."""
        if self._imported is None:
            self._imported = tf.Graph()
        return self._imported

    @contextlib.contextmanager
    def as_default(self) -> Iterator[Graph]:
        """A scope in which this is the default graph."""
        _DEFAULT.append(self)
        try:
            yield self
        finally:
            _DEFAULT.pop()

    def device(self, _: Any) -> Any:
        """A scope without effect: the runtime places what is computed."""
        return contextlib.nullcontext()

    name_scope = device

    @contextlib.contextmanager
    def gradient_override_map(self, op_type_map: Any) -> Iterator[None]:
        """A scope in which ops get the gradients that were registered under other names."""
        before = settings.gradient_names()
        settings.replace_gradients({**before, **op_type_map})
        try:
            yield
        finally:
            settings.replace_gradients(before)

    def finalize(self) -> None:
        """Does nothing."""

    def as_graph_def(self, *_: Any, **__: Any) -> Any:
        """What was read from files. Of models it says nothing; `kir export` writes them."""
        return v1.GraphDef() if self._imported is None else self._imported.as_graph_def()

    def get_tensor_by_name(self, name: str) -> Any:
        """The tensor of a name such as ``dense_1/Softmax:0``.

        Raises:
            ConfigError: the name has no number at its end.
            MissingKeyError: there is no such tensor.
        """
        if ":" not in name:
            raise ConfigError(
                f"get_tensor_by_name({name!r}): that is the name of an operation. Its first result "
                f"is {name + ':0'!r}."
            )
        if self._imported is not None:
            with contextlib.suppress(KeyError):
                return self._imported.get_tensor_by_name(name)
        return find_tensor(name)

    def get_operation_by_name(self, name: str) -> Any:
        """The operation of a name.

        Raises:
            MissingKeyError: there is none.
        """
        if self._imported is not None:
            with contextlib.suppress(KeyError):
                return self._imported.get_operation_by_name(name)
        return find_tensor(f"{name}:0").op

    def get_operations(self) -> list[Any]:
        """The operations that compute tensors, the oldest first."""
        read = [] if self._imported is None else self._imported.get_operations()
        return [*read, *(v.op for v in reversed(list(named_tensors())))]

    def as_graph_element(self, obj: Any, *_: Any, **__: Any) -> Any:
        """The tensor or operation that a name stands for; anything else is returned as it is."""
        if not isinstance(obj, str):
            return obj
        return self.get_tensor_by_name(obj) if ":" in obj else self.get_operation_by_name(obj)


# The graphs whose scopes are entered, the innermost last.
_DEFAULT: list[Graph] = [Graph()]


class Session(kir_session.Session):
    """`tf.Session`: computes symbolic values, and what was read into its graph."""

    def __init__(self, target: Any = "", graph: Any = None, config: Any = None) -> None:
        super().__init__(target, graph or get_default_graph(), config)
        self._inner: Any = None

    @property
    def imported(self) -> Any:
        """TensorFlow's session for what was read from files."""
        if self._inner is None:
            self._inner = v1.Session(graph=self.graph.imported, config=self.config)
        return self._inner

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, **kwargs: Any) -> Any:
        """Computes `fetches`; names stand for tensors and operations of the graph."""
        wanted = tf.nest.map_structure(self._found, fetches)
        feeds = {self._found(k): v for k, v in (feed_dict or {}).items()}
        if any(map(_is_imported, tf.nest.flatten(wanted))):
            return self.imported.run(wanted, feeds, **kwargs)
        return super().run(wanted, feeds, **kwargs)

    def _found(self, value: Any) -> Any:
        """The tensor or operation that a name stands for.

        kir's tensors have names without a number, so that the name of one of their operations
        stands for what it computes.
        """
        found = self.graph.as_graph_element(value)
        return found.outputs[0] if isinstance(found, Producer) else found


def _is_imported(value: Any) -> bool:
    return isinstance(value, tf.Operation) or (
        isinstance(value, tf.Tensor) and not hasattr(value, "numpy")
    )


class InteractiveSession(Session):
    """A session that is the default one as soon as it is made."""

    def __init__(self, target: Any = "", graph: Any = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        K.set_session(self)


def import_graph_def(*args: Any, **kwargs: Any) -> Any:
    """`tf.import_graph_def`, into the default graph."""
    with get_default_graph().imported.as_default():
        return v1.import_graph_def(*args, **kwargs)


def import_meta_graph(*args: Any, **kwargs: Any) -> Any:
    """`tf.train.import_meta_graph`, into the default graph."""
    with get_default_graph().imported.as_default():
        return v1.train.import_meta_graph(*args, **kwargs)


class _IsSymbolic(type):
    """Lets `isinstance(x, tf.Tensor)` be true of symbolic values too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor | tf.Tensor)


class TensorClass(metaclass=_IsSymbolic):
    """`tf.Tensor`."""


class FileWriter:
    """`tf.summary.FileWriter`: event files for TensorBoard."""

    def __init__(self, logdir: str, graph: Any = None, **kwargs: Any) -> None:
        with tf.Graph().as_default():
            self._writer = v1.summary.FileWriter(logdir, **kwargs)

    def add_graph(self, *_: Any, **__: Any) -> None:
        """Does nothing: the callback TensorBoard draws a model's graph."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def get_default_graph() -> Graph:
    """`tf.get_default_graph`."""
    return _DEFAULT[-1]


def reset_default_graph() -> None:
    """`tf.reset_default_graph`: forgets names, sessions and what was read from files."""
    _DEFAULT[-1] = Graph()
    K.clear_session()


def executing_eagerly() -> bool:
    """`tf.executing_eagerly`: no, as what programs for TensorFlow 1 write is recorded."""
    return False


def no_op(name: str | None = None) -> Operation:
    """`tf.no_op`."""
    return Operation([])


def group(*inputs: Any, **_: Any) -> Operation:
    """`tf.group`: one operation that does what several do."""
    found: list[Value] = []
    for one in tf.nest.flatten(list(inputs)):
        found += one.updates if isinstance(one, Operation) else [one]
    return Operation([v for v in found if isinstance(v, Value)])


@contextlib.contextmanager
def control_dependencies(_: Any) -> Iterator[None]:
    """`tf.control_dependencies`: a scope; updates take effect when a run ends."""
    yield


def _scope(name: Any = None, default_name: Any = None, *_: Any, **__: Any) -> Any:
    return K.name_scope(str(name or default_name or "scope"))


NAMES = {
    "Graph": Graph,
    "InteractiveSession": InteractiveSession,
    "Operation": Operation,
    "Session": Session,
    "Tensor": TensorClass,
    "control_dependencies": control_dependencies,
    "executing_eagerly": executing_eagerly,
    "get_default_graph": get_default_graph,
    "get_default_session": get_session,
    "group": group,
    "import_graph_def": import_graph_def,
    "name_scope": _scope,
    "no_op": no_op,
    "reset_default_graph": reset_default_graph,
}
