"""Embedding."""

from __future__ import annotations

from typing import Any

from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir.layers.embeddings import Embedding


@lowers(Embedding)
def lower_embedding(op: Embedding, call: Call, x: Any) -> Any:
    indices = x if x.dtype == tf.int32 else tf.cast(x, tf.int32)
    return tf.gather(call.weights.embeddings, indices)
