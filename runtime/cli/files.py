"""Models in files: architectures, and HDF5 models with their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kir.serde import architecture

HDF5_SUFFIXES = (".h5", ".hdf5")


def read_architecture(path: Path) -> Any:
    """The model that a file describes: an architecture, or an HDF5 model with its weights.

    Needs no TensorFlow.

    Raises:
        FileFormatError: the file is malformed or damaged.
        ConfigError: it holds no architecture, or a layer that is unknown or wrong.
    """
    if path.suffix.lower() in HDF5_SUFFIXES:
        return load_model(path)
    return architecture.read_architecture(path)


def load_model(path: Path) -> Any:
    """The model in an HDF5 file, not compiled; see `kir.models.load_model`."""
    # Here and not above: it loads h5py, which the text formats do without.
    from runtime import hdf5

    return hdf5.load_model(path, compile=False)
