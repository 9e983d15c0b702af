"""Embedding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.engine.fields import (
    constraint_field,
    field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.lowered_call import LoweredCall
from kir.errors import ShapeError
from kir.ir.types import TensorType


class Embedding(Layer):
    """Looks whole numbers up in a table of vectors.

    Args:
        input_dim: number of rows of the table: the largest index plus 1.
        output_dim: length of a vector.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: as in Dense.
        activity_regularizer: loss on the result.
        mask_zero: whether index 0 means "absent": the result then carries a mask.
        input_length: number of indices in a sample; needed before Flatten.

    Shape:
        (batch, length) of whole numbers -> (batch, length, output_dim).

    Weights:
        embeddings (input_dim, output_dim).

    Reference:
        https://keras.io/layers/embeddings (Keras 2.2.4).
    """

    input_dim: int = int_field(minimum=1)
    output_dim: int = int_field(minimum=1)
    embeddings_initializer: Any = initializer_field("uniform")
    embeddings_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    embeddings_constraint: Any = constraint_field()
    mask_zero: bool = field(False)
    input_length: Any = field(None)

    call = LoweredCall("inputs")

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        if "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
            # Keras 2.2: a tuple of lengths stands as one entry.
            kwargs["input_shape"] = (given["input_length"],)

    def _after_init(self) -> None:
        self.supports_masking = self.mask_zero

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        yield self.parameter("embeddings", (self.input_dim, self.output_dim))

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        shape: Any = x.shape
        if self.input_length is not None:
            shape = (shape[0], *self._lengths(x))
        return TensorType(K.floatx(), (*shape, self.output_dim))

    def _lengths(self, x: TensorType) -> tuple[int | None, ...]:
        declared = self.input_length
        lengths = tuple(declared) if isinstance(declared, list | tuple) else (declared,)
        sizes = (x.shape or ())[1:]
        if len(lengths) != len(sizes) or any(
            a is not None and b is not None and a != b for a, b in zip(lengths, sizes, strict=True)
        ):
            raise ShapeError(
                f'Embedding {self.name!r}: "input_length" is {declared}, but received input has '
                f"shape {x.shape}. Change input_length, or leave it out."
            )
        return tuple(b if a is None else a for a, b in zip(lengths, sizes, strict=True))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return K.not_equal(inputs, 0) if self.mask_zero else None
