"""What a lowering sees of the program that is being built."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from compiler.tensorflow import tf
from compiler.variables import resource
from kir.engine.variable import Variable
from kir.ir.graph import Graph, Value

# What TensorFlow 1 used for ops with a seed of their own in a graph without one.
GRAPH_SEED = 87654321


class Context:
    """State of one trace: variable values, updates, randomness.

    Attributes:
        training: the learning phase.
        values: the value that each variable had when the step began; each is read once.
        updates: the new values of variables, assigned when the step ends.
        evaluate: computes values of a region; set by the interpreter.
        trainable: variables that gradients are taken of, or None for no gradients.
        is_trial: whether the program is built only to see what types come out.
        loop_style: how loops over time are built: ``arrays`` of tensors, ``plain`` without such
            arrays, or ``unrolled``; the latter two are for other programs to run.
    """

    is_trial = False
    loop_style = "arrays"

    def __init__(self, training: bool, random_step: Any = None) -> None:
        self.training = training
        self.values: dict[Variable, Any] = {}
        self.updates: dict[Variable, Any] = {}
        self.evaluate: Any = None
        self._at_end: list[Callable[[], None]] = []
        self._derived: Environment = {}
        self._graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        self._random_step = random_step
        self._random_count = 0
        self._iterations: list[Any] = []

    def read(self, variable: Variable) -> Any:
        """The variable's value at the beginning of the step.

        A program may put a value that it computes of other weights in the place of a layer's.
        """
        if not isinstance(variable, Variable) and isinstance(variable, Value):
            return self.derive(variable)
        found = self.values.get(variable)
        if found is None:
            found = self._read_outside(resource(variable))
            self.values[variable] = found
        return found

    def _read_outside(self, variable: Any) -> Any:
        """Reads in the program's own graph, not in the body of a loop or branch inside it."""
        with self._outside():
            return variable.read_value()

    def _outside(self) -> contextlib.AbstractContextManager[Any]:
        if self._graph is None or tf.compat.v1.get_default_graph() is self._graph:
            return contextlib.nullcontext()
        return self._graph.as_default()  # type: ignore[no-any-return]

    def derive(self, value: Value) -> Any:
        """A value that depends on no input, only on variables; computed once."""
        with self._outside():
            return self.evaluate([value], self._derived, self)[0]

    def assign(self, variable: Variable, value: Any) -> None:
        """Sets the value that the variable has after the step."""
        self.updates[variable] = value

    def at_end(self, action: Callable[[], None]) -> None:
        """Has something done when all values of the step are computed, before the assignments."""
        self._at_end.append(action)

    def apply_updates(self) -> list[Any]:
        """Performs the assignments."""
        while self._at_end:
            self._at_end.pop(0)()
        return [resource(v).assign(value).op for v, value in self.updates.items()]

    def random_seed(self, seed: int) -> Any:
        """A seed pair for stateless random ops: different in each step, the same in each run."""
        step = self._random_step
        self._random_count += 1
        if step is None:
            # Outside of a program with a step counter each run draws anew; the sequence of runs is
            # the same in each process.
            step = tf.raw_ops.RandomUniformInt(
                shape=tf.constant([], tf.int32),
                minval=tf.constant(0, tf.int32),
                maxval=tf.constant(2**31 - 1, tf.int32),
                seed=GRAPH_SEED,
                seed2=seed + self._random_count,
            )
        salt = (seed * 1000003 + self._random_count) % (2**31 - 1)
        pair = tf.stack([tf.constant(salt, tf.int32), tf.cast(step, tf.int32)])
        for number in self._iterations:
            pair = tf.random.experimental.stateless_fold_in(pair, number)  # type: ignore[attr-defined]
        return pair

    @contextlib.contextmanager
    def in_phase(self, phase: int | None) -> Iterator[None]:
        """The calls of a learning phase of their own; None for the program's."""
        before = self.training
        if phase is not None:
            self.training = bool(phase)
        try:
            yield
        finally:
            self.training = before

    @contextlib.contextmanager
    def iteration(self, number: Any) -> Iterator[None]:
        """The body of a loop: random numbers are others in each of its iterations."""
        self._iterations.append(number)
        try:
            yield
        finally:
            self._iterations.pop()


class _Weights:
    """The current values of a layer's weights, by attribute name."""

    __slots__ = ("_context", "_layer")

    def __init__(self, layer: Any, context: Context) -> None:
        self._layer = layer
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return self._context.read(getattr(self._layer, name))


class Call:
    """One layer call, as its lowering sees it.

    Attributes:
        weights: current values, by the names the layer declares.
        masks: one mask or None for each input.
        arguments: the call's keyword arguments.
        training: the learning phase, or what the call's `training` argument says.
        seeds: those drawn when the layer was called.
        is_used: whether somebody uses the result of this number.
        inner: the calls inside a wrapper's call; None for a call that no node holds.
    """

    __slots__ = (
        "arguments",
        "context",
        "inner",
        "is_used",
        "masks",
        "seeds",
        "training",
        "weights",
    )

    def __init__(
        self,
        layer: Any,
        context: Context,
        masks: list[Any],
        arguments: dict[str, Any],
        seeds: tuple[int, ...] = (),
        is_used: Callable[[int], bool] = lambda index: True,
        inner: Graph | None = None,
    ) -> None:
        self.context = context
        self.inner = inner
        self.weights: Any = _Weights(layer, context)
        self.masks = masks
        self.arguments = arguments
        given = arguments.get("training")
        self.training = context.training if given is None else given
        self.seeds = seeds
        self.is_used = is_used

    @property
    def mask(self) -> Any:
        """The mask of the first input, or None."""
        return self.masks[0] if self.masks else None

    def seed(self, index: int) -> Any:
        """A seed pair for stateless random ops."""
        return self.context.random_seed(self.seeds[index] if index < len(self.seeds) else index)


Environment = dict[Value, Any]


# The programs that are being built, the innermost last.
CONTEXTS: list[Context] = []


def current_context() -> Context | None:
    """The context of the trace under way, for functions that a user's code calls."""
    return CONTEXTS[-1] if CONTEXTS else None
