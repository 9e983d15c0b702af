"""What a layer says of its inputs: rank, sizes, dtype."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kir.errors import ShapeError
from kir.ir.types import Shape

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
        layout: what the axes are, such as ``(batch, height, width, channels)``; for messages.
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        layout: str | None = None,
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(axes or {})
        self.layout = layout

    def __repr__(self) -> str:
        found = {k: v for k, v in vars(self).items() if k != "layout"}
        parts = [f"{k}={v}" for k, v in found.items() if v not in (None, {})]
        return f"InputSpec({', '.join(parts)})"

    def problem(self, tensor: Tensor) -> str | None:
        """What is expected where `tensor` does not fit; None where it does."""
        shape = tensor._keras_shape
        if shape is None:
            return None
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return expected_rank(self.ndim, self.layout, shape)
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

    def words_of_keras(self, tensor: Tensor) -> str:
        """The same in the words that programs of the time look for."""
        shape = tuple(tensor._keras_shape or ())
        rank, dtype = len(shape), tensor.type.dtype
        if self.ndim is not None and rank != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={rank}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={rank}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={dtype}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                found = f"value {size} but got shape {shape}"
                return f"expected axis {axis} of input shape to have {found}"
        return f"expected shape={self.shape}, found shape={shape}"


class ModelInputSpec(InputSpec):
    """What a model's input has to be when the model is called.

    Keras 2.2.4 left the rank to the layers inside, which take another one as often as not: Dense
    and Reshape do. A last axis of another size would only fail when the model runs.
    """

    def problem(self, tensor: Tensor) -> str | None:
        """What is expected where `tensor` does not fit; None where it does."""
        shape = tensor._keras_shape
        if shape is not None and self.shape is not None and 1 < len(shape) != self.ndim:
            size = self.shape[-1]
            if size is not None and size == shape[-1]:
                return None
        return super().problem(tensor)


def expected_rank(ndim: int, layout: str | None, shape: Shape) -> str:
    """The rank that is expected, what its axes are, and how an input of `shape` gets there."""
    if layout is None:
        return f"rank {ndim}{_remedy(ndim, shape)}"
    text = f"rank {ndim}, {layout}"
    if len(shape) == ndim - 1 and None not in shape[1:] and "channels" in layout:
        first = layout.startswith("(batch, channels")
        sizes = (1, *shape[1:]) if first else (*shape[1:], 1)
        return f"{text}. Add a channels axis, e.g. Reshape({sizes})"
    return f"{text}. Change the input's shape, or put a Reshape layer before"


def _remedy(ndim: int, shape: Shape) -> str:
    """How an input of another rank gets to `ndim` axes; empty where nothing is plain."""
    sizes = shape[1:]
    if len(shape) > ndim == 2:
        return ". Put Flatten() or a global pooling layer before it"
    known = [int(size) for size in sizes if size is not None]
    if len(shape) > ndim == 3 and len(known) == len(sizes):
        return f". Put e.g. Reshape({(math.prod(known[:-1]), known[-1])}) before it"
    if len(shape) == 2 and ndim == 3:
        return (
            ". Give a recurrent layer before it return_sequences=True, or put a Reshape layer "
            "between them"
        )
    return ""


def check_input_compatibility(layer: Layer, inputs: Sequence[Tensor]) -> None:
    """Raises ShapeError, naming layer and input, where an input does not fit its spec."""
    spec = layer.input_spec
    if not spec:
        return
    specs = spec if isinstance(spec, list | tuple) else [spec]
    label = f"{type(layer).__name__} {layer.name!r}"
    if len(specs) != len(inputs):
        raise ShapeError(
            f"{label} expects {len(specs)} inputs, but it received {len(inputs)} input tensors. "
            f"Input received: {inputs}."
        )
    for i, (tensor, one) in enumerate(zip(inputs, specs, strict=True)):
        expected = one.problem(tensor) if one is not None else None
        if one is not None and expected is not None:
            text = describe_mismatch(label, i, tensor, expected)
            words = one.words_of_keras(tensor)
            raise ShapeError(f"{text} (Input {i} is incompatible with layer {layer.name}: {words})")


def describe_mismatch(label: str, index: int, tensor: Tensor, expected: str) -> str:
    """What was given and what is expected, with the layer and the input named."""
    source = f" from {tensor.name!r}" if tensor.name else ""
    return f"{label} (input {index}{source}): input is {tensor.type}; expected {expected}."
