"""Graphs, sessions and operations of TensorFlow 1: there is one graph, and it needs no keeping."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from compiler.tensorflow import tf
from kir import backend as K
from kir.backend.session import Operation, Session, get_session
from kir.engine.tensor import Tensor
from kir.ir.graph import Value

v1 = tf.compat.v1


class Graph:
    """The graph, as far as programs handle it: entered, finalized, passed around."""

    @contextlib.contextmanager
    def as_default(self) -> Iterator[Graph]:
        """A scope without effect: all values are of the one graph."""
        yield self

    def device(self, _: Any) -> Any:
        """A scope without effect: the runtime places what is computed."""
        return contextlib.nullcontext()

    name_scope = device

    def finalize(self) -> None:
        """Does nothing."""

    def as_graph_def(self, *_: Any, **__: Any) -> Any:
        """An empty description: models are exported by `kir export`."""
        return v1.GraphDef()


_GRAPH = Graph()


class InteractiveSession(Session):
    """A session that is the default one as soon as it is made."""

    def __init__(self, target: Any = "", graph: Any = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        K.set_session(self)


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
    return _GRAPH


def reset_default_graph() -> None:
    """`tf.reset_default_graph`: forgets names and sessions."""
    K.clear_session()


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
    "get_default_graph": get_default_graph,
    "get_default_session": get_session,
    "group": group,
    "name_scope": _scope,
    "no_op": no_op,
    "reset_default_graph": reset_default_graph,
}
