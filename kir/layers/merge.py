"""Layers that join several tensors, and the functions of the same names."""

from __future__ import annotations

from typing import Any, ClassVar

from kir import backend as K
from kir.engine.base_layer import Layer, LoweredCall
from kir.engine.fields import int_field
from kir.errors import ConfigError, ShapeError
from kir.ir.types import Shape, TensorType


def broadcast_shapes(layer: Layer, a: Shape, b: Shape) -> Shape:
    """The shape of an element-wise combination of samples; the batch axis is left out.

    Raises:
        ShapeError: two sizes differ and neither is 1.
    """
    if len(a) < len(b):
        a, b = b, a
    head = a[: len(a) - len(b)]
    joined: list[int | None] = list(head)
    for i, j in zip(a[len(head) :], b, strict=True):
        if i is None or j is None:
            joined.append(None)
        elif i == 1:
            joined.append(j)
        elif j == 1 or i == j:
            joined.append(i)
        else:
            raise ShapeError(
                f"{type(layer).__name__} {layer.name!r}: samples of shapes {a} and {b} cannot be "
                "combined; expected equal sizes, or 1 where they differ."
            )
    return tuple(joined)


class _Merge(Layer):
    """What element-wise merges have in common."""

    _fields: ClassVar[dict[str, Any]] = {}
    supports_masking = True

    def infer(self, *inputs: TensorType) -> TensorType:
        self._check_count(inputs)
        batches = {x.shape[0] for x in inputs} - {None}  # type: ignore[index]
        if len(batches) > 1:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r}: inputs are "
                f"{', '.join(map(str, inputs))}; expected one batch size."
            )
        shape: Shape = (inputs[0].shape or ())[1:]
        for x in inputs[1:]:
            shape = broadcast_shapes(self, shape, (x.shape or ())[1:])
        batch = batches.pop() if batches else None
        return inputs[0].with_shape((batch, *shape))

    def _check_count(self, inputs: tuple[TensorType, ...]) -> None:
        if len(inputs) < 2:
            raise ConfigError(
                f"{type(self).__name__} {self.name!r} got {len(inputs)} input; expected a list "
                "of at least 2 tensors."
            )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        check_mask_list(self, inputs, mask)
        if mask is None or all(m is None for m in mask):
            return None
        present = [K.expand_dims(m, 0) for m in mask if m is not None]
        return K.all(K.concatenate(present, axis=0), axis=0, keepdims=False)


def check_mask_list(layer: Layer, inputs: Any, mask: Any) -> None:
    """Masks and inputs of a merge are lists of one length; raises ConfigError otherwise."""
    if mask is None:
        return
    if not isinstance(mask, list):
        raise ConfigError(f"{layer._label()}: `mask` should be a list; got {mask!r}.")
    if not isinstance(inputs, list):
        raise ConfigError(f"{layer._label()}: `inputs` should be a list; got {inputs!r}.")
    if len(mask) != len(inputs):
        raise ConfigError(f"{layer._label()}: got {len(inputs)} inputs and {len(mask)} masks.")


class Add(_Merge):
    """The sum of several tensors of one shape (or shapes that broadcast).

    Shape:
        list of (batch, ...) -> (batch, ...).
    """

    call = LoweredCall("inputs")


class Concatenate(Layer):
    """Joins tensors along one axis.

    Args:
        axis: the axis along which sizes add up; negative counts from the end.

    Shape:
        list of tensors equal on every other axis -> the same with the sizes of `axis` added.
    """

    axis: int = int_field(-1)

    supports_masking = True
    call = LoweredCall("inputs")

    def infer(self, *inputs: TensorType) -> TensorType:
        if len(inputs) < 2:
            raise ConfigError(
                f"Concatenate {self.name!r} got {len(inputs)} input; expected a list of at least "
                "2 tensors."
            )
        first: Any = inputs[0].shape
        rank = len(first)
        if not -rank <= self.axis < rank or any(x.rank != rank for x in inputs):
            raise ShapeError(self._mismatch(inputs))
        axis = self.axis % rank
        merged = list(first)
        for x in inputs[1:]:
            shape: Any = x.shape
            for i in range(rank):
                if i == axis:
                    known = merged[i] is not None and shape[i] is not None
                    merged[i] = merged[i] + shape[i] if known else None
                elif merged[i] is None:
                    merged[i] = shape[i]
                elif shape[i] is not None and shape[i] != merged[i]:
                    raise ShapeError(self._mismatch(inputs))
        return inputs[0].with_shape(merged)

    def _mismatch(self, inputs: tuple[TensorType, ...]) -> str:
        return (
            f"Concatenate {self.name!r}: inputs are {', '.join(map(str, inputs))}; expected equal "
            f"ranks and equal sizes on every axis but axis {self.axis}."
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        check_mask_list(self, inputs, mask)
        if mask is None or all(m is None for m in mask):
            return None
        masks = []
        for x, m in zip(inputs, mask, strict=True):
            if m is None:
                masks.append(K.cast(K.ones_like(x), "bool"))
            elif K.ndim(m) < K.ndim(x):
                # A mask says nothing of the features: it counts for each of them.
                masks.append(K.expand_dims(m))
            else:
                masks.append(m)
        joined = K.concatenate(masks, axis=self.axis)
        return K.all(joined, axis=-1, keepdims=False)


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of a list of tensors; keyword arguments as for a layer."""
    return Add(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """A list of tensors joined along `axis`; keyword arguments as for a layer."""
    return Concatenate(axis=axis, **kwargs)(inputs)
