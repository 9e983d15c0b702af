"""Event files, by TensorFlow's own writer."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from compiler.tensorflow import tf
from kir.errors import ConfigError, DTypeError

# TensorFlow names a file by the second, and would overwrite that of a run in the same second.
_FILE_NUMBERS = itertools.count()

CONCEPTUAL_TAG = "keras"
CONCEPTUAL_PLUGIN = "graph_keras_model"


def open_writer(log_dir: str | os.PathLike[str]) -> Any:
    """A `FileWriter` on a new event file in `log_dir`.

    Raises:
        ConfigError: the folder cannot be made or written to.
    """
    try:
        tf.io.gfile.makedirs(os.fspath(log_dir))
    except tf.errors.OpError as error:
        raise ConfigError(
            f"TensorBoard: cannot make the folder log_dir={os.fspath(log_dir)!r}: "
            f"{error.message}. Give the name of a folder, none of a file."
        ) from None
    with tf.Graph().as_default():  # it refuses to be made in eager mode
        return tf.compat.v1.summary.FileWriter(
            os.fspath(log_dir), filename_suffix=f".{os.getpid()}.{next(_FILE_NUMBERS)}"
        )


def add_scalars(writer: Any, scalars: Mapping[str, Any], step: int) -> None:
    """Writes one number for each tag.

    Raises:
        DTypeError: a value is no number.
    """
    if not scalars:
        return
    summary = tf.compat.v1.Summary()
    for tag, value in scalars.items():
        summary.value.add(tag=tag, simple_value=_number(tag, value))
    writer.add_summary(summary, step)


def add_summaries(writer: Any, summaries: Iterable[Any], step: int) -> None:
    """Writes summaries, all in one event."""
    joined = tf.compat.v1.Summary()
    for summary in summaries:
        # Those of TensorBoard have classes of their own.
        joined.MergeFromString(summary.SerializeToString())
    if joined.value:
        writer.add_summary(joined, step)


def add_operation_graph(writer: Any, graph_def: Any) -> None:
    """Writes a graph of TensorFlow's operations: the run's graph."""
    _add_event(writer, graph_def=graph_def.SerializeToString())


def add_conceptual_graph(writer: Any, config: Mapping[str, Any]) -> None:
    """Writes a model's configuration as the run's conceptual graph."""
    summary = tf.compat.v1.Summary()
    value = summary.value.add(tag=CONCEPTUAL_TAG)
    value.metadata.plugin_data.plugin_name = CONCEPTUAL_PLUGIN
    value.metadata.plugin_data.content = b"1"
    value.tensor.CopyFrom(tf.make_tensor_proto(json.dumps(config), tf.string))
    writer.add_summary(summary, 0)


def _add_event(writer: Any, **content: Any) -> None:
    writer.add_event(tf.compat.v1.Event(wall_time=time.time(), **content))


def _number(tag: str, value: Any) -> float:
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise DTypeError(
            f"TensorBoard: the log {tag!r} is {value!r}; expected one number. Remove it from the "
            "logs, or place the callback that adds it after TensorBoard."
        )
    return float(array.item())
