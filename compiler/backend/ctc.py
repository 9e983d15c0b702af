"""Connectionist temporal classification."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_tensor
from compiler.tensorflow import tf
from kir.settings import epsilon


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """The first `label_lengths[i]` labels of each row as a sparse tensor."""
    labels = as_tensor(labels)
    lengths = tf.reshape(tf.cast(label_lengths, tf.int64), [-1])
    sizes = tf.shape(labels, out_type=tf.int64)
    used = tf.range(sizes[1])[tf.newaxis, :] < lengths[:, tf.newaxis]
    indices = tf.where(used)
    return tf.SparseTensor(indices, tf.gather_nd(labels, indices), sizes)


def _log_probabilities(y_pred: Any) -> Any:
    """(batch, time, classes) -> (time, batch, classes)."""
    return tf.math.log(tf.transpose(y_pred, [1, 0, 2]) + epsilon())


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """One cost per sample, of shape (batch, 1)."""
    label_length = tf.cast(tf.squeeze(label_length, -1), tf.int32)
    input_length = tf.cast(tf.squeeze(input_length, -1), tf.int32)
    labels = ctc_label_dense_to_sparse(tf.cast(y_true, tf.int32), label_length)
    cost = tf.compat.v1.nn.ctc_loss(
        labels=labels, inputs=_log_probabilities(y_pred), sequence_length=input_length
    )
    return tf.expand_dims(cost, 1)


def ctc_decode_all(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> list[Any]:
    """The best label sequences, -1 where they have ended, then their log probabilities."""
    inputs = _log_probabilities(as_tensor(y_pred))
    lengths = tf.cast(input_length, tf.int32)
    if greedy:
        paths, scores = tf.nn.ctc_greedy_decoder(inputs, lengths)
    else:
        paths, scores = tf.compat.v1.nn.ctc_beam_search_decoder(
            inputs,
            lengths,
            beam_width=beam_width,
            top_paths=top_paths,
            merge_repeated=merge_repeated,
        )
    return [*(tf.sparse.to_dense(p, default_value=-1) for p in paths), scores]


def ctc_decode(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> tuple[list[Any], Any]:
    *paths, scores = ctc_decode_all(
        y_pred, input_length, greedy, beam_width, top_paths, merge_repeated
    )
    return paths, scores
