"""Compiled functions and sessions."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from kir import settings
from kir.backend import sparse
from kir.backend.recording import substitute
from kir.engine.executor import executor
from kir.engine.names import reset_scopes
from kir.errors import ArgumentError, ConfigError, DTypeError
from kir.ir.graph import Ref, Value

settings.on_clear_session(reset_scopes)


class Function:
    """A graph from inputs to outputs that also updates variables.

    Args:
        inputs: placeholders or other tensors that the caller feeds.
        outputs: the tensors to compute.
        updates: pairs (variable, new value), or results of `K.update`. All new values and all
            outputs are computed from the old values.
        name: a label.
        session_kwargs: `feed_dict` with further fed tensors, and `fetches` with further tensors
            to compute; `options` and `run_metadata` of TensorFlow 1, see `Session.run`.

    Shape:
        an array for each input, in the shape and dtype of its tensor -> an array for each output.

    Raises:
        DTypeError: inputs, outputs or updates are no list or tuple.
    """

    def __init__(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        updates: Sequence[Any] | None = None,
        name: str | None = None,
        **session_kwargs: Any,
    ) -> None:
        for what, value in (("inputs", inputs), ("outputs", outputs), ("updates", updates or [])):
            if not isinstance(value, list | tuple):
                raise DTypeError(
                    f"`{what}` to a TensorFlow backend function should be a list or tuple; "
                    f"got {value!r}."
                )
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.updates = list(updates or [])
        self.name = name
        self.feed_dict: Mapping[Any, Any] = session_kwargs.pop("feed_dict", None) or {}
        fetches = session_kwargs.pop("fetches", None) or []
        self.fetches = list(fetches) if isinstance(fetches, list | tuple) else [fetches]
        self.session_kwargs = session_kwargs
        self._fed = list(self.feed_dict)
        self._run = executor().function(
            [*self.inputs, *self._fed], self.outputs, [*self.updates, *self.fetches], name
        )

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """Runs the graph.

        Args:
            inputs: an array for each input.

        Returns:
            The values of the outputs, as arrays.
        """
        if self._fed:
            inputs = [*inputs, *(self.feed_dict[v] for v in self._fed)]
        results: list[Any] = self._run(inputs)
        _report(self._run, **self.session_kwargs)
        return results


_SESSION_ARGUMENTS = ("fetches", "feed_dict", "options", "run_metadata")


def function(inputs: Any, outputs: Any, updates: Any = None, **kwargs: Any) -> Function:
    """Compiles the graph from inputs to outputs into a callable; see `Function`.

    Args:
        inputs: a list of placeholders, or of other tensors that the caller feeds.
        outputs: a list of the tensors to compute.
        updates: pairs (variable, new value), or results of `K.update`, to be done with each call.
        **kwargs: `feed_dict`, `fetches` and `name`, as in `Function`.

    Returns:
        A `Function`: called with a list of arrays, it returns a list of arrays.

    Shape:
        an array for each input, in the shape and dtype of its tensor -> an array for each output.

    Raises:
        ConfigError: an unknown keyword argument.
    """
    known = {*_SESSION_ARGUMENTS, *inspect.signature(Function.__init__).parameters}
    for key in kwargs:
        if key not in known:
            raise ConfigError(
                f'Invalid argument "{key}" passed to K.function with TensorFlow backend'
            )
    return Function(inputs, outputs, updates=updates, **kwargs)


class Operation:
    """Something to do: an operation of TensorFlow 1, of which only the effect is wanted.

    Attributes:
        updates: values whose computation has the effect.
    """

    def __init__(self, updates: Sequence[Any]) -> None:
        self.updates = list(updates)

    def prepare(self) -> None:
        """Runs before what is fetched with it; what is no update of a variable is done here."""

    def run(self, feed_dict: Mapping[Any, Any] | None = None, session: Any = None) -> None:
        """Does it.

        Args:
            feed_dict: values of placeholders and other tensors.
            session: the session; default the current one.
        """
        (session or get_session()).run(self, feed_dict)


class Session:
    """Evaluates symbolic values, as a session of TensorFlow 1 does.

    Attributes:
        config: what the program passed as `ConfigProto`, or None.
    """

    def __init__(self, target: Any = "", graph: Any = None, config: Any = None) -> None:
        self.config = config
        self.graph = graph

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, **kwargs: Any) -> Any:
        """Computes `fetches`: a tensor, a variable, an update, or lists and dicts of them.

        Args:
            fetches: what to compute; None gives None.
            feed_dict: values of placeholders and other tensors.
            kwargs: `run_metadata`, into which the graph is put that ran if `options`, TensorFlow
                1's `RunOptions`, ask for `output_partition_graphs`. Other options have no meaning
                here.
        """
        unknown = kwargs.keys() - {"options", "run_metadata"}
        if unknown:
            raise ArgumentError(f"Session.run: unknown arguments {sorted(unknown)}.")
        wanted: list[Value] = []
        plan = _plan(fetches, wanted)
        if not wanted:
            return plan
        feeds = dict(feed_dict or {})
        run = executor().function(list(feeds), wanted, [], "run")
        values = run(list(feeds.values()))
        _report(run, **kwargs)
        return substitute(plan, values)

    def as_default(self) -> Session:
        """Returns itself: there is one graph."""
        return self

    def close(self) -> None:
        """Does nothing: a session holds no resources here."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _report(run: Any, options: Any = None, run_metadata: Any = None) -> None:
    """Puts into TensorFlow 1's `RunMetadata` what its `RunOptions` ask for."""
    if run_metadata is None:
        return
    run_metadata.Clear()
    if getattr(options, "output_partition_graphs", False):
        run_metadata.partition_graphs.append(run.graph_def())


def _plan(fetches: Any, wanted: list[Value]) -> Any:
    """The structure of `fetches`, with a `Ref` for each tensor that is put into `wanted`."""
    if isinstance(fetches, Value):
        wanted.append(sparse.to_dense(fetches) if fetches.type.sparse else fetches)
        return Ref(len(wanted) - 1)
    if isinstance(fetches, Operation):
        fetches.prepare()
        for update in fetches.updates:
            _plan(update, wanted)
        return None
    if isinstance(fetches, list | tuple):
        return type(fetches)([_plan(f, wanted) for f in fetches])
    if isinstance(fetches, Mapping):
        return {k: _plan(f, wanted) for k, f in fetches.items()}
    # Initialisers of TensorFlow 1 are None today, and there is nothing to do for them.
    return fetches.numpy() if hasattr(fetches, "numpy") else None


class _Default:
    session: Any = None


def get_session() -> Any:
    """Returns the session in which things are computed."""
    if _Default.session is None:
        _Default.session = executor().session()
    return _Default.session


def set_session(session: Any) -> None:
    """Sets the session.

    Args:
        session: a `Session`, or TensorFlow's `tf.compat.v1.Session`, of whose configuration is
            honoured what has a meaning today (memory growth, threads).
    """
    config = getattr(session, "config", None) or getattr(session, "_config", None)
    if not isinstance(session, Session):
        session = executor().session(config=config)
    if config is not None:
        executor().backend.apply_config(config)
    _Default.session = session


@settings.on_clear_session
def _forget_session() -> None:
    _Default.session = None
