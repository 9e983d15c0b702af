"""Sizes that a program computes with `K.shape` though they are known while it is built."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from kir.engine.tensor import Tensor
from kir.ir.graph import Node, Ref

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "k.add": operator.add,
    "k.subtract": operator.sub,
    "k.multiply": operator.mul,
    "k.floordiv": operator.floordiv,
}


def static_size(value: Any) -> int | None:
    """The number that a scalar made of parts of shapes will have, if it is known."""
    if isinstance(value, bool) or not isinstance(value, int | Tensor):
        return None
    if isinstance(value, int):
        return value
    node = value.producer
    if node is None:
        return None
    if node.op == "k.getitem":
        sizes = static_shape(node.inputs[0])
        key = node.attributes["key"]
        if sizes is None or len(key) != 1 or not isinstance(key[0], int):
            return None
        return sizes[key[0]]
    if node.op in _ARITHMETIC:
        first, second = (static_size(_argument(node, name)) for name in ("x", "y"))
        if first is not None and second not in (None, 0):
            return _ARITHMETIC[node.op](first, second)  # type: ignore[arg-type]
    return None


def static_shape(value: Any) -> tuple[int | None, ...] | None:
    """What is known of the value of `K.shape(x)`."""
    if isinstance(value, Tensor) and value.producer is not None and value.producer.op == "k.shape":
        return value.producer.inputs[0].type.shape
    return None


def fold_shape(shape: Any) -> Any:
    """A shape argument with plain ints in the place of tensors wherever the size is known."""
    sizes = static_shape(shape)
    if sizes is not None:
        return [shape[i] if n is None else n for i, n in enumerate(sizes)]
    if not isinstance(shape, list | tuple):
        return shape
    folded = [n if (size := static_size(n)) is None else size for n in shape]
    return tuple(folded) if type(shape) is not list else folded


def _argument(node: Node, name: str) -> Any:
    value = node.attributes[name]
    return node.inputs[value.index] if isinstance(value, Ref) else value
