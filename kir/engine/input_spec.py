"""What a layer says of its inputs: rank, sizes, dtype."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kir.errors import ShapeError

if TYPE_CHECKING:
    from kir.engine.base_layer import Layer
    from kir.engine.tensor import Tensor


class InputSpec:
    """Rank, shape and dtype that an input of a layer must have; None allows anything.

    Args:
        dtype: expected dtype name.
        shape: expected shape, with None for any size.
        ndim: exact number of axes.
        max_ndim, min_ndim: bounds for the number of axes.
        axes: sizes of single axes, by axis number.
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(axes or {})

    def __repr__(self) -> str:
        parts = [f"{k}={v}" for k, v in vars(self).items() if v not in (None, {})]
        return f"InputSpec({', '.join(parts)})"

    def problem(self, tensor: Tensor) -> str | None:
        """What is expected where `tensor` does not fit; None where it does."""
        shape = tensor._keras_shape
        if shape is None:
            return None
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"rank {self.ndim}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"rank {self.max_ndim} at most"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"rank {self.min_ndim} at least"
        if self.dtype is not None and tensor.type.dtype != self.dtype:
            return f"dtype {self.dtype}"
        wanted = dict(enumerate(self.shape)) if self.shape is not None else {}
        wanted.update(self.axes)
        for axis, size in wanted.items():
            if size is not None and shape[axis] not in (size, None):
                return f"size {size} on axis {axis}"
        return None


def check_input_compatibility(layer: Layer, inputs: Sequence[Tensor]) -> None:
    """Raises ShapeError, naming layer and input, where an input does not fit its spec."""
    spec = layer.input_spec
    if not spec:
        return
    specs = spec if isinstance(spec, list | tuple) else [spec]
    label = f"{type(layer).__name__} {layer.name!r}"
    if len(specs) != len(inputs):
        raise ShapeError(f"{label} takes {len(specs)} inputs; got {len(inputs)}: {inputs}.")
    for i, (tensor, one) in enumerate(zip(inputs, specs, strict=True)):
        expected = one.problem(tensor) if one is not None else None
        if expected is not None:
            raise ShapeError(describe_mismatch(label, i, tensor, expected))


def describe_mismatch(label: str, index: int, tensor: Tensor, expected: str) -> str:
    """What was given and what is expected, with the layer and the input named."""
    source = f" from {tensor.name!r}" if tensor.name else ""
    return f"{label} (input {index}{source}): input is {tensor.type}; expected {expected}."
