"""Good inputs of every format, small so that loading them takes milliseconds."""

from __future__ import annotations

import functools
import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kir import backend as K
from kir.layers import GRU, Bidirectional, Conv2D, Dense, Embedding, Flatten, Input, Lambda, add
from kir.models import Model, Sequential
from kir.serde import proto
from runtime.archives import keras3, kir_files
from runtime.hdf5 import save_model

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "architectures"
NAMES = (
    "mlp_sequential", "mlp_functional", "shared_layer_twice", "sequential_in_functional",
    "masked_sequence", "merge_layers", "stacked_cells", "multi_input_multi_output",
)  # fmt: skip
KERAS_1 = {
    "class_name": "Sequential",
    "keras_version": "1.2.2",
    "config": [
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1", "output_dim": 3, "init": "glorot_uniform", "input_dim": 4,
                "activation": "relu", "batch_input_shape": [None, 4], "input_dtype": "float32",
                "bias": True, "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.1},
            },
        },
        {"class_name": "Dropout", "config": {"p": 0.5, "name": "dropout_1", "trainable": True}},
    ],
}  # fmt: skip


def small() -> Model:
    x = Input((4,), name="x")
    h = Dense(3, activation="relu", name="h", kernel_regularizer="l2")(x)
    model = Model(x, Dense(2, name="y")(add([h, Dense(3, name="side")(x)])), name="small")
    model.compile("adam", "mse", metrics=["mae"])
    return model


def sequence() -> Model:
    layers = [Embedding(5, 2, input_length=3, mask_zero=True), Bidirectional(GRU(2)), Dense(1)]
    return Sequential(layers, name="sequence")


def picture() -> Model:
    inner = Sequential([Conv2D(2, 2, input_shape=(4, 4, 1)), Flatten()], name="inner")
    return Sequential([inner, Dense(1)], name="picture")


def function() -> Model:
    layers = [Dense(2, input_shape=(3,)), Lambda(lambda x: K.relu(x) * 2 + 1), Dense(1)]
    return Sequential(layers, name="function")


def _models(with_function: bool) -> list[Model]:
    K.clear_session()
    kinds: list[Callable[[], Model]] = [small, sequence, picture]
    return [make() for make in (*kinds, *([function] if with_function else []))]


def _written(save: Callable[..., None], with_function: bool) -> list[bytes]:
    contents = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in _models(with_function):
            buffer = io.BytesIO()
            save(model, buffer)
            contents.append(buffer.getvalue())
    return contents


@functools.cache
def json_configs() -> list[Any]:
    configs = [json.loads((GOLDEN / f"{name}.json").read_text()) for name in NAMES]
    return [*configs, KERAS_1, *keras_3_configs()]


def yaml_texts() -> list[bytes]:
    return [(GOLDEN / f"{name}.yaml").read_bytes() for name in NAMES]


def graph_texts() -> list[bytes]:
    return [str(model.graph).encode() for model in _models(True)]


def graph_bytes() -> list[bytes]:
    return [proto.to_bytes(model.graph) for model in _models(True)]


def hdf5_files() -> list[bytes]:
    return _written(save_model, True)


@functools.cache
def keras_files() -> list[bytes]:
    return _written(keras3.save_model, False)


def kir_archives() -> list[bytes]:
    return _written(kir_files.save_model, True)


def keras_3_configs() -> list[Any]:
    return [json.loads(members(content)["config.json"]) for content in keras_files()]


def members(content: bytes) -> dict[str, bytes]:
    """The members of a zip file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    """A zip file of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()
