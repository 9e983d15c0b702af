"""Export to TensorFlow.js's layers format: a model for browsers, as `tf.loadLayersModel` reads it.

That format is the architecture as Keras wrote it and the weights by name, so both are written
directly. What TensorFlow.js has no layer for is refused here, where the layer can be named.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kir.engine.variable import compute_initial_values
from runtime.export.checks import check_exportable
from runtime.export.tfjs_layers import adapt_config, check_layers
from runtime.files import replacing_folder

MODEL = "model.json"

# Browsers fetch shards side by side, and keep each.
SHARD_BYTES = 4 * 1024 * 1024


def export_tfjs(model: Any, folder: str | os.PathLike[str]) -> None:
    """Writes a model as ``model.json`` and weight shards that TensorFlow.js loads.

    In a page or in Node.js::

        const model = await tf.loadLayersModel("https://.../model.json");
        const y = model.predict(x);  // a list of tensors for several inputs

    Layers, names and the batch are as in the model, and it can go on training there. Left out are
    constraints and activity regularizers, which TensorFlow.js treats otherwise or lacks, and
    dropout of whole feature maps becomes dropout of elements: predictions do not depend on these.

    Args:
        model: a built model; it need not be compiled.
        folder: the folder to write; an export that is there already is replaced as a whole.

    Raises:
        ExportError: TensorFlow.js lacks a layer, or one of its options; says which.
        ConfigError: the model is not built, or an input is sparse.
        FileExistsError: `folder` exists and holds something else.
    """
    check_exportable(model, "TensorFlow.js")
    check_layers(model)
    weights = model._weights_by_layer()
    compute_initial_values(weights)
    # Weights of layers that are used twice stand once.
    entries = {w.name.removesuffix(":0"): w.get_value() for w in weights}
    shards = list(_shards([np.ascontiguousarray(a).tobytes() for a in entries.values()]))
    names = [f"group1-shard{i}of{len(shards)}.bin" for i in range(1, len(shards) + 1)]
    document = {
        "format": "layers-model",
        "generatedBy": "kir",
        "convertedBy": None,
        "modelTopology": _topology(model),
        "weightsManifest": [
            {
                "paths": names,
                "weights": [
                    {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
                    for name, array in entries.items()
                ],
            }
        ],
    }
    with replacing_folder(folder, MODEL) as beside:
        for name, shard in zip(names, shards, strict=True):
            Path(beside, name).write_bytes(shard)
        Path(beside, MODEL).write_text(json.dumps(document), encoding="utf8")


def _topology(model: Any) -> dict[str, Any]:
    config = json.loads(model.to_json())
    about = {key: config.pop(key) for key in ("keras_version", "backend")}
    adapt_config(model, config)
    return {**about, "model_config": config}


def _shards(parts: list[bytes]) -> Iterator[bytes]:
    """The bytes of all weights one after the other, cut into files."""
    whole = b"".join(parts)
    for start in range(0, max(len(whole), 1), SHARD_BYTES):
        yield whole[start : start + SHARD_BYTES]
