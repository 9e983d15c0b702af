"""The weights of a Keras 3 archive: an HDF5 file with a group for each layer."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from kir.engine.variable import Variable, compute_initial_values
from kir.errors import FileFormatError, ShapeError
from kir.serde.keras3.hard_sigmoid import factors, scaled
from kir.serde.keras3.places import Place, places
from runtime.hdf5.opening import open_to_read, reporting_damage
from runtime.hdf5.recurrent_weights import convert_recurrent
from runtime.hdf5.safety import check_datasets

VARIABLES = "vars"
OPTIMIZER = "optimizer"


def write_weights(
    config: Mapping[str, Any], model: Any, optimizer: Sequence[np.ndarray] | None
) -> bytes:
    """The file's content.

    Args:
        config: the model in the form of Keras 3.
        model: the model.
        optimizer: the variables of the optimizer as Keras 3 numbers them, or None.
    """
    compute_initial_values([w for w in model.weights if isinstance(w, Variable)])
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for place in places(config, model):
            arrays = [w.get_value() for w in place.weights]
            if type(place.layer).__name__.startswith("CuDNN"):
                arrays = _plain(place.layer, arrays)
            else:
                arrays = scaled(arrays, factors(place.layer))
            _write_group(file, place.path, arrays)
        if optimizer is not None:
            _write_group(file, OPTIMIZER, optimizer)
    return buffer.getvalue()


def _plain(layer: Any, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The weights of cuDNN's layer for the plain one that is written in its place."""
    kind = type(layer).__name__.removeprefix("CuDNN")
    width = arrays[0].shape[1]
    bias = (2, width) if kind == "GRU" else (width,)
    return convert_recurrent(kind, layer.name, [arrays[0].shape, arrays[1].shape, bias], arrays)


def _write_group(file: h5py.File, path: str, arrays: Sequence[np.ndarray]) -> None:
    group = file.require_group(f"{path}/{VARIABLES}" if path else VARIABLES)
    for i, array in enumerate(arrays):
        group.create_dataset(str(i), data=array)


def read_weights(content: bytes, config: Mapping[str, Any], model: Any) -> list[np.ndarray]:
    """Assigns a file's weights to a model.

    Args:
        content: of the file.
        config: the model in the form of Keras 3.
        model: the model that was made of it; unchanged if anything raises.

    Returns:
        The variables of the optimizer as Keras 3 numbers them; empty if there are none.

    Raises:
        FileFormatError: the file is damaged, or lacks the weights of a layer.
        UnsafeFileError: it refers to other files, or declares far more than it stores.
        ShapeError: a weight has another shape than the layer's.
    """
    with open_to_read(io.BytesIO(content)) as file, reporting_damage(file):
        root = _root(file)
        plan = [(place, _datasets(file, root, place)) for place in places(config, model)]
        states = _optimizer_datasets(file)
        check_datasets([*(d for _, found in plan for d in found), *states] or [])
        values = [(place, [np.asarray(d[()]) for d in found]) for place, found in plan]
        optimizer = [np.asarray(d[()]) for d in states]
    assignments = [pair for place, arrays in values for pair in _fitted(place, arrays)]
    for weight, array in assignments:
        weight.set_value(array)
    return optimizer


def _root(file: Any) -> str:
    """The group of a model's layers: that of Keras 3, or of tf.keras 2.12 to 2.15."""
    old = "_layer_checkpoint_dependencies"
    return old if old in file else "layers"


def _datasets(file: Any, root: str, place: Place) -> list[Any]:
    path = "/".join(root if part == "layers" else part for part in place.path.split("/"))
    group = file.get(f"{path}/{VARIABLES}")
    if not isinstance(group, h5py.Group):
        raise FileFormatError(
            f"The weights hold nothing for the layer {place.layer.name!r}: there is no group "
            f"{path + '/' + VARIABLES!r}. The archive is incomplete; save it again."
        )
    return _numbered(group, place.layer.name, len(place.weights))


def _numbered(group: Any, name: str, expected: int | None) -> list[Any]:
    found = [group.get(str(i)) for i in range(len(group))]
    if not all(isinstance(one, h5py.Dataset) for one in found):
        raise FileFormatError(
            f"The weights of {name!r} are {sorted(group)[:8]}; expected arrays that are numbered "
            "from 0. It may be quantized, which kir does not read."
        )
    if expected is not None and len(found) != expected:
        raise FileFormatError(
            f"The file holds {len(found)} weights of the layer {name!r}, which has {expected}. It "
            "was saved with other arguments."
        )
    return found


def _optimizer_datasets(file: Any) -> list[Any]:
    group = file.get(f"{OPTIMIZER}/{VARIABLES}")
    return _numbered(group, OPTIMIZER, None) if isinstance(group, h5py.Group) else []


def _fitted(place: Place, arrays: list[np.ndarray]) -> list[tuple[Any, np.ndarray]]:
    pairs = list(zip(place.weights, arrays, strict=True))
    for weight, array in pairs:
        if array.shape != tuple(weight.shape):
            raise ShapeError(
                f"Layer {place.layer.name!r}, weight {weight.name!r} has the shape "
                f"{tuple(weight.shape)}; the archive holds {array.shape}. It was saved with other "
                "arguments."
            )
    return pairs
