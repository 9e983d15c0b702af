"""Models in files: architectures, and HDF5 models with their weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kir.errors import ConfigError, KirError
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
    return from_config(architecture.read_architecture, path)


def load_model(path: Path) -> Any:
    """The model in an HDF5 file, not compiled; see `kir.models.load_model`."""
    # Here and not above: it loads h5py, which the text formats do without.
    from runtime import hdf5

    return from_config(lambda file: hdf5.load_model(file, compile=False), path)


def from_config(read: Callable[[Any], Any], source: Any) -> Any:
    """`read(source)`, with an error of kir's for every config that makes no sense.

    A config can be wrong in more ways than the layers check (a list where a number belongs). No
    code of the user's runs here, so that any such error is about the file.

    Raises:
        ConfigError: the config does not fit.
    """
    try:
        return read(source)
    except (KirError, OSError):
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ConfigError(
            f"The config does not describe a model: {error} ({type(error).__name__}). Compare it "
            "with what model.to_json() writes."
        ) from error
