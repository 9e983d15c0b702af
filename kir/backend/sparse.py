"""Sparse tensors."""

from __future__ import annotations

from typing import Any

from kir.backend.recording import op
from kir.ir.types import TensorType


def is_sparse(tensor: Any) -> bool:
    """Whether `tensor` is sparse.

    Args:
        tensor: anything.
    """
    kind = getattr(tensor, "type", None)
    if isinstance(kind, TensorType):
        return kind.sparse
    return type(tensor).__name__ == "SparseTensor"


def _dense_type(tensor: Any) -> TensorType | None:
    return TensorType(tensor.dtype, tensor.shape) if isinstance(tensor, TensorType) else None


@op(_dense_type)
def to_dense(tensor: Any) -> Any:
    """Returns `tensor`, made dense if it is sparse.

    Args:
        tensor: a tensor, sparse or dense.

    Shape:
        any shape -> the same; dtype: same as `tensor`.
    """


def _part_type(x: Any, part: str) -> TensorType:
    return {
        "indices": TensorType("int64", (None, x.rank)),
        "values": TensorType(x.dtype, (None,)),
        "dense_shape": TensorType("int64", (x.rank,)),
    }[part]


@op(_part_type)
def sparse_part(x: Any, part: str) -> Any:
    """The 'indices', 'values' or 'dense_shape' of a sparse tensor."""


def _constant_type(indices: Any, values: Any, dense_shape: Any) -> TensorType:
    return TensorType(values.dtype.name, tuple(dense_shape), sparse=True)


@op(_constant_type, symbolic=True)
def sparse_constant(indices: Any, values: Any, dense_shape: Any) -> Any:
    """A sparse tensor from its three arrays."""
