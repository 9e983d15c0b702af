"""`.keras` archives, written for and read from Keras 3."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from kir.errors import ConfigError, FileFormatError, KirError, UpgradeWarning
from kir.serde import config as config_form
from kir.serde.config import json_value, model_from_config, upgrade_config
from kir.serde.keras3.hard_sigmoid import factors
from kir.serde.keras3.optimizers import (
    named_optimizer,
    optimizer_arrays,
    set_optimizer_arrays,
)
from kir.serde.keras3.own_forms import MARK, marked, unmarked
from kir.serde.keras3.places import containers, places
from kir.serde.keras3.training import compile_config
from kir.serde.keras3.writing import model_config
from kir.serde.upgrading import Report, Upgraded, find_origin
from kir.serde.upgrading.training import upgrade_training
from kir.utils.generic_utils import get_custom_objects
from runtime.archives.keras3_weights import read_weights, write_weights
from runtime.archives.zips import Archive, write_archive
from runtime.hdf5.training_config import compile_as_saved
from runtime.training.averages import keep_averages

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"

KERAS_VERSION = "3.12.0"
"""The oldest Keras that TensorFlow 2.21 comes with."""


def save_model(model: Any, target: Any, include_optimizer: bool = True) -> None:
    """Writes an archive that Keras 3 loads, with the same predictions.

    Args:
        model: the model.
        target: a path, or an object with `write(bytes)`.
        include_optimizer: write the arguments of `compile` and the optimizer's state too.

    Raises:
        UnsupportedError: a layer has no counterpart in Keras 3; names it.
    """
    config = model_config(model)
    scaled = [p.layer.name for p in places(config, model) if factors(p.layer) is not None]
    state = None
    if include_optimizer and getattr(model, "optimizer", None) is not None:
        compiled = compile_config(model)
        if compiled is not None:
            config["compile_config"] = compiled
            # Slots belong to weights; where those are scaled, training starts with fresh ones.
            state = None if scaled else optimizer_arrays(model)
    if scaled and "compile_config" in config:
        warnings.warn(
            f"Keras 3 has another hard_sigmoid: the weights of {', '.join(map(repr, scaled[:4]))} "
            "were scaled to give the same predictions, and the optimizer's state was left out.",
            stacklevel=4,
        )
    # The day is fixed, so that equal models give equal files.
    metadata = {"keras_version": KERAS_VERSION, "date_saved": "1980-01-01@00:00:00"}
    members = {
        METADATA: json.dumps(metadata).encode(),
        CONFIG: json.dumps(config, default=json_value).encode(),
        WEIGHTS: write_weights(config, model, state),
    }
    write_archive(target, members)


def read_model(archive: Archive, custom_objects: dict[str, Any], compile: bool) -> Any:
    """The model that an archive holds.

    Raises:
        FileFormatError: a member is missing or damaged.
        ConfigError: a layer that does not exist here, or an argument that means nothing here.
        UnsafeFileError: it holds code.
    """
    config = read_config(archive)
    model = model_from_config(_upgraded(archive, config, custom_objects), custom_objects)
    _freeze(model, config)
    arrays = read_weights(archive.read(WEIGHTS), config, model)
    keep_averages(model)
    compiled = config.get("compile_config")
    if compile and isinstance(compiled, dict) and compiled:
        _compile(model, compiled, arrays, custom_objects)
    return model


def load_weights(model: Any, content: bytes) -> list[str]:
    """Reads a `.weights.h5` file of Keras 3 or tf.keras into a model that is built alike.

    Its groups are numbered by the layers' classes, in the order of the layers.

    Args:
        model: the model.
        content: of the file.

    Returns:
        The names of the weights, all of which were loaded.

    Raises:
        UnsupportedError: the model has a layer without a counterpart in Keras 3.
        FileFormatError: the file is damaged, or of a model with other layers.
        ShapeError: a weight has another shape. The model is as it was before.
    """
    read_weights(content, model_config(model), model)
    return [weight.name for weight in model.weights]


def read_architecture(archive: Archive) -> dict[str, Any]:
    """The architecture as a config of Keras 2.2.4."""
    return _upgraded(archive, read_config(archive), {})


def _upgraded(
    archive: Archive, config: dict[str, Any], custom_objects: dict[str, Any]
) -> dict[str, Any]:
    version = None
    if METADATA in archive:
        metadata = archive.read_json(METADATA)
        version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    custom = {**custom_objects, MARK: None}
    version = version if isinstance(version, str) else None
    try:
        changes = upgrade_config(marked(config), custom, version)
        found = unmarked(changes.config)
    except _MALFORMED as error:
        raise ConfigError(
            f"The architecture in {archive.name} is malformed: {type(error).__name__}: {error}."
        ) from error
    changes.warn(stacklevel=6)
    return {"keras_version": config_form.KERAS_VERSION, **found}


_MALFORMED = (TypeError, AttributeError, KeyError, IndexError, OverflowError, RecursionError)


def read_config(archive: Archive) -> dict[str, Any]:
    """The model's config as Keras 3 wrote it."""
    config = archive.read_json(CONFIG)
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise FileFormatError(f"{archive.name} holds no model: its {CONFIG!r} describes none.")
    return config


def _freeze(model: Any, config: Mapping[str, Any]) -> None:
    """Freezes the models that are frozen as a whole; configs of Keras 2 do not tell of them."""
    if config["config"].get("trainable") is False:
        model.trainable = False
    for _, child in containers(config):
        layer = model.get_layer(child["config"].get("name"))
        if layer.is_network:
            _freeze(layer, child)


def _compile(
    model: Any, compiled: dict[str, Any], arrays: list[Any], custom_objects: dict[str, Any]
) -> None:
    origin = find_origin({"module": "keras", "registered_name": None}, "3")
    report = Report(str(origin))
    known = {**get_custom_objects(), **custom_objects}
    optimizer = compiled.get("optimizer")
    if isinstance(optimizer, str):
        optimizer = named_optimizer(optimizer)
    try:
        given = {**compiled, "optimizer_config": optimizer}
        found = upgrade_training(given, origin, report, known, model.output_names)
        compile_as_saved(model, found, custom_objects)
    except (KirError, *_MALFORMED, ValueError) as error:
        warnings.warn(
            f"The model was *not* compiled, as its training configuration means nothing in Keras "
            f"2.2.4: {str(error).rstrip('.')}. Compile it yourself.",
            UpgradeWarning,
            stacklevel=5,
        )
        return
    Upgraded(None, origin, report).warn(stacklevel=5)
    if not arrays:
        return
    try:
        set_optimizer_arrays(model, arrays)
    except KirError as error:
        warnings.warn(
            f"The optimizer's state does not fit, so training starts with a fresh one. ({error})",
            stacklevel=5,
        )
