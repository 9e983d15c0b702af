"""Products of tensors, transposition and look-up."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_pair, as_tensor
from compiler.tensorflow import tf
from kir.errors import ConfigError, ShapeError


def dot(x: Any, y: Any) -> Any:
    """Contracts the last axis of `x` with the last but one of `y`."""
    if isinstance(x, tf.SparseTensor):
        return tf.sparse.sparse_dense_matmul(x, as_tensor(y))
    x, y = as_pair(x, y)
    if x.shape.rank == 2 and y.shape.rank == 2:
        return tf.matmul(x, y)
    if x.shape.rank is None or y.shape.rank is None:
        return tf.matmul(x, y)
    return tf.tensordot(x, y, [[x.shape.rank - 1], [max(y.shape.rank - 2, 0)]])


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Product of each sample of `x` with the same sample of `y`; at least of rank 2.

    Keras 2.2: operands of unlike rank are brought to one rank by trailing axes of size 1, and
    `axes` only chooses between the operand and its transpose.
    """
    x, y = as_pair(x, y)
    ranks = x.shape.rank, y.shape.rank
    if ranks[0] is None or ranks[1] is None or ranks[0] < 2 or ranks[1] < 2:
        raise ShapeError(
            f"K.batch_dot: the operands have the shapes {x.shape} and {y.shape}; "
            "expected rank 2 or more for both, the first axis being the batch."
        )
    if isinstance(axes, int):
        axes = (axes, axes)
    if axes is None:
        axes = (ranks[0] - 1, ranks[1] - 2)
    if not all(isinstance(a, int) for a in axes):
        raise ConfigError(
            f"K.batch_dot: multiple target dimensions are not supported: axes={axes!r}; "
            "expected None, an int, or a pair of ints."
        )
    difference = ranks[0] - ranks[1]
    if difference > 0:
        y = tf.reshape(y, tf.concat([tf.shape(y), [1] * difference], 0))
    elif difference < 0:
        x = tf.reshape(x, tf.concat([tf.shape(x), [1] * -difference], 0))
    rank = max(*ranks)
    if rank == 2:
        if axes[0] == axes[1]:
            out = tf.reduce_sum(x * y, axes[0])
        else:
            out = tf.reduce_sum(tf.transpose(x) * y, axes[1])
    else:
        out = tf.matmul(x, y, adjoint_a=axes[0] != rank - 1, adjoint_b=axes[1] == rank - 1)
    if difference:
        first = ranks[0] + ranks[1] - 3 if difference > 0 else ranks[0] - 1
        out = tf.squeeze(out, list(range(first, first + abs(difference))))
    return tf.expand_dims(out, 1) if out.shape.rank == 1 else out


def transpose(x: Any) -> Any:
    return tf.transpose(x)


def gather(reference: Any, indices: Any) -> Any:
    return tf.gather(reference, indices)
