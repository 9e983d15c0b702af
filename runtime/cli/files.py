"""Architectures and models in files, by the files' names."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from kir.errors import ConfigError

HDF5_SUFFIXES = (".h5", ".hdf5")

# The formats of architectures, and the suffixes of their files.
FORMATS = {
    "json": (".json",),
    "yaml": (".yaml", ".yml"),
    "text": (".kirt",),
    "proto": (".kirpb",),
}


def format_of(path: Path) -> str:
    """The format that a file's name stands for.

    Raises:
        ConfigError: none.
    """
    suffix = path.suffix.lower()
    for name, suffixes in FORMATS.items():
        if suffix in suffixes:
            return name
    known = [s for suffixes in FORMATS.values() for s in suffixes]
    near = difflib.get_close_matches(suffix, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigError(
        f"{path.name!r}: the suffix {suffix!r} stands for no format of architectures; expected "
        f"{', '.join(known)}.{hint}"
    )


def read_architecture(path: Path) -> Any:
    """The model that a file describes: an architecture, or an HDF5 model with its weights.

    Needs no TensorFlow.

    Raises:
        FileFormatError: the file is malformed or damaged.
        ConfigError: it holds no architecture, or a layer that is unknown or wrong.
    """
    if path.suffix.lower() in HDF5_SUFFIXES:
        return load_model(path, compile=False)
    # TEMPORARY
    try:
        from kir.serde import architecture
    except ImportError:
        from kir.models import model_from_json, model_from_yaml

        return (model_from_json if path.suffix == ".json" else model_from_yaml)(path.read_text())

    return architecture.read_architecture(path)


def load_model(path: Path, compile: bool = True) -> Any:
    """The model in an HDF5 file; see `kir.models.load_model`."""
    # Here and not above: it loads h5py, which the text formats do without.
    from runtime import hdf5

    return hdf5.load_model(path, compile=compile)
