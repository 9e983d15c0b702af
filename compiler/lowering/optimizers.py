"""Steps of optimizers: with which slots, on which gradients, in a program or as a node of a graph.

The arithmetic of each optimizer stands in `compiler.lowering.rules.optimizers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.lowering.context import Context
from compiler.lowering.native_optimizers import prepare_native
from compiler.lowering.registry import lowers_op
from compiler.tensorflow import tf
from compiler.variables import resource
from kir.backend.recording import define
from kir.engine.tensor import Tensor, announce
from kir.engine.variable import Variable
from kir.errors import UnsupportedError
from kir.ir.graph import Node, Opaque, Value
from kir.ir.types import TensorType
from kir.optimizers import Optimizer, TFOptimizer
from kir.optimizers.base import Slots

STEP = "k.optimizer_step"


@dataclass(frozen=True)
class Step:
    """An optimizer with the weights it trains and the slots it keeps for them."""

    optimizer: Any
    params: Sequence[Variable]
    slots: Slots

    @property
    def variables(self) -> list[Variable]:
        """Every variable of kir's that a step changes or reads."""
        own = [v for v in vars(self.optimizer).values() if isinstance(v, Variable)]
        return [*self.params, *(v for group in self.slots.values() for v in group), *own]

    def apply(self, context: Context, grads: Sequence[Any]) -> None:
        """One step: updates the weights by clipped gradients, then applies their constraints."""
        dense = [tf.convert_to_tensor(g) for g in grads]
        _rule(self.optimizer)(Stepping(self.optimizer, context, self.params, dense, self.slots))
        for p in self.params:
            if p.constraint is not None:
                variable = resource(p)
                variable.assign(p.constraint(variable.read_value()))


@dataclass(frozen=True)
class Stepping:
    """One step, as the rule of an optimizer sees it.

    Attributes:
        optimizer: with its hyperparameters.
        context: reads and assigns variables.
        params: the weights to change.
        grads: a dense gradient for each.
        slots: the variables kept for them.
    """

    optimizer: Any
    context: Context
    params: Sequence[Variable]
    grads: Sequence[Any]
    slots: Slots

    def each(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """(weight, gradient, its slots of these names)."""
        return zip(self.params, self.grads, *(self.slots[n] for n in names), strict=True)

    def read(self, name: str) -> Any:
        """The value of a hyperparameter."""
        return self.context.read(getattr(self.optimizer, name))

    def learning_rate(self) -> Any:
        """The rate of this step; advances the step counter."""
        iterations, rate = self.read("iterations"), self.read("lr")
        if self.optimizer.initial_decay > 0:
            decay = self.read("decay")
            rate = rate * (1.0 / (1.0 + decay * tf.cast(iterations, decay.dtype)))
        self.context.assign(self.optimizer.iterations, iterations + 1)
        return rate

    def number(self) -> Any:
        """The number of this step, 1 for the first."""
        return tf.cast(self.read("iterations"), self.optimizer.lr.type.dtype) + 1.0


Rule = Callable[[Stepping], None]
_RULES: dict[type, Rule] = {}


def takes_step(cls: type) -> Callable[[Rule], Rule]:
    """Registers how an optimizer updates the weights."""

    def register(rule: Rule) -> Rule:
        _RULES[cls] = rule
        return rule

    return register


def _rule(optimizer: Any) -> Rule:
    rule = next((_RULES[c] for c in type(optimizer).__mro__ if c in _RULES), None)
    if rule is None:
        raise UnsupportedError(
            f"The optimizer {type(optimizer).__name__} says nowhere how it steps: it overrides no "
            "`get_updates(loss, params)`."
        )
    return rule


def has_own_updates(optimizer: Any) -> bool:
    """Whether a class of the user's says how the optimizer steps, or what gradients it takes."""
    for cls in type(optimizer).__mro__:
        if cls in _RULES or cls is Optimizer:
            return False
        if "get_updates" in vars(cls) or "get_gradients" in vars(cls):
            return True
    return False


def make_step(optimizer: Any, params: Sequence[Variable]) -> Step:
    """The step of an optimizer that has a rule, with new slots."""
    _rule(optimizer)
    if isinstance(optimizer, TFOptimizer):
        prepare_native(optimizer.optimizer, params)
        return Step(optimizer, params, {})
    return Step(optimizer, params, optimizer.create_state(params))


# -- the step as a node of a graph

define(STEP.removeprefix("k."), None, {})


def optimizer_updates(optimizer: Any, loss: Any, params: Sequence[Variable]) -> list[Any]:
    """The updates of `Optimizer.get_updates`: a value that takes the step when it is computed."""
    return step_of_gradients(optimizer, optimizer.get_gradients(loss, params), params)


def step_of_gradients(
    optimizer: Any, grads: Sequence[Value], params: Sequence[Variable]
) -> list[Any]:
    """The updates of a step down these gradients."""
    step = make_step(optimizer, params)
    node = Node(
        STEP,
        [*grads, *params],
        [TensorType("int64", ())],
        attributes={"step": Opaque(type(optimizer).__name__, step)},
        value_class=Tensor,
    )
    announce(node)
    return list(node.outputs)


@lowers_op(STEP)
def lower_optimizer_step(node: Node, operands: list[Any], context: Context) -> Any:
    """Steps when everything else is computed: the weights are read as they were before."""
    step: Step = node.attributes["step"].value
    grads = operands[: len(step.params)]
    for p in step.params:
        context.read(p)
    context.at_end(lambda: step.apply(context, grads))
    return tf.constant(0, tf.int64)


# -- gradients


def clip(optimizer: Optimizer, grads: Sequence[Any]) -> list[Any]:
    """Dense gradients within the optimizer's bounds; `clipnorm` is one norm over all of them."""
    dense = [tf.convert_to_tensor(g) for g in grads]
    clipnorm = getattr(optimizer, "clipnorm", 0)
    if clipnorm and clipnorm > 0:
        norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(g)) for g in dense]))
        dense = [tf.where(norm >= clipnorm, g * (clipnorm / norm), g) for g in dense]
    clipvalue = getattr(optimizer, "clipvalue", 0)
    if clipvalue and clipvalue > 0:
        dense = [tf.clip_by_value(g, -clipvalue, clipvalue) for g in dense]
    return dense
