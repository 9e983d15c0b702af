"""`tf.summary` of symbolic values: a run gives the bytes that a FileWriter takes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from compiler.dispatch import record_call
from compiler.tensorflow import tf
from compiler.tensorflow_1.graphs import FileWriter
from kir.engine.names import current_scope
from kir.settings import on_clear_session

# What `merge_all` merges, in order of creation.
_ALL: list[Any] = []
on_clear_session(_ALL.clear)


def scalar(tag: str, tensor: Any, family: str | None = None) -> Any:
    """`tf.summary.scalar`: a number."""
    return tf.raw_ops.ScalarSummary(tags=tag, values=tensor)


def histogram(tag: str, values: Any, family: str | None = None) -> Any:
    """`tf.summary.histogram`: how values are distributed."""
    return tf.raw_ops.HistogramSummary(tag=tag, values=values)


def image(tag: str, tensor: Any, max_outputs: int = 3, family: str | None = None) -> Any:
    """`tf.summary.image`: pictures, (batch, height, width, channels)."""
    return tf.raw_ops.ImageSummary(tag=tag, tensor=tensor, max_images=max_outputs)


def audio(
    tag: str, tensor: Any, sample_rate: float, max_outputs: int = 3, family: str | None = None
) -> Any:
    """`tf.summary.audio`: sounds, (batch, frames, channels)."""
    return tf.raw_ops.AudioSummaryV2(
        tag=tag, tensor=tensor, sample_rate=sample_rate, max_outputs=max_outputs
    )


def _entered(write: Callable[..., Any]) -> Callable[..., Any]:
    """Records a summary under its name and the scopes around it, for `merge_all` too."""

    @functools.wraps(write)
    def summary(name: str, *args: Any, collections: Any = None, **kwargs: Any) -> Any:
        scope = f"{current_scope()}/".lstrip("/")
        tag = scope + re.sub(r"[^-/\w.]", "_", name).lstrip("/")

        def made(*tensors: Any, **options: Any) -> Any:
            return write(tag, *tensors, **options)

        _ALL.append(record_call(made, "", args, kwargs))
        return _ALL[-1]

    return summary


def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Any:
    """`tf.summary.merge`: one summary of several."""
    return record_call(_merged, "", (list(inputs),), {})


def _merged(inputs: Any) -> Any:
    return tf.raw_ops.MergeSummary(inputs=inputs)


def merge_all(*_: Any, **__: Any) -> Any:
    """`tf.summary.merge_all`: of all that were made; None if there is none."""
    return merge(_ALL) if _ALL else None


NAMES = {
    **{write.__name__: _entered(write) for write in (audio, histogram, image, scalar)},
    "FileWriter": FileWriter,
    "merge": merge,
    "merge_all": merge_all,
}
