"""Connectionist temporal classification (Graves et al., 2006)."""

from __future__ import annotations

from typing import Any

from kir.backend.recording import op
from kir.backend.type_rules import known, sizes_of
from kir.ir.types import TensorType


def _label_type(labels: Any, label_lengths: Any) -> TensorType | None:
    types = known(labels)
    return types and TensorType(types[0].dtype, types[0].shape, sparse=True)  # type: ignore[return-value]


@op(_label_type)
def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """Makes a sparse tensor of labels.

    Args:
        labels: (batch, longest) label indices.
        label_lengths: how many labels of each row count.

    Shape:
        labels: (batch, longest), label_lengths: (batch,) -> sparse (batch, longest); dtype: same as
        `labels`.
    """


def _cost_type(y_true: Any, y_pred: Any, **_: Any) -> TensorType | None:
    types = known(y_true, y_pred)
    if types is None:
        return None
    batches = [sizes_of(t)[0] for t in types]
    return types[1].with_shape((batches[0] if batches[1] is None else batches[1], 1))


@op(_cost_type)
def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """The loss of connectionist temporal classification, of each sample.

    Args:
        y_true: (samples, longest label) label indices.
        y_pred: (samples, time, classes) probabilities; the last class is the blank.
        input_length: (samples, 1) steps of each prediction.
        label_length: (samples, 1) labels of each row.

    Shape:
        -> (samples, 1); dtype: same as `y_pred`.

    Reference:
        Graves et al., Connectionist Temporal Classification, 2006.
    """


def _decoded_types(
    y_pred: Any, input_length: Any, greedy: bool, beam_width: int, top_paths: int, **_: Any
) -> list[TensorType] | None:
    types = known(y_pred)
    if types is None:
        return None
    batch, paths = sizes_of(types[0])[0], 1 if greedy else top_paths
    path = TensorType("int64", (batch, None))
    return [path] * paths + [types[0].with_shape((batch, paths))]


@op(_decoded_types)
def ctc_decode_all(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> Any:
    """`ctc_decode` with its results in one flat list."""


def ctc_decode(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> Any:
    """Finds the most probable label sequences.

    Args:
        y_pred: (samples, time, classes) probabilities; the last class is the blank.
        input_length: (samples,) steps of each prediction.
        greedy: whether to take the best class of each step instead of a beam search.
        beam_width: how many beams the search keeps.
        top_paths: how many of the best paths to return.
        merge_repeated: Keras 2.2: labels that follow each other are merged once more after a beam
            search. Later versions could leave that out.

    Returns:
        A list of dense label tensors, -1 after a label's end, and the log probabilities.

    Shape:
        y_pred: (samples, time, classes) -> `top_paths` times (samples, longest path) of int64, and
        (samples, top_paths).
    """
    *paths, scores = ctc_decode_all(
        y_pred, input_length, greedy, beam_width, top_paths, merge_repeated
    )
    return paths, scores
