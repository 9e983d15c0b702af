"""`save_model` and `load_model`: architecture, weights, and state of training in one file."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from kir.errors import ConfigError, FileFormatError, UpgradeWarning
from kir.serde.config import json_value, upgraded_model
from kir.serde.upgrading import Dialect, Origin, Report, Upgraded
from kir.serde.upgrading.training import upgrade_training
from kir.utils.generic_utils import get_custom_objects
from runtime.files import may_write
from runtime.hdf5 import layout, optimizer_state
from runtime.hdf5.missing_input import INPUT, with_input, write_input
from runtime.hdf5.opening import is_path, open_to_read, open_to_write, reporting_damage
from runtime.hdf5.reading import find_arrays, member, read_arrays
from runtime.hdf5.safety import check_attributes
from runtime.hdf5.state import STATE, read_state, write_state
from runtime.hdf5.training_config import compile_as_saved, own_training_config, training_config
from runtime.hdf5.weights import load_weights_from_hdf5_group
from runtime.hdf5.writing import write_arrays, write_layers, write_origin
from runtime.training.averages import keep_averages
from runtime.training.random_calls import restore_seeds

OWN_TRAINING_CONFIG = "kir_training_config"


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Writes a model in Keras's layout, so that `load_model` here or in Keras gives it back.

    The file holds the architecture, the weights and, if the model is compiled, the arguments of
    `compile` and the optimizer's state, so that training goes on where it was.

    Args:
        model: the model.
        filepath: a path, an open h5py group or a writable binary file-like object. A file on the
            disk is replaced only when the new one is complete.
        overwrite: replace an existing file; if False, the user is asked on the terminal.
        include_optimizer: write the state of training too.
    """
    if is_path(filepath) and not may_write(filepath, overwrite):
        return
    with open_to_write(filepath) as group:
        _write_model(group, model, include_optimizer)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True
) -> Any:
    """Builds the model that a file holds, with its weights and its state of training.

    Args:
        filepath: a path, an open h5py group or a readable binary file-like object.
        custom_objects: classes and functions of the user's, by the names they have in the file.
        compile: compile the model as it was compiled when it was saved.

    Returns:
        The model; compiled if the file says how and `compile` is True.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is no HDF5 file, damaged, or holds no architecture.
        UnsafeFileError: it refers to other files, or declares far more than it stores.
        ConfigError: it names a class or a function that is not known.
    """
    with open_to_read(filepath) as group:
        return _read_model(group, dict(custom_objects or {}), compile)


def read_config(filepath: Any) -> dict[str, Any]:
    """The architecture in a file of `save_model`, as ``{"class_name": ..., "config": ...}``.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is no HDF5 file, damaged, or holds no architecture.
        UnsafeFileError: it refers to other files.
    """
    with open_to_read(filepath) as group:
        return _read_config(group)


def holds_weights_only(filepath: Any) -> bool:
    """Whether a file was written by `save_weights`, so that it holds no architecture."""
    with open_to_read(filepath) as group, reporting_damage(group):
        return layout.MODEL_CONFIG not in group.attrs and layout.has_names(
            group, layout.LAYER_NAMES
        )


def pickle_model(model: Any) -> dict[str, bytes]:
    """A model as picklable plain data: the content of the file that `save_model` writes."""
    buffer = io.BytesIO()
    save_model(model, buffer)
    return {"hdf5": buffer.getvalue()}


def unpickle_model(state: dict[str, bytes]) -> Any:
    """The model of `pickle_model`."""
    return load_model(io.BytesIO(state["hdf5"]))


def _write_model(group: h5py.Group, model: Any, include_optimizer: bool) -> None:
    for name in (layout.MODEL_WEIGHTS, layout.OPTIMIZER_WEIGHTS, STATE):
        if name in group:  # an open group may hold an earlier model
            del group[name]
    for name in (layout.TRAINING_CONFIG, OWN_TRAINING_CONFIG, INPUT):
        group.attrs.pop(name, None)
    write_origin(group)
    config = {"class_name": type(model).__name__, "config": model.get_config()}
    layout.write_text(group, layout.MODEL_CONFIG, _to_json(config))
    write_input(group, model)
    write_layers(group.create_group(layout.MODEL_WEIGHTS), model.layers)
    if include_optimizer and getattr(model, "optimizer", None) is not None:
        _write_training(group, model)
    if hasattr(model, "_extra_state"):
        write_state(group, model._extra_state())


def _write_training(group: h5py.Group, model: Any) -> None:
    optimizer = model.optimizer
    if type(optimizer).__name__ == "TFOptimizer":
        warnings.warn(
            "TensorFlow optimizers do not make it possible to access optimizer attributes or "
            "state, so neither was saved. Compile the model again after loading it, or use an "
            "optimizer of kir.optimizers.",
            stacklevel=6,
        )
        return
    layout.write_text(group, layout.TRAINING_CONFIG, _to_json(training_config(model)))
    own = own_training_config(model)
    if own:
        layout.write_text(group, OWN_TRAINING_CONFIG, _to_json(own))
    weights = optimizer.weights
    if weights:
        write_arrays(
            group.create_group(layout.OPTIMIZER_WEIGHTS),
            [getattr(w, "name", None) for w in weights],
            optimizer.get_weights(),
        )


def _read_config(group: h5py.Group) -> Any:
    config = _read_json(group, layout.MODEL_CONFIG)
    if config is None:
        name = group.file.filename
        if layout.has_names(group, layout.LAYER_NAMES):
            raise FileFormatError(
                f"{name!r} holds weights only: it has no attribute {layout.MODEL_CONFIG!r}. Build "
                "the model first, then call model.load_weights with this file."
            )
        raise FileFormatError(
            f"{name!r} holds no model: it has no attribute {layout.MODEL_CONFIG!r}, which "
            "`model.save` writes."
        )
    with reporting_damage(group):
        version = layout.read_text(group, "keras_version")
    return {"keras_version": version, **config} if version and isinstance(config, dict) else config


def _read_model(group: h5py.Group, custom_objects: dict[str, Any], compile: bool) -> Any:
    repairs = Report("Keras 2.2")
    config = with_input(group, _read_config(group), repairs)
    model, upgraded = upgraded_model(config, custom_objects)
    for done in (upgraded, Upgraded(None, upgraded.origin, repairs)):
        done.warn(stacklevel=4)
    weights = member(group, layout.MODEL_WEIGHTS, h5py.Group)
    # The file of a `multi_gpu_model` holds the one model that it copied as a single layer.
    layers = model.layers if upgraded.template is None else [model]
    load_weights_from_hdf5_group(weights, layers, is_own=upgraded.template is None)
    if upgraded.origin.dialect >= Dialect.TF_KERAS:
        keep_averages(model)
    state = read_state(group)
    if "seeds" in state:  # before a program is made
        restore_seeds(model, state["seeds"])
    if compile:
        _read_training(group, model, custom_objects, upgraded.origin)
    if state and hasattr(model, "_set_extra_state"):
        model._set_extra_state(state)
    return model


def _read_training(
    group: h5py.Group, model: Any, custom_objects: dict[str, Any], origin: Origin
) -> None:
    config = _read_json(group, layout.TRAINING_CONFIG)
    if config is None:
        warnings.warn(
            "No training configuration found in save file: the model was *not* compiled. "
            "Compile it manually.",
            stacklevel=5,
        )
        return
    own = _read_json(group, OWN_TRAINING_CONFIG) or {}
    report = Report(str(origin))
    if origin.dialect >= Dialect.TF_KERAS:
        known = {**get_custom_objects(), **custom_objects}
        try:
            config = upgrade_training(config, origin, report, known, model.output_names)
            compile_as_saved(model, config, custom_objects)
        except ConfigError as error:
            warnings.warn(
                f"The model was *not* compiled, as it was trained by {origin} in a way that Keras "
                f"2.2.4 has not: {str(error).rstrip('.')}. Compile it yourself.",
                UpgradeWarning,
                stacklevel=5,
            )
            return
        Upgraded(None, origin, report).warn(stacklevel=5)
    else:
        compile_as_saved(model, {**config, **own}, custom_objects)
    if layout.OPTIMIZER_WEIGHTS in group:
        _restore_optimizer(model, *_read_optimizer_weights(group))


def _read_optimizer_weights(group: h5py.Group) -> tuple[Sequence[str], list[np.ndarray]]:
    with reporting_damage(group):
        found = find_arrays(member(group, layout.OPTIMIZER_WEIGHTS, h5py.Group))
        return found.names, read_arrays([found])[0]


def _restore_optimizer(model: Any, names: Sequence[str], values: list[np.ndarray]) -> None:
    # An optimizer has its slots, and so can take their values, only once the step is built.
    model._make_train_function()
    try:
        if optimizer_state.is_newer(names):
            trained = len(model._collected_trainable_weights)
            optimizer_state.restore(model.optimizer, trained, names, values)
        else:
            model.optimizer.set_weights(values)
    except ValueError as error:
        warnings.warn(
            "Error in loading the saved optimizer state. As a result, your model is starting with "
            f"a freshly initialized optimizer. ({error})",
            stacklevel=6,
        )


def _to_json(config: dict[str, Any]) -> str:
    return json.dumps(config, default=json_value)


def _read_json(group: h5py.Group, name: str) -> Any:
    """An attribute's JSON value, or None if there is no such attribute."""
    with reporting_damage(group):
        check_attributes(group)
        text = layout.read_text(group, name)
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(
            f"Attribute {name!r} of {group.file.filename!r} is not valid JSON ({error}). "
            "The file is damaged; take an earlier one."
        ) from error
