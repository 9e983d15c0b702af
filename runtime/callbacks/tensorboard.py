"""Writes the logs as TensorBoard event files."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from kir.errors import ConfigError, DTypeError
from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.batch_logs import BatchLogs

# TensorFlow names a file by the second, and would overwrite that of a run in the same second.
_FILE_NUMBERS = itertools.count()


class TensorBoard(Callback):
    """Writes scalars, and the model's graph, for TensorBoard.

    One run folder holds everything: tags are the names in the logs (``loss``, ``acc``,
    ``val_loss``), steps are epochs, or samples seen if `update_freq` is not ``"epoch"``.

    Args:
        log_dir: folder of the event files.
        histogram_freq: number of epochs between two histograms; only 0, none, for now.
        batch_size: size of the batches that histograms of activations are computed in.
        write_graph: whether to write the graph.
        write_grads: whether to add histograms of gradients, with `histogram_freq`.
        write_images: whether to show weights as images, with `histogram_freq`.
        embeddings_freq: number of epochs between two savings of embeddings; only 0 for now.
        embeddings_layer_names: names of the layers to watch, with `embeddings_freq`.
        embeddings_metadata: files with metadata of the embeddings, with `embeddings_freq`.
        embeddings_data: data to embed, with `embeddings_freq`.
        update_freq: ``"epoch"``, ``"batch"``, or a number of samples after which the logs of a
            batch are written; with the latter two epochs are still written as well.

    Attributes:
        writer: TensorFlow's writer of the event file, during training.

    Raises:
        ConfigError: if an argument is not allowed.
    """

    writer: Any

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "./logs",
        histogram_freq: int = 0,
        batch_size: int = 32,
        write_graph: bool = True,
        write_grads: bool = False,
        write_images: bool = False,
        embeddings_freq: int = 0,
        embeddings_layer_names: list[str] | None = None,
        embeddings_metadata: str | Mapping[str, str] | None = None,
        embeddings_data: Any = None,
        update_freq: int | str = "epoch",
    ) -> None:
        super().__init__()
        for name, freq in (
            ("histogram_freq", histogram_freq),
            ("embeddings_freq", embeddings_freq),
        ):
            if freq:
                raise ConfigError(
                    f"TensorBoard: {name}={freq!r} is not supported; this callback writes scalars "
                    f"and the graph. Leave {name} at 0."
                )
        samples = 1 if update_freq == "batch" else update_freq
        if samples != "epoch" and not (isinstance(samples, int) and samples > 0):
            raise ConfigError(
                f"TensorBoard: update_freq={update_freq!r}; expected 'epoch', 'batch' or a "
                "positive number of samples."
            )
        self.log_dir = log_dir
        self.histogram_freq = histogram_freq
        self.batch_size = batch_size
        self.write_graph = write_graph
        self.write_grads = write_grads
        self.write_images = write_images
        self.embeddings_freq = embeddings_freq
        self.embeddings_layer_names = embeddings_layer_names
        self.embeddings_metadata = embeddings_metadata or {}
        self.embeddings_data = embeddings_data
        self.update_freq = samples
        self.samples_seen = 0
        self.samples_seen_at_last_write = 0

    def set_model(self, model: Any) -> None:
        """Opens the event file and writes the model's graph."""
        super().set_model(model)
        tf = _tensorflow()
        with tf.Graph().as_default():  # the writer refuses to be made in eager mode
            self.writer = tf.compat.v1.summary.FileWriter(
                os.fspath(self.log_dir), filename_suffix=f".{os.getpid()}.{next(_FILE_NUMBERS)}"
            )
        # A model that can be drawn offers `_graph_def()`, a GraphDef of its inference program.
        if self.write_graph and hasattr(model, "_graph_def"):
            graph_def = model._graph_def()
            if graph_def is not None:
                event = tf.compat.v1.Event(
                    wall_time=time.time(), graph_def=graph_def.SerializeToString()
                )
                self.writer.add_event(event)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes the batch's logs if enough samples were seen since the last time."""
        if not isinstance(self.update_freq, int):
            return
        logs = logs or {}
        self.samples_seen += logs.get("size", 0)
        if self.samples_seen - self.samples_seen_at_last_write >= self.update_freq:
            self._write_logs(logs, self.samples_seen)
            self.samples_seen_at_last_write = self.samples_seen

    def on_batches_end(self, logs: BatchLogs) -> None:
        """Writes the logs of those batches of a chunk whose turn it is."""
        if not isinstance(self.update_freq, int) or not len(logs):
            return
        seen = self.samples_seen + np.cumsum(logs.sizes)
        while True:
            due = self.samples_seen_at_last_write + self.update_freq
            index = int(np.searchsorted(seen, due))
            if index == len(seen):
                break
            self.samples_seen_at_last_write = int(seen[index])
            self._add_scalars(
                dict(zip(logs.names, logs.values[index].tolist(), strict=True)), int(seen[index])
            )
        self.samples_seen = int(seen[-1])
        self.writer.flush()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the epoch's logs."""
        self._write_logs(logs or {}, epoch if self.update_freq == "epoch" else self.samples_seen)

    # Keras 2.2: the parameter is called so here.
    def on_train_end(self, _: Logs | None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Closes the event file."""
        self.writer.close()

    def _write_logs(self, logs: Logs, index: int) -> None:
        self._add_scalars({k: v for k, v in logs.items() if k not in ("batch", "size")}, index)
        self.writer.flush()

    def _add_scalars(self, scalars: Mapping[str, Any], step: int) -> None:
        if not scalars:
            return
        summary = _tensorflow().compat.v1.Summary()
        for tag, value in scalars.items():
            summary.value.add(tag=tag, simple_value=_number(tag, value))
        self.writer.add_summary(summary, step)


def _number(tag: str, value: Any) -> float:
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise DTypeError(
            f"TensorBoard: the log {tag!r} is {value!r}; expected one number. Remove it from the "
            "logs, or place the callback that adds it after TensorBoard."
        )
    return float(array.item())


def _tensorflow() -> Any:
    # Here and not above: the other callbacks, and importing this one, need no TensorFlow.
    from compiler.tensorflow import tf

    return tf
