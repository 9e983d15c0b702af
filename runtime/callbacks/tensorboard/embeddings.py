"""What chosen layers make of given samples, for TensorBoard's projector."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.plugins import projector

from compiler.devices import placed_on
from compiler.programs.function import function
from compiler.programs.inspection import layer_results
from compiler.programs.objective import fed_inputs
from compiler.tensorflow import internal, tf
from kir.engine.data_arrays import sample_count
from kir.errors import ConfigError
from kir.ir.graph import Value
from runtime.training.batches import standardize_inputs, take

CHECKPOINT = "keras_embedding.ckpt"
# How many checkpoints are kept, as TensorFlow's `Saver` does.
KEPT = 5


class Embeddings:
    """Saves a point for each sample and layer, as often as asked.

    Attributes:
        tensors: what is saved, by its name in the checkpoint and the projector.
    """

    def __init__(
        self,
        model: Any,
        log_dir: str | os.PathLike[str],
        layer_names: Sequence[str] | None,
        metadata: str | Mapping[str, str],
        data: Any,
    ) -> None:
        """Chooses the layers and writes the projector's configuration.

        Args:
            model: the model.
            log_dir: the run's folder, where TensorBoard looks for all of it.
            layer_names: names of layers; None are all Embedding layers.
            metadata: a file for all layers, or one by each layer's name.
            data: samples, as `predict` takes them.

        Raises:
            ConfigError: there is no such layer, or none to choose.
        """
        self._folder = Path(os.fspath(log_dir))
        self._saved: list[str] = []
        self._copied: dict[str, Path] = {}
        self._arrays = standardize_inputs(model, data)
        self._fed = fed_inputs(model)
        self.tensors, layers = _choose(model, layer_names)
        self._compute = function(self._fed, list(self.tensors.values()))
        if isinstance(metadata, str | os.PathLike):
            metadata = {name: os.fspath(metadata) for name in layers.values()}
        config = projector.ProjectorConfig()
        for tensor, layer in layers.items():
            entry = config.embeddings.add()
            entry.tensor_name = tensor
            if layer in metadata:
                entry.metadata_path = self._place_metadata(layer, os.fspath(metadata[layer]))
        self._folder.mkdir(parents=True, exist_ok=True)
        projector.visualize_embeddings(os.fspath(self._folder), config)

    def _place_metadata(self, layer: str, path: str) -> str:
        """The name of a metadata file as seen from the run's folder.

        TensorBoard reads no file outside of it, so that others are copied there.
        """
        inside = self._folder / path
        if inside.is_file() and inside.resolve().is_relative_to(self._folder.resolve()):
            return os.path.relpath(inside.resolve(), self._folder.resolve())
        outside = Path(path).expanduser()
        if not outside.is_file():
            warnings.warn(
                f"TensorBoard: there is no metadata file {path!r} of layer {layer!r}, neither in "
                f"{str(self._folder)!r} nor here; the projector shows points without labels until "
                "it is put there.",
                stacklevel=2,
            )
            return path
        name = outside.name
        if self._copied.get(name, outside) != outside:
            name = f"{re.sub(r'[^A-Za-z0-9_.-]', '_', layer)}_{name}"
        self._copied[name] = outside
        self._folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(outside, self._folder / name)
        return name

    def save(self, epoch: int, batch_size: int) -> None:
        """Writes a checkpoint of all points."""
        count = sample_count(self._arrays)
        parts = [
            self._compute([_rows(a, slice(start, start + batch_size)) for a in self._arrays])
            for start in range(0, count, batch_size)
        ]
        columns = [np.concatenate(column).reshape(count, -1) for column in zip(*parts, strict=True)]
        self._write(dict(zip(self.tensors, columns, strict=True)), epoch)

    def _write(self, arrays: Mapping[str, np.ndarray], epoch: int) -> None:
        name = f"{CHECKPOINT}-{epoch}"
        with placed_on("cpu:0"):
            tf.raw_ops.SaveV2(
                prefix=os.fspath(self._folder / name),
                tensor_names=list(arrays),
                shape_and_slices=[""] * len(arrays),
                tensors=[tf.constant(a) for a in arrays.values()],
            )
        self._saved = [*(n for n in self._saved if n != name), name]
        for old in self._saved[:-KEPT]:
            for file in self._folder.glob(f"{old}.*"):
                file.unlink()
        self._saved = self._saved[-KEPT:]
        # By names relative to the folder, so that it can be moved. TensorFlow's public function of
        # that name is this one with a warning.
        internal("checkpoint.checkpoint_management").update_checkpoint_state_internal(
            os.fspath(self._folder), name, self._saved, save_relative_paths=True
        )


def _rows(array: Any, batch: slice) -> Any:
    """Some rows of an array; of a sparse matrix as one."""
    return array.tocsr()[batch] if hasattr(array, "tocsr") else take(array, batch)


def _choose(
    model: Any, layer_names: Sequence[str] | None
) -> tuple[dict[str, Value], dict[str, str]]:
    """The values to save by their names, and the layers of these."""
    results = {layer.name: (layer, values) for layer, values in layer_results(model)}
    if isinstance(layer_names, str):
        layer_names = [layer_names]
    if not layer_names:
        layer_names = [n for n, (x, _) in results.items() if type(x).__name__ == "Embedding"]
    if not layer_names:
        raise ConfigError(
            f"TensorBoard: {model._label()} has no Embedding layer. Say in embeddings_layer_names "
            "which layers to show in the projector, or leave embeddings_freq at 0."
        )
    values: dict[str, Value] = {}
    layers: dict[str, str] = {}
    for layer in layer_names:
        if layer not in results:
            near = difflib.get_close_matches(layer, results, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(results)}."
            raise ConfigError(
                f"TensorBoard: embeddings_layer_names names {layer!r}, and {model._label()} has no "
                f"such layer. {hint}"
            )
        found = results[layer][1]
        for i, value in enumerate(found):
            name = f"{layer}_embedding" if len(found) == 1 else f"{layer}_embedding_{i}"
            values[name], layers[name] = value, layer
    return values, layers
