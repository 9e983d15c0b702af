"""From a file to plain objects, before any layer is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import h5py
import numpy as np

from kir.errors import FileFormatError
from runtime.hdf5 import layout
from runtime.hdf5.opening import reporting_damage
from runtime.hdf5.safety import check_attributes, check_datasets

Item = TypeVar("Item", h5py.Group, h5py.Dataset)


@dataclass(frozen=True)
class StoredArrays:
    """Named arrays of one group, still in the file.

    Attributes:
        group: the group that holds them.
        names: their names in file order.
    """

    group: h5py.Group
    names: tuple[str, ...]

    def datasets(self) -> list[h5py.Dataset]:
        """The data sets, opened but not read.

        Raises:
            FileFormatError: one is missing.
        """
        with reporting_damage(self.group):
            return [member(self.group, name, h5py.Dataset) for name in self.names]


@dataclass(frozen=True)
class StoredLayer:
    """One layer of a weights file."""

    name: str
    arrays: StoredArrays


@dataclass(frozen=True)
class StoredWeights:
    """The weights of a model as a file holds them.

    Attributes:
        layers: in file order, those without weights included.
        keras_version: of the writer; '1' where the file does not say, as its files did not.
        backend: of the writer, or None.
    """

    layers: list[StoredLayer]
    keras_version: str
    backend: str | None


def find_weights(group: h5py.Group) -> StoredWeights:
    """Finds the layers and the names of their weights; reads no array.

    Args:
        group: the root of a weights file or of a model file.

    Raises:
        FileFormatError: the group holds no weights in Keras's layout.
    """
    with reporting_damage(group):
        group = weights_group(group)
        names = layout.load_attributes_from_hdf5_group(group, layout.LAYER_NAMES)
        return StoredWeights(
            layers=[
                StoredLayer(name, find_arrays(member(group, name, h5py.Group))) for name in names
            ],
            keras_version=layout.read_text(group, "keras_version") or "1",
            backend=layout.read_text(group, "backend"),
        )


def weights_group(group: h5py.Group) -> h5py.Group:
    """The group whose attribute lists the layers: the root, or in a model one level down.

    Raises:
        FileFormatError: there is none.
    """
    if not layout.has_names(group, layout.LAYER_NAMES) and layout.MODEL_WEIGHTS in group:
        group = member(group, layout.MODEL_WEIGHTS, h5py.Group)
    if not layout.has_names(group, layout.LAYER_NAMES):
        hint = " It may be a `.weights.h5` file of Keras 3." if "layers" in group else ""
        raise FileFormatError(
            f"{group.file.filename!r} holds no weights in Keras's layout: {group.name!r} has "
            f"no attribute {layout.LAYER_NAMES!r}.{hint}"
        )
    check_attributes(group)
    return group


def find_arrays(group: h5py.Group) -> StoredArrays:
    """The arrays that the attribute `weight_names` of a group lists."""
    check_attributes(group)
    return StoredArrays(
        group, tuple(layout.load_attributes_from_hdf5_group(group, layout.WEIGHT_NAMES))
    )


def read_arrays(stored: Iterable[StoredArrays]) -> list[list[np.ndarray]]:
    """Reads several groups' arrays, after all of them have been found safe to read."""
    datasets = [arrays.datasets() for arrays in stored]
    check_datasets([d for group in datasets for d in group])
    return [[_read(d) for d in group] for group in datasets]


def _read(dataset: h5py.Dataset) -> np.ndarray:
    with reporting_damage(dataset):
        return np.asarray(dataset[()])


def member(group: h5py.Group, name: str, kind: type[Item]) -> Item:
    """The group or data set of that name.

    Raises:
        FileFormatError: it is missing or of another kind.
    """
    item = group.get(name)
    if isinstance(item, kind):
        return item
    what = "group" if kind is h5py.Group else "data set"
    raise FileFormatError(
        f"{group.file.filename!r} is incomplete: the {what} {name!r} that {group.name!r} lists "
        + ("is missing." if item is None else f"is a {type(item).__name__}.")
    )
