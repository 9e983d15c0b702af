"""Element-wise functions of the backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from runtime.export.onnx.registry import writes_op
from runtime.export.onnx.writing import Call, Operand

_UNARY = {
    "abs": "Abs",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "log": "Log",
    "round": "Round",
    "sign": "Sign",
    "sin": "Sin",
    "cos": "Cos",
    "negative": "Neg",
    "logical_not": "Not",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "identity": "Identity",
    "stop_gradient": "Identity",
}
_BINARY = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "maximum": "Max",
    "minimum": "Min",
    "logical_and": "And",
    "logical_or": "Or",
    "logical_xor": "Xor",
    "equal": "Equal",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "less": "Less",
    "less_equal": "LessOrEqual",
}


def type_of(*values: Any) -> str:
    """The dtype of the first of the values that has one."""
    return next(v.type.dtype for v in values if isinstance(v, Operand))


def named(call: Call, value: Any, dtype: str) -> str:
    """The name of an operand, or of a constant of this dtype."""
    return value if isinstance(value, Operand) else call.builder.constant(value, dtype)


@writes_op(*(f"k.{name}" for name in _UNARY))
def write_unary(call: Call, **arguments: Any) -> str:
    (x,) = arguments.values()
    if not isinstance(x, str):
        call.fail("it is applied to several tensors", "Apply it to each.")
    return call.builder.pointwise(_UNARY[call.op[2:]], x)


@writes_op(*(f"k.{name}" for name in _BINARY))
def write_binary(call: Call, x: Any, y: Any) -> str:
    dtype = type_of(x, y)
    operands = named(call, x, dtype), named(call, y, dtype)
    return call.builder.pointwise(_BINARY[call.op[2:]], *operands)


@writes_op("k.not_equal")
def write_not_equal(call: Call, x: Any, y: Any) -> str:
    dtype = type_of(x, y)
    equal = call.builder.pointwise("Equal", named(call, x, dtype), named(call, y, dtype))
    return call.builder.pointwise("Not", equal)


@writes_op("k.divide")
def write_divide(call: Call, x: Any, y: Any) -> str:
    b, dtype = call.builder, type_of(x, y)
    operands = [named(call, v, dtype) for v in (x, y)]
    if dtype != call.dtype:
        operands = [b.cast(v, call.dtype) for v in operands]
    return b.pointwise("Div", *operands)


@writes_op("k.floordiv", "k.mod")
def write_floor(call: Call, x: Any, y: Any) -> str:
    b, dtype = call.builder, type_of(x, y)
    x, y = named(call, x, dtype), named(call, y, dtype)
    if not np.issubdtype(np.dtype(dtype), np.floating):
        # ONNX rounds quotients of integers towards zero, Python downwards.
        exact = b.op("Div", b.cast(x, "float64"), b.cast(y, "float64"))
        quotient = b.cast(b.op("Floor", exact), dtype)
    else:
        quotient = b.op("Floor", b.op("Div", x, y))
    if call.op == "k.floordiv":
        return quotient
    return b.op("Sub", x, b.op("Mul", quotient, y))


@writes_op("k.pow")
def write_pow(call: Call, x: Any, a: Any) -> str:
    dtype = type_of(x, a)
    return call.builder.pointwise("Pow", named(call, x, dtype), named(call, a, dtype))


@writes_op("k.square")
def write_square(call: Call, x: Operand) -> str:
    return call.builder.pointwise("Mul", x, x)


@writes_op("k.clip")
def write_clip(call: Call, x: Operand, min_value: Any, max_value: Any) -> str:
    b, dtype = call.builder, x.type.dtype
    if min_value is not None:
        x = b.pointwise("Max", x, named(call, min_value, dtype))  # type: ignore[assignment]
    if max_value is not None:
        x = b.pointwise("Min", x, named(call, max_value, dtype))  # type: ignore[assignment]
    return x


@writes_op("k.cast")
def write_cast(call: Call, x: Operand, dtype: str) -> str:
    return call.builder.cast(x, dtype)


@writes_op("k.hard_sigmoid")
def write_hard_sigmoid(call: Call, x: Operand) -> str:
    return call.builder.pointwise("HardSigmoid", x, alpha=0.2, beta=0.5)


@writes_op("k.elu")
def write_elu(call: Call, x: Operand, alpha: Any = 1.0) -> str:
    if isinstance(alpha, Operand):
        call.fail("its alpha is a tensor", "Make it a number.")
    return call.builder.pointwise("Elu", x, alpha=float(alpha))


@writes_op("k.softmax")
def write_softmax(call: Call, x: Operand, axis: int = -1) -> str:
    return call.builder.op("Softmax", x, axis=axis)


@writes_op("k.relu")
def write_relu(
    call: Call, x: Operand, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0.0
) -> str:
    b, dtype = call.builder, x.type.dtype
    if any(isinstance(v, Operand) for v in (alpha, max_value, threshold)):
        call.fail("its alpha, max_value or threshold is a tensor", "Make it a number.")
    if threshold == 0 and max_value is None:
        if alpha == 0:
            return b.pointwise("Relu", x)
        return b.pointwise("LeakyRelu", x, alpha=float(alpha))
    zero, level = b.constant(0, dtype), b.constant(threshold, dtype)
    y = b.pointwise("Where", b.pointwise("Greater", x, level), x, zero)
    if max_value is not None:
        y = b.pointwise("Min", y, b.constant(max_value, dtype))
    if alpha != 0:
        below = b.pointwise("Min", b.pointwise("Sub", x, level), zero)
        y = b.pointwise("Add", y, b.pointwise("Mul", below, b.constant(alpha, dtype)))
    return y


@writes_op("k.zeros_like", "k.ones_like")
def write_like(call: Call, x: Operand, dtype: str | None = None) -> str:
    b = call.builder
    value = b.constant(0 if call.op == "k.zeros_like" else 1, call.dtype)
    return b.op("Expand", value, b.op("Shape", x))


@writes_op("k.constant")
def write_constant(call: Call, value: Any, dtype: Any = None, shape: Any = None) -> str:
    array = np.asarray(value, call.dtype)
    return call.builder.constant(array if shape is None else np.broadcast_to(array, shape))


@writes_op("k.choose")
def write_choose(call: Call, condition: Operand, then_expression: Any, else_expression: Any) -> str:
    b, dtype = call.builder, type_of(then_expression, else_expression)
    missing = (call.output.rank or 0) - (condition.type.rank or 0)
    if missing > 0 and condition.type.rank:
        # K.switch chooses whole samples where the condition has fewer axes.
        axes = range(condition.type.rank, condition.type.rank + missing)
        condition = b.unsqueeze(condition, list(axes))  # type: ignore[assignment]
    chosen = named(call, then_expression, dtype), named(call, else_expression, dtype)
    return b.op("Where", condition, *chosen)


@writes_op("k.learning_phase")
def write_learning_phase(call: Call) -> str:
    # The file holds inference.
    return call.builder.constant(np.zeros((), call.dtype))
