"""Writes the logs of the epochs to a CSV file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any, TextIO

import numpy as np

from runtime.callbacks.base import Callback, Logs


class CSVLogger(Callback):
    """Streams the logs of each epoch to a file of comma-separated values.

    The columns are ``epoch`` and the names in the first epoch's logs, sorted. A value that an epoch
    lacks (as validation does when training was stopped within the epoch) is written as ``NA``.

    Args:
        filename: the file.
        separator: what separates the columns.
        append: whether to add to the file if it exists, under the header that it has.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = filename
        self.sep = separator
        self.append = append
        self.append_header = True
        self.keys: list[str] | None = None
        self.csv_file: TextIO | None = None
        self.writer: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Opens the file."""
        if self.append and os.path.exists(self.filename):
            self.append_header = os.path.getsize(self.filename) == 0
        mode = "a" if self.append else "w"
        # Kept open over the epochs and closed by `on_train_end`. csv ends rows with \r\n itself.
        self.csv_file = open(self.filename, mode, newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the epoch's row."""
        logs = logs or {}
        assert self.csv_file is not None
        if self.keys is None:
            self.keys = sorted(logs)
        if self.writer is None:
            self.writer = csv.writer(self.csv_file, delimiter=self.sep)
            if self.append_header:
                self.writer.writerow(["epoch", *self.keys])
        self.writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        self.csv_file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the file."""
        if self.csv_file is not None:
            self.csv_file.close()
        self.csv_file = self.writer = None


def _cell(value: Any) -> Any:
    is_scalar = isinstance(value, str) or (isinstance(value, np.ndarray) and value.ndim == 0)
    if isinstance(value, Iterable) and not is_scalar:
        # Keras 2.2: the quotes are part of the text and so come out doubled.
        return f'"[{", ".join(map(str, value))}]"'
    return value
