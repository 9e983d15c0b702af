"""Names in Keras's HDF5 layout, and lists of names as attributes.

A weights file::

    /                    attributes layer_names, backend, keras_version
    /<layer>             attribute weight_names
    /<layer>/<weight>    data set; a weight's name has slashes of its own: dense_1/kernel:0

A model file keeps that tree below `/model_weights` and adds::

    /                    attributes keras_version, backend, model_config, training_config
    /optimizer_weights   attribute weight_names, and the data sets

Keras 0.3 numbered both: /layer_0/param_0, with the attributes nb_layers and nb_params.

HDF5 holds an attribute in the header of its object, which has at most 64 kB. A longer list of
names is cut into the attributes `layer_names0`, `layer_names1` and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from kir.errors import FileFormatError

KERAS_VERSION = "2.2.4"
BACKEND = "tensorflow"

MODEL_CONFIG = "model_config"
TRAINING_CONFIG = "training_config"
MODEL_WEIGHTS = "model_weights"
OPTIMIZER_WEIGHTS = "optimizer_weights"
LAYER_NAMES = "layer_names"
WEIGHT_NAMES = "weight_names"
LAYER_COUNT = "nb_layers"
WEIGHT_COUNT = "nb_params"

ATTRIBUTE_LIMIT = 64512
"""Bytes that one attribute may take, as Keras counts them: 64 kB less a header's own needs."""

_POINTER = 16
"""Bytes in the header for one string of variable length."""

_TEXT = h5py.string_dtype("ascii")


def write_text(group: h5py.Group, name: str, text: str) -> None:
    """Writes one text as Keras does: UTF-8 bytes, declared as ASCII."""
    group.attrs.create(name, text.encode(), dtype=_TEXT)


def read_text(group: h5py.Group, name: str) -> str | None:
    """An attribute's text, or None if there is no such attribute."""
    value = group.attrs.get(name)
    return None if value is None else decoded(value)


def decoded(value: Any) -> str:
    """Text from an attribute: files differ in whether they hold bytes or text."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        return str(value)
    raise FileFormatError(f"A text was expected in an attribute of the file; found {value!r:.80}.")


def save_attributes_to_hdf5_group(
    group: h5py.Group, name: str, data: Sequence[bytes | str]
) -> None:
    """Writes a list of names as one attribute, or as several if it is too long for one.

    Args:
        group: the group that gets the attribute(s).
        name: the attribute's name; a number is appended to it if there are several.
        data: the names.

    Raises:
        RuntimeError: a single name is longer than an attribute can be.
    """
    names = [x.encode() if isinstance(x, str) else bytes(x) for x in data]
    if not names:
        # Keras 2.2: an empty list becomes an empty array of floats.
        group.attrs.create(name, np.zeros((0,)))
        return
    longest = max(map(len, names))
    if longest > ATTRIBUTE_LIMIT:
        raise RuntimeError(
            f"A name in {name!r} of {group.name!r} has {longest} bytes; an HDF5 attribute holds at "
            f"most {ATTRIBUTE_LIMIT}. Give the layer a shorter name."
        )
    chunks = np.array_split(np.array(names), chunk_count(len(names), longest))
    if len(chunks) == 1:
        group.attrs.create(name, names, dtype=_TEXT)
        return
    for i, chunk in enumerate(chunks):
        group.attrs.create(f"{name}{i}", chunk)


def chunk_count(count: int, longest: int) -> int:
    """The least number of attributes that hold `count` names of at most `longest` bytes."""
    per_attribute = ATTRIBUTE_LIMIT // max(longest, _POINTER)
    return -(-count // per_attribute)


def load_attributes_from_hdf5_group(group: h5py.Group, name: str) -> list[str]:
    """Reads a list of names, however many attributes it was cut into.

    Args:
        group: the group with the attribute(s).
        name: the attribute's name, without a number.

    Returns:
        The names; an empty list if there is no such attribute.
    """
    if name in group.attrs:
        return _names(group.attrs[name])
    names: list[str] = []
    chunk = 0
    while f"{name}{chunk}" in group.attrs:
        names += _names(group.attrs[f"{name}{chunk}"])
        chunk += 1
    return names


def has_names(group: h5py.Group, name: str) -> bool:
    """Whether the group has a list of names called `name`, whole or cut."""
    return name in group.attrs or f"{name}0" in group.attrs


def _names(value: Any) -> list[str]:
    return [decoded(x) for x in np.asarray(value).reshape(-1)]
