"""Models in files: the public functions, which the runtime carries out.

Architectures alone (JSON, YAML, config) need no runtime; they are read and written by
`kir.serde.config`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kir._lazy import lazy_names
from kir.engine.executor import executor
from kir.serde.config import model_from_config as model_from_config
from kir.serde.config import model_from_json as model_from_json
from kir.serde.config import model_from_yaml as model_from_yaml
from kir.utils.io_utils import ask_to_proceed_with_overwrite as ask_to_proceed_with_overwrite

__all__ = [
    "load_attributes_from_hdf5_group",
    "load_model",
    "load_weights",
    "load_weights_from_hdf5_group",
    "load_weights_from_hdf5_group_by_name",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "pickle_model",
    "preprocess_weights_for_loading",
    "save_attributes_to_hdf5_group",
    "save_model",
    "save_weights",
    "save_weights_to_hdf5_group",
    "unpickle_model",
]

# The class needs h5py.
__getattr__ = lazy_names(__name__, {"h5dict": "kir.utils.io_utils:H5Dict"})


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Saves a model to a file: architecture, weights and state of training.

    The file is HDF5 in Keras's layout. Where the path ends in `.keras` it is an archive that Keras
    3 loads; in `.kir`, kir's own file, which holds Lambdas and a user's layers without their code.
    An existing file is replaced only when the new one is complete, so that a crash while saving
    leaves the earlier file whole.

    Args:
        model: the model.
        filepath: a path, an open `h5py.Group` or a writable binary file-like object.
        overwrite: replace an existing file; if False, the user is asked on the terminal.
        include_optimizer: save the arguments of `compile` and the optimizer's state too.

    Reference:
        https://keras.io/models/about-keras-models (Keras 2.2.4).
    """
    executor().saving.save_model(model, filepath, overwrite, include_optimizer)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True
) -> Any:
    """Loads a model saved by `save_model`, here or by Keras: HDF5, `.keras` or `.kir`.

    Args:
        filepath: a path, an open `h5py.Group` or a readable binary file-like object.
        custom_objects: classes and functions of the user's, by the names they have in the file.
        compile: compile the model as it was compiled when it was saved.

    Returns:
        The model; compiled if the file says how and `compile` is True.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is of another kind, damaged, or holds no architecture.
        UnsafeFileError: it holds code, refers to other files, or declares far more than it stores.
        ConfigError: it names a class or a function that is not known.

    Reference:
        https://keras.io/models/about-keras-models (Keras 2.2.4).
    """
    return executor().saving.load_model(filepath, custom_objects, compile)


def pickle_model(model: Any) -> dict[str, Any]:
    """A model as picklable plain data.

    Args:
        model: the model.
    """
    state: dict[str, Any] = executor().hdf5.pickle_model(model)
    return state


def unpickle_model(state: dict[str, Any]) -> Any:
    """The model that `pickle_model` made plain data of.

    Args:
        state: what `pickle_model` returned.
    """
    return executor().hdf5.unpickle_model(state)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Saves the weights of all layers; see `Network.save_weights`."""
    executor().hdf5.save_weights(model, filepath, overwrite)


def load_weights(
    model: Any,
    filepath: Any,
    by_name: bool = False,
    skip_mismatch: bool = False,
    reshape: bool = False,
) -> Any:
    """Loads weights into a model, or raises and leaves it as it was; see `Network.load_weights`."""
    return executor().saving.load_weights(model, filepath, by_name, skip_mismatch, reshape)


def save_weights_to_hdf5_group(f: Any, layers: Sequence[Any]) -> None:
    """Writes the weights of `layers` into an open HDF5 group.

    Args:
        f: an open group of HDF5, or a file.
        layers: layers, in the model's order.
    """
    executor().hdf5.save_weights_to_hdf5_group(f, layers)


def load_weights_from_hdf5_group(f: Any, layers: Sequence[Any], reshape: bool = False) -> Any:
    """Reads the weights of `layers`, in order, from an open HDF5 group.

    Args:
        f: an open group of HDF5, or a file.
        layers: layers, in the model's order.
        reshape: whether an array of another shape and as many elements is taken.
    """
    return executor().hdf5.load_weights_from_hdf5_group(f, layers, reshape)


def load_weights_from_hdf5_group_by_name(
    f: Any, layers: Sequence[Any], skip_mismatch: bool = False, reshape: bool = False
) -> Any:
    """Reads the weights of those of `layers` whose names an open HDF5 group holds.

    Args:
        f: an open group of HDF5, or a file.
        layers: layers, in the model's order.
        skip_mismatch: whether layers whose shapes differ are left out, with a warning.
        reshape: whether an array of another shape and as many elements is taken.
    """
    return executor().hdf5.load_weights_from_hdf5_group_by_name(f, layers, skip_mismatch, reshape)


def preprocess_weights_for_loading(
    layer: Any,
    weights: Sequence[Any],
    original_keras_version: str | None = None,
    original_backend: str | None = None,
    reshape: bool = False,
) -> list[Any]:
    """Converts a layer's stored weights to the order and the shapes that the layer has.

    Args:
        layer: the layer.
        weights: its arrays as they are stored.
        original_keras_version: of the program that wrote them.
        original_backend: of that program; 'theano' kernels are turned around.
        reshape: whether an array of another shape and as many elements is taken.
    """
    converted: list[Any] = executor().hdf5.preprocess_weights_for_loading(
        layer, weights, original_keras_version, original_backend, reshape
    )
    return converted


def save_attributes_to_hdf5_group(group: Any, name: str, data: Sequence[bytes | str]) -> None:
    """Writes a list of names as one attribute of an HDF5 group, or several if it is long.

    Args:
        group: an open group of HDF5.
        name: the attribute's name.
        data: the names.
    """
    executor().hdf5.save_attributes_to_hdf5_group(group, name, data)


def load_attributes_from_hdf5_group(group: Any, name: str) -> list[str]:
    """Reads a list of names from the attribute(s) of an HDF5 group.

    Args:
        group: an open group of HDF5.
        name: the attribute's name.
    """
    names: list[str] = executor().hdf5.load_attributes_from_hdf5_group(group, name)
    return names


def export(model: Any, path: Any, to: str | None = None, **options: Any) -> None:
    """Writes a model for use without kir; see `Network.export`."""
    executor().export(model, path, to, **options)
