"""Symbolic values that a user's function takes from outside while it runs on tensors.

Most functions are traced, so that what they take becomes an operand. A function that only
TensorFlow can call (the body of a `tf.while_loop`) or that insists on its tensors runs when a
program is built. Running it once on placeholders tells which symbolic values it takes; in a program
they stand for the tensors of these operands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from compiler.lowering.context import CONTEXTS, Context
from compiler.tensorflow import tf
from kir.engine.tensor import execution
from kir.engine.variable import Variable
from kir.errors import StateError
from kir.ir.graph import Value, topological_order
from kir.ir.types import TensorType

_FRAMES: list[Any] = []


@contextmanager
def captured(tensors: Mapping[Value, Any]) -> Iterator[None]:
    """A scope in which the symbolic values of `tensors` stand for these tensors."""
    _FRAMES.append(tensors)
    try:
        yield
    finally:
        _FRAMES.pop()


def resolve(value: Value) -> Any:
    """The tensor that a symbolic value stands for in the program under way.

    What a layer computed of its weights alone when it was built stands for itself.

    Raises:
        StateError: none; the function that uses it was not recorded with it.
    """
    for frame in reversed(_FRAMES):
        found = frame.get(value)
        if found is not None:
            return found
    context = CONTEXTS[-1] if CONTEXTS else Context(training=False)
    if context.evaluate is not None and not _depends_on_inputs(value):
        return context.derive(value)
    raise StateError(
        f"{value!r} is symbolic, but this code runs on computed tensors. Pass the tensor in as an "
        "argument instead of using it from outside."
    )


def _depends_on_inputs(value: Value) -> bool:
    nodes = topological_order([value])
    leaves = (v for v in (value, *(o for n in nodes for o in n.operands)) if v.producer is None)
    return any(not isinstance(v, Variable) and not hasattr(v, "fixed_value") for v in leaves)


def placeholder(kind: TensorType) -> Any:
    """A tensor of the type in the graph of TensorFlow's that is under construction."""
    if kind.sparse:
        return tf.compat.v1.sparse_placeholder(kind.dtype, kind.shape)
    return tf.compat.v1.placeholder(kind.dtype, kind.shape)


class _Scratch(Context):
    """A program that is built only to see what types come out and what it takes from outside."""

    is_trial = True

    def __init__(self, graph: Any) -> None:
        super().__init__(training=False)
        self.graph = graph
        self.uses_phase = False
        self.found: dict[Value, Any] = {}

    @property
    def training(self) -> bool:  # type: ignore[override]
        self.uses_phase = True
        return False

    @training.setter
    def training(self, value: bool) -> None:
        """Follows from nothing: the base class sets it."""

    def read(self, variable: Variable) -> Any:
        return self._stand_in(variable, self.values)

    def get(self, value: Value) -> Any:
        return self._stand_in(value, self.found)

    def _stand_in(self, value: Any, known: dict[Any, Any]) -> Any:
        if value not in known:
            # Not in the body of a loop or branch that is being built inside.
            with self.graph.as_default():
                known[value] = placeholder(value.type)
        return known[value]


@dataclass(frozen=True)
class Trial:
    """What running a function on placeholders showed.

    Attributes:
        types: those of the tensors in the result.
        skeleton: the result's structure, with a `Leaf` for everything that is no structure.
        captured: the symbolic values that the function takes from outside.
        uses_phase: whether it asks for the learning phase.
    """

    types: list[TensorType]
    skeleton: Any
    captured: tuple[Value, ...] = ()
    uses_phase: bool = False


@dataclass(frozen=True)
class Leaf:
    """A part of a result: the tensor of this number, or something that is always the same."""

    index: int | None
    constant: Any = field(default=None, compare=False)


def try_out(function: Callable[[Sequence[Any]], Any], types: Sequence[TensorType]) -> Trial:
    """Runs `function` on placeholders of these types, in a graph that is thrown away."""
    # As in a program, eager tensors that the function holds are taken along.
    graph = tf.__internal__.FuncGraph("trial")
    with graph.as_default(), execution():
        scratch = _Scratch(graph)
        operands = [placeholder(t) for t in types]
        CONTEXTS.append(scratch)
        try:
            with captured(scratch):  # type: ignore[arg-type]
                result = function(operands)
        finally:
            CONTEXTS.pop()
        tensors: list[Any] = []
        leaves = [_leaf(x, tensors) for x in tf.nest.flatten(result)]
        skeleton = tf.nest.pack_sequence_as(result, leaves)
        return Trial(
            [type_of(t) for t in tensors], skeleton, tuple(scratch.found), scratch.uses_phase
        )


class Objective:
    """A loss or metric of the program's that is being computed.

    Attributes:
        output: the model's output that it judges.
        function: the loss or metric.
    """

    def __init__(self, output: Value, function: Any) -> None:
        self.output = output
        self.function = function
        self._count = 0

    def next_number(self) -> int:
        """1, 2 ...: the same for the same call in each program."""
        self._count += 1
        return self._count


_OBJECTIVES: list[Objective] = []


def current_objective() -> Objective | None:
    """The innermost loss or metric of the program's that is being computed."""
    return _OBJECTIVES[-1] if _OBJECTIVES else None


def judge(function: Any, y_true: Any, y_pred: Any, output: Value) -> Any:
    """What a loss or metric of the program's computes of tensors."""
    _OBJECTIVES.append(Objective(output, function))
    try:
        return function(y_true, traceable(y_pred, output))
    finally:
        _OBJECTIVES.pop()


def traceable(tensor: Any, value: Value) -> Any:
    """The tensor with the mark of the symbolic value that it is the value of.

    Losses of the Keras 2 era look there for the layer that made the predictions.
    """
    history = getattr(value, "_keras_history", None)
    if history is None:
        return tensor
    marked = tf.identity(tensor)
    marked._keras_history = history
    marked._keras_shape = value.type.shape
    return marked


def _leaf(value: Any, tensors: list[Any]) -> Leaf:
    if isinstance(value, tf.Operation):
        return Leaf(None)
    if not is_plain_tensor(value):
        return Leaf(None, value)
    tensors.append(value)
    return Leaf(len(tensors) - 1)


def is_plain_tensor(value: Any) -> bool:
    """Whether it is a dense or sparse tensor, which alone are values of a graph."""
    return isinstance(value, tf.Tensor | tf.SparseTensor)


def flat_tensors(result: Any) -> list[Any]:
    """The tensors in a function's result, in the order of `Leaf.index`."""
    return [x for x in tf.nest.flatten(result) if is_plain_tensor(x)]


def type_of(tensor: Any) -> TensorType:
    """The type of a tensor of TensorFlow."""
    if not tf.is_tensor(tensor):
        tensor = tf.convert_to_tensor(tensor)
    shape = tensor.shape
    return TensorType(
        tensor.dtype.base_dtype.name,
        None if shape.rank is None else tuple(shape.as_list()),
        isinstance(tensor, tf.SparseTensor),
    )
