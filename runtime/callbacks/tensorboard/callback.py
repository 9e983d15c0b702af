"""The callback, as Keras 2.2.4 has it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from kir.errors import ConfigError
from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.batch_logs import BatchLogs


class TensorBoard(Callback):
    """Writes logs, graphs, histograms, images and embeddings for TensorBoard.

    One run folder holds everything, under the tags of Keras 2.2.4:

    - ``loss``, ``val_acc`` and so on: the logs; their steps are epochs, or samples seen if
      `update_freq` is not ``"epoch"``.
    - ``dense_1/kernel_0``: a weight's histogram, and images ``dense_1/kernel_0/image/0``.
    - ``dense_1/kernel_0_grad``: the gradient of the total loss by it, at inference.
    - ``dense_1_out``: a layer's result at inference; ``dense_1_out_0`` and so on if it gives
      several or is called several times.

    Further the graph of TensorFlow's operations, grouped by layer; the conceptual graph of the
    layers (choose the tag ``keras`` on the page); and the arguments of `compile`, on the page
    HParams.

    Training runs as fast as without it: histograms are computed after an epoch, by a program that
    is compiled once. Those of results and gradients are over all validation data; Keras 2.2.4
    wrote one for each batch, under the same step.

    Args:
        log_dir: folder of the event files.
        histogram_freq: number of epochs between two histograms; 0 for none. They need validation
            data, as arrays.
        batch_size: size of the batches in which results, gradients and embeddings are computed.
        write_graph: whether to write the graphs.
        write_grads: whether to add histograms of gradients, with `histogram_freq`.
        write_images: whether to show weights as images, with `histogram_freq`.
        embeddings_freq: number of epochs between two savings of embeddings; 0 for none.
        embeddings_layer_names: names of the layers whose results for `embeddings_data` the
            projector shows; None are all Embedding layers.
        embeddings_metadata: file with a label for each sample, for all layers or a dict by layer
            name. A file outside of `log_dir`, where TensorBoard reads none, is copied there.
        embeddings_data: samples for the projector, as `predict` takes them.
        update_freq: ``"epoch"``, ``"batch"``, or a number of samples after which the logs of a
            batch are written; with the latter two epochs are still written as well.

    Attributes:
        writer: TensorFlow's writer of the event file, during training.

    Raises:
        ConfigError: if an argument is not allowed. When training begins: histograms without
            validation data in arrays, embeddings without data, an unknown layer.

    Reference:
        https://keras.io/callbacks/#tensorboard (Keras 2.2.4).
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
        _check_count("histogram_freq", histogram_freq, 0, "epochs")
        _check_count("embeddings_freq", embeddings_freq, 0, "epochs")
        _check_count("batch_size", batch_size, 1, "samples")
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
        self._histograms: Any = None
        self._histograms_key: Any = None
        self._embeddings: Any = None

    def set_model(self, model: Any) -> None:
        """Opens the event file and writes the model's graphs."""
        super().set_model(model)
        parts = _parts()
        self.writer = parts.open_writer(self.log_dir)
        if self.write_graph:
            parts.write_graphs(self.writer, model)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Writes the settings, and finds out what would fail after the first epoch."""
        _parts().write_settings(self.writer, self.model, getattr(self, "params", {}))
        if self.histogram_freq:
            self._check_validation_data()
            self._prepare_histograms()
        if self.embeddings_freq:
            self._prepare_embeddings()

    def _check_validation_data(self) -> None:
        if self.validation_data:
            return
        by_generator = getattr(self, "params", {}).get("do_validation")
        given = "a generator, which can be read only once" if by_generator else "none"
        raise ConfigError(
            f"TensorBoard: if printing histograms (histogram_freq={self.histogram_freq}), "
            f"validation_data must be provided, and cannot be a generator; got {given}. Pass "
            "validation_data=(x, y) to fit or fit_generator, or leave histogram_freq at 0."
        )

    def _prepare_histograms(self) -> None:
        key = _parts().model_key(self.model)
        if self._histograms_key != key:
            self._histograms = _parts().Histograms(self.model, self.write_grads, self.write_images)
            self._histograms_key = key

    def _prepare_embeddings(self) -> None:
        if self.embeddings_data is None:
            raise ConfigError(
                f"TensorBoard: embeddings_freq={self.embeddings_freq} needs embeddings_data: the "
                "samples to show in the projector. Pass them, or leave embeddings_freq at 0."
            )
        self._embeddings = _parts().Embeddings(
            self.model,
            self.log_dir,
            self.embeddings_layer_names,
            self.embeddings_metadata,
            self.embeddings_data,
        )

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
            scalars = dict(zip(logs.names, logs.values[index].tolist(), strict=True))
            _parts().add_scalars(self.writer, scalars, int(seen[index]))
        self.samples_seen = int(seen[-1])
        self.writer.flush()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the epoch's logs, and histograms and embeddings where it is their turn."""
        if self._histograms is not None and epoch % self.histogram_freq == 0:
            _parts().add_summaries(self.writer, self._histograms.of_weights(), epoch)
            summaries = self._histograms.of_data(self.validation_data, self.batch_size)
            _parts().add_summaries(self.writer, summaries, epoch)
        if self._embeddings is not None and epoch % self.embeddings_freq == 0:
            self._embeddings.save(epoch, self.batch_size)
        self._write_logs(logs or {}, epoch if self.update_freq == "epoch" else self.samples_seen)

    # Keras 2.2: the parameter is called so here.
    def on_train_end(self, _: Logs | None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Closes the event file."""
        _parts().write_end(self.writer)
        self.writer.close()

    def _write_logs(self, logs: Logs, index: int) -> None:
        scalars = {k: v for k, v in logs.items() if k not in ("batch", "size")}
        _parts().add_scalars(self.writer, scalars, index)
        self.writer.flush()


def _check_count(name: str, value: Any, least: int, unit: str) -> None:
    # Keras 2.2: True is 1.
    if not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(
            f"TensorBoard: {name}={value!r}; expected a whole number of {unit}, {least} or more."
        )


def _parts() -> ModuleType:
    # Here and not above: the other callbacks, and importing this one, need no TensorFlow.
    from runtime.callbacks.tensorboard import parts

    return parts
