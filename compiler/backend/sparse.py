"""Sparse tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.tensorflow import tf


def is_sparse(tensor: Any) -> bool:
    return isinstance(tensor, tf.SparseTensor)


def to_dense(tensor: Any) -> Any:
    return tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor


def sparse_constant(indices: Any, values: Any, dense_shape: Any) -> Any:
    """A sparse tensor from its three arrays; the indices in any order."""
    made = tf.SparseTensor(
        np.asarray(indices, np.int64).reshape(-1, len(dense_shape)), values, dense_shape
    )
    return tf.sparse.reorder(made)


def sparse_part(x: Any, part: str) -> Any:
    """The 'indices', 'values' or 'dense_shape' of a sparse tensor."""
    return getattr(x, part)
