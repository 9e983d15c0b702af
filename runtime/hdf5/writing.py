"""From named arrays to groups and data sets in Keras's layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from kir.engine.variable import Variable, compute_initial_values
from runtime.hdf5 import layout


def write_layers(group: h5py.Group, layers: Sequence[Any]) -> None:
    """Writes every layer's weights, and the lists of names, into `group`.

    Args:
        group: an empty group, or the root of a new file.
        layers: a model's layers; those without weights are listed too.
    """
    compute_initial_values(
        [w for layer in layers for w in layer.weights if isinstance(w, Variable)]
    )
    layout.save_attributes_to_hdf5_group(
        group, layout.LAYER_NAMES, [layer.name for layer in layers]
    )
    write_origin(group)
    for layer in layers:
        weights = layer.weights
        write_arrays(
            group.create_group(layer.name),
            [getattr(w, "name", None) for w in weights],
            [w.get_value() for w in weights],
        )


def write_origin(group: h5py.Group) -> None:
    """Says whose layout this is, in the words that readers of Keras files look for."""
    layout.write_text(group, "backend", layout.BACKEND)
    layout.write_text(group, "keras_version", layout.KERAS_VERSION)


def write_arrays(
    group: h5py.Group, names: Sequence[str | None], arrays: Sequence[np.ndarray]
) -> None:
    """Writes arrays as data sets of `group`, and the list of their names in order."""
    unique = unique_names(names)
    layout.save_attributes_to_hdf5_group(group, layout.WEIGHT_NAMES, unique)
    for name, array in zip(unique, arrays, strict=True):
        group.create_dataset(name, data=np.asarray(array))


def unique_names(names: Sequence[str | None]) -> list[str]:
    """Names under which data sets of one group can be written.

    Keras reads a layer's weights by position, so a weight that shares its name with another one
    (two wrapped layers of the same name, say) may be renamed without harm.
    """
    unique: list[str] = []
    taken: set[str] = set()
    for i, given in enumerate(names):
        name = candidate = given or f"param_{i}"
        count = 1
        while candidate in taken:
            candidate = f"{name}_{count}"
            count += 1
        taken.add(candidate)
        unique.append(candidate)
    return unique
