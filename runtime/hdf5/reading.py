"""From a file to plain objects, before any layer is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import h5py
import numpy as np
from h5py import h5d  # pyright: ignore[reportAttributeAccessIssue]  # not in its stubs

from kir.errors import FileFormatError
from runtime.hdf5 import layout
from runtime.hdf5.mapping import DatasetID, copied, find_place, mapped
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

    def datasets(self) -> list[DatasetID]:
        """The data sets, opened but not read.

        Raises:
            FileFormatError: one is missing.
        """
        with reporting_damage(self.group):
            return [self._open(name) for name in self.names]

    def _open(self, name: str) -> DatasetID:
        try:
            # A third of the time that h5py's own objects take: files have thousands of arrays.
            return h5d.open(self.group.id, name.encode())
        except (KeyError, OSError, RuntimeError, TypeError, ValueError):
            return member(self.group, name, h5py.Dataset).id  # says what is wrong


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
        if layout.LAYER_COUNT in group.attrs:
            return _find_numbered(group)
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


def _find_numbered(group: h5py.Group) -> StoredWeights:
    """The layout of Keras 0.3: ``layer_0/param_0``, with the counts as attributes."""
    check_attributes(group)
    layers = []
    for name in _numbered(group, layout.LAYER_COUNT, "layer"):
        layer = member(group, name, h5py.Group)
        check_attributes(layer)
        params = tuple(_numbered(layer, layout.WEIGHT_COUNT, "param"))
        layers.append(StoredLayer(name, StoredArrays(layer, params)))
    return StoredWeights(layers, keras_version="0", backend=None)


def _numbered(group: h5py.Group, attribute: str, stem: str) -> list[str]:
    count = group.attrs.get(attribute)
    if not isinstance(count, int | np.integer) or not 0 <= count <= len(group):
        raise FileFormatError(
            f"Attribute {attribute!r} of {group.name!r} in {group.file.filename!r} is "
            f"{count!r:.80}, but the group has {len(group)} members; the file is damaged."
        )
    return [f"{stem}_{number}" for number in range(int(count))]


def find_arrays(group: h5py.Group) -> StoredArrays:
    """The arrays that the attribute `weight_names` of a group lists."""
    check_attributes(group)
    return StoredArrays(
        group, tuple(layout.load_attributes_from_hdf5_group(group, layout.WEIGHT_NAMES))
    )


def read_arrays(stored: Iterable[StoredArrays]) -> list[list[np.ndarray]]:
    """Reads several groups' arrays, after all of them have been found safe to read."""
    groups = list(stored)
    datasets = [arrays.datasets() for arrays in groups]
    if not any(datasets):
        return [[] for _ in groups]
    file = groups[0].group.file
    # A damaged data type shows only when it is asked for.
    with mapped(file) as content, reporting_damage(file):
        places = [[find_place(d, content) for d in group] for group in datasets]
        check_datasets(
            [
                h5py.Dataset(d)
                for group, found in zip(datasets, places, strict=True)
                for d, place in zip(group, found, strict=True)
                if place is None
            ]
        )
        return [
            [
                _read(h5py.Dataset(d)) if place is None else copied(place, content)
                for d, place in zip(group, found, strict=True)
            ]
            for group, found in zip(datasets, places, strict=True)
        ]


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
