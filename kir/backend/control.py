"""The learning phase, and choices between tensors."""

from __future__ import annotations

from typing import Any

from kir import settings
from kir.backend import regions
from kir.backend import type_rules as rules
from kir.backend.recording import compute, define, op, type_rule
from kir.engine.tensor import Tensor, executing, is_symbolic, record
from kir.errors import ConfigError, ShapeError
from kir.ir.graph import Value
from kir.ir.types import TensorType

LEARNING_PHASE_OP = "k.learning_phase"


class _Phase:
    symbol: Any = None


def _phase_type(**_: Any) -> TensorType:
    return TensorType("bool", ())


define("learning_phase", _phase_type, {})


def learning_phase() -> Any:
    """Returns the learning phase: a symbolic scalar that is true in training.

    After `set_learning_phase` it is the int that was set. While it is not fed to a `K.function`,
    it is false.
    """
    if executing():
        return compute("learning_phase", {})
    fixed = settings.fixed_learning_phase()
    if fixed is not None:
        return fixed
    if _Phase.symbol is None:
        _Phase.symbol = record(LEARNING_PHASE_OP, {}, type_rule(_phase_type))
        _Phase.symbol.name = "keras_learning_phase"
        _Phase.symbol._uses_learning_phase = True
    return _Phase.symbol


def set_learning_phase(value: int) -> None:
    """Fixes the learning phase for everything that is built from now on.

    Layers that are called afterwards keep the phase in `fit`, `evaluate` and `predict` alike.
    `clear_session` ends it.

    As in Keras 2.2, batch normalization that is fixed to inference normalizes by its moving
    averages, which training updates nevertheless; `trainable = False` keeps them.

    Args:
        value: 0 (inference) or 1 (training).

    Raises:
        ConfigError: another value.
    """
    if value not in (0, 1):
        raise ConfigError(f"Expected learning phase to be 0 or 1; got {value!r}.")
    settings.fix_learning_phase(int(value))


@settings.on_clear_session
def _forget_phase() -> None:
    _Phase.symbol = None


def is_learning_phase(x: Any) -> bool:
    """Whether `x` is the symbolic learning phase."""
    return isinstance(x, Tensor) and x.producer is not None and x.producer.op == LEARNING_PHASE_OP


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Chooses `x` in training and `alt` otherwise.

    Args:
        x: a tensor, or a function without arguments that makes it.
        alt: the same for the other case.
        training: the phase if it is not to be `learning_phase()`: a scalar, bool or int.

    Shape:
        `x` and `alt`: one shape -> the same; dtype: theirs.
    """
    if training is None:
        training = learning_phase()
    if isinstance(training, int):  # bool too
        chosen = x if training else alt
        return chosen() if callable(chosen) else chosen
    return switch(training, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Chooses `x` in inference and `alt` in training; the opposite of `in_train_phase`.

    Args:
        x: a tensor, or a function without arguments that makes it.
        alt: the same for training.
        training: the phase if it is not to be `learning_phase()`: a scalar, bool or int.

    Shape:
        `x` and `alt`: one shape -> the same; dtype: theirs.
    """
    return in_train_phase(alt, x, training=training)


def _choice_type(condition: Any, then_expression: Any, else_expression: Any) -> TensorType | None:
    types = rules.known(condition, then_expression, else_expression)
    if types is None:
        return None
    first, second = rules.sizes_of(types[1]), rules.sizes_of(types[2])
    if types[0].rank:
        if (types[0].rank or 0) > len(first):
            raise ShapeError(
                "Rank of `condition` should be less than or equal to rank of `then_expression` "
                f"and `else_expression`. Got {types[0]} and {types[1]}."
            )
        return types[1].with_shape(rules.broadcast(first, second))
    return types[1].with_shape(merged(first, second))


def merged(first: Any, second: Any) -> Any:
    """The shape that covers two alternatives."""
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))


@op(_choice_type)
def choose(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """`switch` between tensors."""


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Chooses between two expressions by a condition.

    Args:
        condition: a scalar, or a tensor whose shape is that of the expressions, perhaps without
            their last axes.
        then_expression: a tensor, or a function without arguments that makes it.
        else_expression: the same for the other case.

    Shape:
        both expressions: one shape -> the same; dtype: theirs.

    Raises:
        ShapeError: `condition` has more axes than the expressions.

    Example:
        >>> from kir import backend as K
        >>> x = K.variable([-1., 2.])
        >>> K.eval(K.switch(K.greater(x, 0.), x, x * 10.)).tolist()
        [-10.0, 2.0]
    """
    branches = then_expression, else_expression
    if executing():
        if any(map(callable, branches)):
            arguments = {"condition": condition, "then": branches[0], "otherwise": branches[1]}
            return compute("branch", arguments)
        return choose(condition, *branches)
    is_scalar = is_symbolic(condition) and condition.type.shape == ()
    if not is_scalar or not any(map(callable, branches)):
        return choose(condition, *(b() if callable(b) else b for b in branches))
    return _lazy_switch(condition, branches)


def _lazy_switch(condition: Value, branches: tuple[Any, Any]) -> Any:
    """A choice by a scalar between functions: only the one that is needed will be computed."""

    def both() -> list[Any]:
        return [b() if callable(b) else b for b in branches]

    body = regions.trace("switch", both, (), keep_inside=True)
    middle = len(body.types) // 2
    types = [
        TensorType(a.dtype, merged(a.shape, b.shape))
        for a, b in zip(body.types[:middle], body.types[middle:], strict=True)
    ]
    outputs = regions.record_region("k.switch", {"condition": condition}, body, types)
    if isinstance(body.result[0], list):
        return outputs
    return outputs[0]
