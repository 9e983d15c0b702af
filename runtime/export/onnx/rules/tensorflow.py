"""Functions of TensorFlow that users apply to symbolic values, as the functions of `K` they are."""

from __future__ import annotations

from typing import Any

from runtime.export.onnx.registry import op_rule, writes_op
from runtime.export.onnx.writing import Call

# The function's last name, K's, and K's names of the arguments, in TensorFlow's order.
_UNARY = (
    *("abs", "exp", "log", "sqrt", "square", "sign", "sin", "cos", "negative", "round"),
    *("tanh", "sigmoid", "softplus", "softsign", "relu", "elu", "identity", "stop_gradient"),
    *("logical_not", "zeros_like", "ones_like", "shape"),
)
_BINARY = (
    *("add", "subtract", "multiply", "divide", "floordiv", "mod", "maximum", "minimum"),
    *("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"),
    *("logical_and", "logical_or", "logical_xor", "matmul"),
)
_REDUCTIONS = ("max", "min", "sum", "prod", "mean", "any", "all", "logsumexp")
_OTHERS: dict[str, tuple[str, dict[str, str]]] = {
    "truediv": ("divide", {"x": "x", "y": "y"}),
    "floormod": ("mod", {"x": "x", "y": "y"}),
    "pow": ("pow", {"x": "x", "y": "a"}),
    "softmax": ("softmax", {"logits": "x", "axis": "axis"}),
    "transpose": ("permute_dimensions", {"a": "x", "perm": "pattern"}),
    "concat": ("concatenate", {"values": "tensors", "axis": "axis"}),
    "stack": ("stack", {"values": "x", "axis": "axis"}),
    "reshape": ("reshape", {"tensor": "x", "shape": "shape"}),
    "expand_dims": ("expand_dims", {"input": "x", "axis": "axis"}),
    "squeeze": ("squeeze", {"input": "x", "axis": "axis"}),
    "cast": ("cast", {"x": "x", "dtype": "dtype"}),
    "gather": ("gather", {"params": "reference", "indices": "indices"}),
    "tile": ("tile", {"input": "x", "multiples": "n"}),
    "one_hot": ("one_hot", {"indices": "indices", "depth": "num_classes"}),
    "reverse": ("reverse", {"tensor": "x", "axis": "axes"}),
    "clip_by_value": (
        "clip",
        {"t": "x", "clip_value_min": "min_value", "clip_value_max": "max_value"},
    ),
    "where": (
        "choose",
        {"condition": "condition", "x": "then_expression", "y": "else_expression"},
    ),
}
_PLACES = ("", "math.", "nn.", "linalg.", "compat.v1.", "compat.v1.math.", "compat.v1.nn.")

_FUNCTIONS: dict[str, tuple[str, dict[str, str]]] = {
    **{name: (name, dict.fromkeys(("x", "features", "input", "tensor"), "x")) for name in _UNARY},
    **{name: (name, {"x": "x", "y": "y", "a": "x", "b": "y"}) for name in _BINARY},
    **{
        f"reduce_{name}": (name, {"input_tensor": "x", "axis": "axis", "keepdims": "keepdims"})
        for name in _REDUCTIONS
    },
    **_OTHERS,
}


@writes_op(*(f"tf.{place}{name}" for name in _FUNCTIONS for place in _PLACES))
def write_tensorflow(call: Call, **arguments: Any) -> Any:
    """The function of `K` of the same meaning, if the arguments are those that it has."""
    name, names = _FUNCTIONS[call.op.rpartition(".")[2]]
    given = {}
    for key, value in arguments.items():
        if key in names:
            given[names[key]] = value
        elif value not in (None, False):
            call.fail(f"it has the argument {key}={value!r}", "Use a function of K instead.")
    if name == "permute_dimensions" and given.get("pattern") is None:
        given["pattern"] = range(call.types[0].rank or 0)[::-1]
    rule = op_rule(f"k.{name}")
    assert rule is not None
    call.op = f"k.{name}"
    return rule(call, **{k: v for k, v in given.items() if v is not None})
