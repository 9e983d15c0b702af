"""Data sets that come as a name or a file: the digits of scikit-learn, .npz and .csv files."""

from __future__ import annotations

import csv
import difflib
import os
import zipfile
import zlib
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kir.errors import ConfigError, DependencyError, FileFormatError, MissingFileError

DIGITS = "digits"
TEST_FRACTION = 0.2

# The split of the digits is part of the data set: it does not change with a run's seed.
_DIGITS_SEED = 0


@dataclass(frozen=True)
class Dataset:
    """Samples to train on and samples to test on.

    Attributes:
        name: what it was loaded from.
        x_train, y_train: inputs and targets to train on, (samples, ...).
        x_test, y_test: those that no training may see; perhaps no samples at all.
        split: how the two parts came about, in words.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    split: str


def load_dataset(
    source: str | os.PathLike[str],
    target: str | None = None,
    test_fraction: float = TEST_FRACTION,
    seed: int = 0,
) -> Dataset:
    """Loads a data set and splits it.

    Args:
        source: ``"digits"``; a .npz file with the arrays ``x`` and ``y``, or ``x_train``,
            ``y_train``, ``x_test`` and ``y_test``; or a .csv file of numbers, with or without a
            line of names.
        target: the column of a .csv file that holds the targets, by name or by number from 0,
            negative from the end; None is the last.
        test_fraction: fraction of the samples to test on, at least 0 and less than 1, where the
            file does not say which.
        seed: of the permutation that chooses them.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is damaged, or not laid out as above.
        ConfigError: an unknown column, kind of file or fraction.
        DependencyError: the digits need scikit-learn, which is not installed.
    """
    if str(source) == DIGITS:
        x, y = _digits()
        return _split(DIGITS, x, y, TEST_FRACTION, _DIGITS_SEED)
    path = _existing(source)
    if path.suffix.lower() == ".csv":
        x, y = _separate(*read_csv(path), target, path)
        return _split(path.name, x, y, test_fraction, seed)
    arrays = read_npz(path)
    given = ("x_train", "y_train", "x_test", "y_test")
    if all(name in arrays for name in given):
        x_train, y_train, x_test, y_test = (arrays[name] for name in given)
        _check_lengths(path.name, "x_train", x_train, "y_train", y_train)
        _check_lengths(path.name, "x_test", x_test, "y_test", y_test)
        return Dataset(path.name, x_train, y_train, x_test, y_test, "as in the file")
    if "x" in arrays and "y" in arrays:
        return _split(path.name, arrays["x"], arrays["y"], test_fraction, seed)
    raise FileFormatError(
        f"{path.name} holds the arrays {', '.join(arrays) or '(none)'}; expected x and y, or "
        "x_train, y_train, x_test and y_test. Write it with numpy.savez(path, x=..., y=...)."
    )


def load_inputs(
    source: str | os.PathLike[str], target: str | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Loads samples to predict for, and their targets where there are any.

    Args:
        source: as for `load_dataset`; of data that are split, the part to test on is meant.
        target: the column of a .csv file that holds the targets; None if all are inputs.

    Returns:
        (inputs, targets or None)

    Raises:
        MissingFileError, FileFormatError, ConfigError, DependencyError: as `load_dataset`.
    """
    if str(source) == DIGITS:
        digits = load_dataset(DIGITS)
        return digits.x_test, digits.y_test
    path = _existing(source)
    if path.suffix.lower() == ".csv":
        table, names = read_csv(path)
        return (table, None) if target is None else _separate(table, names, target, path)
    arrays = read_npz(path)
    for x, y in (("x", "y"), ("x_test", "y_test")):
        if x in arrays:
            return arrays[x], arrays.get(y)
    raise FileFormatError(
        f"{path.name} holds the arrays {', '.join(arrays) or '(none)'}; expected x or x_test."
    )


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a .npz file; arrays of Python objects are refused, as they could run code.

    Raises:
        FileFormatError: it is damaged, no .npz file, or holds something else than numbers.
    """
    try:
        # Opened here, as NumPy leaves a damaged file open.
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            if isinstance(file, np.ndarray):
                raise FileFormatError(
                    f"{path.name} is a single array (.npy); expected a .npz file with named "
                    "arrays. Write it with numpy.savez(path, x=..., y=...)."
                )
            arrays = {name: file[name] for name in file.files}
    except FileFormatError:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError(
            f"{path.name} is no intact .npz file of plain arrays: {error}"
        ) from error
    for name, values in arrays.items():
        if values.dtype.kind not in "biuf":
            raise FileFormatError(
                f"The array {name!r} of {path.name} holds {values.dtype}; expected numbers."
            )
        if values.ndim == 0:
            raise FileFormatError(
                f"The array {name!r} of {path.name} is a single number; expected (samples, ...)."
            )
    return arrays


def read_csv(path: Path) -> tuple[np.ndarray, list[str]]:
    """The numbers of a comma-separated file, and its columns' names (empty without a header).

    Shape:
        the numbers: (rows, columns)

    Raises:
        FileFormatError: a cell is no number, a row has another length, or there are no rows.
    """
    names: list[str] = []
    numbers = array("d")
    columns = 0
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for row in reader:
                if not row:
                    continue
                if not columns:
                    columns = len(row)
                    if _is_header(row):
                        names = [cell.strip() for cell in row]
                        continue
                place = f"{path.name}, line {reader.line_num}"
                if len(row) != columns:
                    raise FileFormatError(
                        f"{place}: {len(row)} columns, where the first line has {columns}."
                    )
                try:
                    numbers.extend(map(float, row))
                except ValueError as error:
                    raise _bad_cell(place, row, names) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(f"{path.name} is no comma-separated text: {error}.") from error
    if not numbers:
        raise FileFormatError(f"{path.name} holds no rows of numbers.")
    return np.array(numbers).reshape(-1, columns), names


def _bad_cell(place: str, row: list[str], names: list[str]) -> FileFormatError:
    index = next(i for i, cell in enumerate(row) if not _is_number(cell))
    column = repr(names[index]) if names else str(index)
    hint = " The file seems to be separated by ';'; use ','." if ";" in row[index] else ""
    return FileFormatError(
        f"{place}, column {column}: expected a number, got {row[index]!r}.{hint}"
    )


def _is_header(row: list[str]) -> bool:
    """Whether a first line holds names; whole numbers may be among them, as pandas writes them."""
    return not all(map(_is_number, row)) and all(
        cell.strip().isdigit() or (cell.strip() and not _is_number(cell)) for cell in row
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """The 1797 digits that scikit-learn holds: (samples, 8, 8, 1) from 0 to 1, and classes."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DependencyError(
            'The digits data set is part of scikit-learn: pip install "kir[demo]".'
        ) from error
    data, classes = (np.asarray(part) for part in load_digits(return_X_y=True))
    return data.reshape(-1, 8, 8, 1).astype("float32") / 16, classes.astype("int64")


def _existing(source: str | os.PathLike[str]) -> Path:
    path = Path(source)
    if path.suffix.lower() not in (".csv", ".npz"):
        raise ConfigError(
            f"Unknown data {str(source)!r}: expected {DIGITS!r} or a file ending in .npz or .csv."
        )
    if not path.is_file():
        raise MissingFileError(f"There is no file {str(path)!r}.")
    return path


def _separate(
    table: np.ndarray, names: list[str], target: str | None, path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a table."""
    column = _column(table.shape[1], names, target, path)
    if table.shape[1] < 2:
        raise FileFormatError(
            f"{path.name} has one column; expected inputs and a column of targets."
        )
    return np.delete(table, column, axis=1), table[:, column]


def _column(count: int, names: list[str], target: str | None, path: Path) -> int:
    if target is None:
        return count - 1
    if target in names:
        return names.index(target)
    try:
        number = int(target)
    except ValueError:
        if not names:
            raise ConfigError(
                f"{path.name} has no header, so there is no column {target!r}; give its number, "
                f"0 to {count - 1}."
            ) from None
        near = difflib.get_close_matches(target, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else f" Its columns are {', '.join(names)}."
        raise ConfigError(f"{path.name} has no column {target!r}.{hint}") from None
    if not -count <= number < count:
        raise ConfigError(
            f"{path.name} has {count} columns; there is no column {number}. The first is 0."
        )
    return number % count


def _split(name: str, x: np.ndarray, y: np.ndarray, fraction: float, seed: int) -> Dataset:
    _check_lengths(name, "x", x, "y", y)
    if not 0 <= fraction < 1:
        raise ConfigError(f"The fraction to test on is {fraction}; expected 0 <= fraction < 1.")
    count = round(len(x) * fraction)
    # RandomState's stream is frozen, so that a split is the same under every version of NumPy.
    order = np.random.RandomState(seed).permutation(len(x))
    train, test = order[count:], order[:count]
    if not len(train):
        raise ConfigError(f"{name} has {len(x)} samples; a fraction of {fraction} leaves none.")
    split = f"a random {fraction:.0%}, seed {seed}" if count else "none asked for"
    return Dataset(name, x[train], y[train], x[test], y[test], split)


def _check_lengths(name: str, x_name: str, x: np.ndarray, y_name: str, y: np.ndarray) -> None:
    if len(x) != len(y):
        raise FileFormatError(
            f"{name}: {x_name} has {len(x)} samples and {y_name} {len(y)}; expected as many."
        )
