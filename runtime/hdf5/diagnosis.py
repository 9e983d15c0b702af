"""Everything that is wrong with the weights in a file, where loading them stops at the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import h5py
import numpy as np

from kir.errors import KirError
from runtime.checking.values import bad_numbers
from runtime.hdf5 import layout
from runtime.hdf5.opening import open_to_read, reporting_damage
from runtime.hdf5.reading import (
    StoredArrays,
    find_arrays,
    find_weights,
    member,
    read_arrays,
    weights_group,
)
from runtime.hdf5.weights import Layer, count_fault


@dataclass
class Diagnosis:
    """What a file of weights holds, and what is wrong with it.

    Attributes:
        layers: names of the layers in the file.
        arrays: how many arrays could be read.
        numbers: how many numbers they hold.
        faults: (layer or None, weight or None, what is wrong).
    """

    layers: list[str] = field(default_factory=list)
    arrays: int = 0
    numbers: int = 0
    faults: list[tuple[str | None, str | None, str]] = field(default_factory=list)


def diagnose(path: str, layers: Sequence[Layer] | None = None) -> Diagnosis:
    """Looks at all the weights in a file.

    Args:
        path: a file of `save_weights` or of `save_model`.
        layers: those that are to take the weights, in order; None compares with none.

    Raises:
        FileFormatError: the file cannot be opened, or holds no weights.
        UnsafeFileError: it refers to other files.
    """
    found = Diagnosis()
    with open_to_read(path) as file:
        with reporting_damage(file):
            group = weights_group(file)
            names = layout.load_attributes_from_hdf5_group(group, layout.LAYER_NAMES)
        stored = {name: _read(found, group, name) for name in names}
        found.layers = list(stored)
        if layers is not None:
            found.faults += _mismatches(stored, layers)
    return found


def list_weights(path: str) -> list[tuple[str, str, tuple[int, ...], str]]:
    """The weights in a file: (layer, weight, shape, dtype) each; no number is read.

    Raises:
        FileFormatError: the file cannot be opened, is damaged, or holds no weights.
        UnsafeFileError: it refers to other files.
    """
    with open_to_read(path) as file, reporting_damage(file):
        return [
            (layer.name, name, tuple(dataset.shape), str(dataset.dtype))
            for layer in find_weights(file).layers
            for name, dataset in zip(layer.arrays.names, layer.arrays.datasets(), strict=True)
        ]


def _read(found: Diagnosis, group: h5py.Group, layer: str) -> dict[str, np.ndarray] | None:
    """The arrays of a layer; None if it cannot be read at all."""
    try:
        with reporting_damage(group):
            stored = find_arrays(member(group, layer, h5py.Group))
    except KirError as error:
        found.faults.append((layer, None, str(error)))
        return None
    arrays: dict[str, np.ndarray] = {}
    for name in stored.names:
        try:
            value = read_arrays([StoredArrays(stored.group, (name,))])[0][0]
        except KirError as error:
            found.faults.append((layer, name, str(error)))
            continue
        arrays[name] = value
        found.arrays += 1
        found.numbers += value.size
        fault = bad_numbers(value)
        if fault:
            found.faults.append((layer, name, fault))
    return arrays if len(arrays) == len(stored.names) else None


def _mismatches(
    stored: dict[str, dict[str, np.ndarray] | None], layers: Sequence[Layer]
) -> Iterator[tuple[str | None, str | None, str]]:
    """Where the weights in the file and those of the layers differ, compared in order."""
    targets = [layer for layer in layers if layer.weights]
    sources = [(name, arrays) for name, arrays in stored.items() if arrays is None or arrays]
    if len(targets) != len(sources):
        yield (
            None,
            None,
            f"The file holds weights of {len(sources)} layers, and the model has {len(targets)} "
            "layers with weights. " + _difference([n for n, _ in sources], targets),
        )
        return
    for layer, (name, arrays) in zip(targets, sources, strict=True):
        if arrays is None:
            continue  # reported when it was read
        if len(arrays) != len(layer.weights):
            title = f"The layer ({name!r} in the file)"
            yield layer.name, None, count_fault(title, layer, list(arrays.values()))
            continue
        for weight, (stored_name, value) in zip(layer.weights, arrays.items(), strict=True):
            if value.shape != tuple(weight.shape):
                message = (
                    f"In the model the shape is {tuple(weight.shape)}, and in the file "
                    f"{value.shape} (layer {name!r}). Build the layer with the arguments it had "
                    "when it was saved."
                )
                yield layer.name, stored_name, message


def _difference(sources: list[str], targets: Sequence[Layer]) -> str:
    names = [layer.name for layer in targets]
    only_file = [name for name in sources if name not in names]
    only_model = [name for name in names if name not in sources]
    return (
        f"Only in the file: {', '.join(map(repr, only_file)) or 'none'}. "
        f"Only in the model: {', '.join(map(repr, only_model)) or 'none'}. Build the model as it "
        "was when it was saved, or load what has the same names with by_name=True."
    )
