"""An HDF5 group, or a Python dictionary, behind one interface."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from kir.errors import ConfigError, DTypeError, MissingKeyError
from runtime.hdf5 import layout
from runtime.hdf5.opening import opened

_IS_GROUP = "_is_group"


class H5Dict:
    """A dictionary that is kept in an HDF5 file: arrays as data sets, all else as attributes.

    A key that is not there gives a new, empty group, which is a dictionary as well.

    Args:
        path: a file, an open h5py group, or a dictionary.
        mode: 'r' to read, 'w' to begin empty, 'a' to read and write.

    Reference:
        Keras 2.2.4, keras.utils.h5dict.

    Example:
        >>> saved = H5Dict("model.h5", mode="w")
        >>> saved["weights"]["kernel"] = np.ones((2, 3))
        >>> saved.close()
    """

    def __init__(self, path: Any, mode: str = "a") -> None:
        self.read_only = mode == "r"
        self._is_file = False
        self.data: Any
        if isinstance(path, h5py.Group | dict):
            self.data = path
        elif isinstance(path, str | os.PathLike):
            self.data = opened(path) if self.read_only else h5py.File(path, mode)
            self._is_file = True
        else:
            raise DTypeError(
                f"H5Dict takes a file's path, an h5py group or a dictionary; got {path!r:.80}."
            )
        if isinstance(path, dict):
            if mode == "w":
                path.clear()
            path[_IS_GROUP] = True

    def __setitem__(self, attr: str, val: Any) -> None:
        if self.read_only:
            raise ConfigError(f"H5Dict: {attr!r} cannot be set, as it was opened with mode 'r'.")
        if isinstance(self.data, dict):
            self.data[attr] = val
            return
        if attr in self.data:
            raise MissingKeyError(f"H5Dict: {attr!r} cannot be set: a group or array has the name.")
        if isinstance(val, np.ndarray | np.generic):
            self.data.create_dataset(attr, data=val)
        elif isinstance(val, list | tuple) and val and all(isinstance(x, bytes | str) for x in val):
            layout.save_attributes_to_hdf5_group(self.data, attr, val)
        else:
            self.data.attrs[attr] = val

    def __getitem__(self, attr: str) -> Any:
        if isinstance(self.data, dict):
            return self._item_of_dict(attr)
        if attr in self.data.attrs:
            value = self.data.attrs[attr]
            is_text = isinstance(value, np.ndarray) and value.dtype.kind in "SO"
            return [_encoded(x) for x in value.tolist()] if is_text else value
        if attr in self.data:
            found = self.data[attr]
            return np.asarray(found) if isinstance(found, h5py.Dataset) else self._child(found)
        if layout.has_names(self.data, attr):
            return [x.encode() for x in layout.load_attributes_from_hdf5_group(self.data, attr)]
        if self.read_only:
            raise ConfigError(f"H5Dict: there is no {attr!r}, and mode 'r' makes no group.")
        return self._child(self.data.create_group(attr))

    def _item_of_dict(self, attr: str) -> Any:
        if attr in self.data:
            value = self.data[attr]
            is_group = isinstance(value, dict) and value.get(_IS_GROUP)
            return self._child(value) if is_group else value
        if self.read_only:
            raise ConfigError(f"H5Dict: there is no {attr!r}, and mode 'r' makes no group.")
        self.data[attr] = {_IS_GROUP: True}
        return self._child(self.data[attr])

    def _child(self, data: Any) -> H5Dict:
        child = H5Dict(data)
        child.read_only = self.read_only
        return child

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def iter(self) -> Iterator[str]:
        """The names of the groups and arrays."""
        return iter(self.data)

    def __contains__(self, key: object) -> bool:
        if isinstance(self.data, dict):
            return key in self.data
        return key in self.data or layout.has_names(self.data, str(key))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, or `default` if there is none; no group is made."""
        if key not in self:
            return default
        return self[key]

    def update(self, *args: Any) -> None:
        """Sets what the dictionaries hold."""
        for arg in args:
            for key in arg:
                self[key] = arg[key]

    def close(self) -> None:
        """Writes what is left to be written, and closes the file if it was opened here."""
        if isinstance(self.data, h5py.Group):
            if not self.read_only:
                self.data.file.flush()
            if self._is_file:
                self.data.file.close()


def _encoded(value: Any) -> Any:
    """Texts of a list as Keras gives them: bytes."""
    return value.encode() if isinstance(value, str) else value
