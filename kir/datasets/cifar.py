"""What the files of CIFAR-10 and CIFAR-100 hold."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from kir.errors import UnsafeFileError
from kir.settings import image_data_format

__all__ = ["load_batch"]

# Of what pickle may make from these files; they hold dictionaries, lists, numbers and arrays.
_ALLOWED = {
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "_reconstruct"),
}


class _ArrayUnpickler(pickle.Unpickler):
    """Reads pickled arrays, and refuses whatever else a pickle can do."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in _ALLOWED:
            raise UnsafeFileError(
                f"The CIFAR file asks for {module_name}.{global_name}, which the real one does "
                "not. Delete it, so that it is downloaded again."
            )
        # NumPy's old name for it still works, with a warning.
        return super().find_class(module_name.replace("numpy.core", "numpy._core"), global_name)


def load_batch(fpath: Any, label_key: str = "labels") -> tuple[np.ndarray, Any]:
    """Reads one of the files.

    Args:
        fpath: the file.
        label_key: which labels.

    Returns:
        uint8 (images, 3, 32, 32), and the list of the labels
    """
    with open(fpath, "rb") as file:
        # Written by Python 2: its strings are bytes here.
        batch = _ArrayUnpickler(file, encoding="bytes").load()
    batch = {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()}
    data = batch["data"]
    return data.reshape(len(data), 3, 32, 32), batch[label_key]


def arranged(x: np.ndarray, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images in the backend's order of axes, and labels as a column."""
    if image_data_format() == "channels_last":
        x = x.transpose(0, 2, 3, 1)
    return x, np.reshape(labels, (-1, 1))
