"""A data set of an HDF5 file as the data of a model, read row by row when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from kir.errors import ConfigError, LabelError, MissingKeyError
from runtime.hdf5.opening import opened


class HDF5Matrix:
    """Rows of a data set, which stay in the file until they are asked for.

    It may stand for an array in `fit`, `evaluate` and `predict`, with ``shuffle='batch'`` or
    ``shuffle=False``. It may be sent to other processes, where the file is opened again.

    Args:
        datapath: the file.
        dataset: path of the data set within the file.
        start: the first row.
        end: the row behind the last; all rows if None.
        normalizer: applied to what is read.

    Reference:
        https://keras.io/utils (Keras 2.2.4).

    Example:
        >>> x = HDF5Matrix("data.h5", "images", end=1000)
        >>> model.fit(x, HDF5Matrix("data.h5", "labels", end=1000), shuffle="batch")
    """

    def __init__(
        self,
        datapath: Any,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[Any], Any] | None = None,
    ) -> None:
        self.datapath = datapath
        self.dataset = dataset
        self.data = self._open()
        rows = self.data.shape[0]
        self.start = start
        self.end = rows if end is None else end
        if not 0 <= self.start <= self.end <= rows:
            raise ConfigError(
                f"HDF5Matrix: rows {self.start} to {self.end} were asked for; {dataset!r} of "
                f"{str(datapath)!r} has {rows}."
            )
        self.normalizer = normalizer

    def _open(self) -> h5py.Dataset:
        file = opened(self.datapath)
        found = file.get(self.dataset)
        if not isinstance(found, h5py.Dataset) or not found.shape:
            held = ", ".join(file) or "nothing"
            file.close()
            raise MissingKeyError(
                f"HDF5Matrix: {str(self.datapath)!r} has no array {self.dataset!r}; "
                f"it holds {held}."
            )
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "data"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.data = self._open()

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> Any:
        """The rows of a number, a slice, or a list or array of numbers or of booleans."""
        rows = self._read(key)
        return rows if self.normalizer is None else self.normalizer(rows)

    def _read(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self._read_slice(key)
        if isinstance(key, int | np.integer):
            return self.data[self.start + int(self._checked(np.array([key]))[0])]
        rows = np.asarray(key)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        rows = self._checked(rows.astype(np.int64))
        # HDF5 reads rows in their order in the file, and each once.
        ordered, places = np.unique(rows, return_inverse=True)
        return self.data[ordered + self.start][places.reshape(rows.shape)]

    def _read_slice(self, key: slice) -> Any:
        if key.stop is not None and key.stop > len(self):
            raise LabelError(
                f"HDF5Matrix: rows up to {key.stop} were asked for; there are {len(self)}."
            )
        first, stop, step = key.indices(len(self))
        if step > 0:
            return self.data[self.start + first : self.start + max(stop, first) : step]
        return self._read(np.arange(first, stop, step))

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        """Row numbers from 0 on; negative ones count from the end."""
        outside = rows[(rows < -len(self)) | (rows >= len(self))]
        if outside.size:
            raise LabelError(
                f"HDF5Matrix: row {outside[0]} was asked for; there are {len(self)} rows."
            )
        return np.where(rows < 0, rows + len(self), rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the rows, normalized."""
        if self.normalizer is None:
            return (len(self), *self.data.shape[1:])
        return (len(self), *np.shape(self[0:1])[1:])

    @property
    def dtype(self) -> np.dtype:
        """Of the rows, normalized."""
        return self.data.dtype if self.normalizer is None else np.asarray(self[0:1]).dtype

    @property
    def ndim(self) -> int:
        """The number of axes of the data set."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape))
