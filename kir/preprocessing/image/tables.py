"""Which rows of a table give the images of a folder, in which order."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kir.errors import ConfigError, DTypeError
from kir.preprocessing.image.directory import image_files, subset_of
from kir.preprocessing.image.iterators import IMAGE_FORMATS, Iterator

# Names of files, and the number of the row that each stands in.
Found = list[tuple[str, int]]


def may_be_left_out(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Lets arguments be left out that Keras 2.2.4 asked for and later versions did not.

    Args:
        *names: the parameters behind the first, in their order; None where they are left out.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(self: Any, dataframe: Any, *args: Any, **kwargs: Any) -> Any:
            missing = dict.fromkeys(names[len(args) :])
            return function(self, dataframe, *args, **{**missing, **kwargs})

        return call

    return decorate


def rows_by_file(
    names: Sequence[str], directory: Any, has_ext: bool, follow_links: bool, iterator: Iterator
) -> Found:
    """The listed files of a folder, in the order of their names.

    Args:
        names: the column of names, without endings unless `has_ext`.
        directory: the folder, whose sub-folders count too.
        has_ext: whether the names have endings.
        follow_links: go into linked folders.
        iterator: whose subset of the folder's files is asked for.

    Raises:
        ConfigError: none of the names is there.
    """
    row_of: dict[str, int] = {}
    for row, name in enumerate(names):
        row_of.setdefault(name, row)  # of several rows of a file the first counts
    files = subset_of(list(image_files(directory, follow_links)), iterator)
    stems = files if has_ext else [os.path.splitext(file)[0] for file in files]
    found = [
        (file, row_of[stem]) for file, stem in zip(files, stems, strict=True) if stem in row_of
    ]
    if row_of and not found:
        raise ConfigError(
            f"No file below {str(directory)!r} is listed in the table, whose first name "
            f"is {next(iter(row_of))!r}. Names are relative to the folder, "
            f"{'with' if has_ext else 'without'} ending (has_ext={has_ext})."
        )
    return found


def rows_in_order(
    names: Sequence[str], directory: Any, validate: bool, drop_duplicates: bool
) -> Found:
    """The files of a table, row by row.

    Args:
        names: the column of names with endings, relative to `directory`; else whole paths.
        directory: the folder, or None.
        validate: leave out, with a warning, what is no file or no image.
        drop_duplicates: leave out further rows of the same file.
    """
    found = [(name, row) for row, name in enumerate(names)]
    if drop_duplicates:
        first = dict(reversed(found))
        found = [(name, row) for name, row in found if first[name] == row]
    if not validate:
        return found
    valid = [entry for entry in found if _is_image(os.path.join(directory or "", entry[0]))]
    if len(valid) < len(found):
        missing = sorted(set(found) - set(valid), key=lambda entry: entry[1])
        warnings.warn(
            f"Found {len(missing)} invalid image filename(s), such as {missing[0][0]!r}. "
            "These filename(s) will be ignored.",
            stacklevel=6,  # where flow_from_dataframe is called
        )
    return valid


def _is_image(path: str) -> bool:
    return os.path.splitext(path)[1][1:].lower() in IMAGE_FORMATS and os.path.isfile(path)


def number_columns(dataframe: Any, columns: Any, what: str) -> np.ndarray:
    """One column of numbers, or several beside each other.

    Args:
        dataframe: the table.
        columns: the name of a column, or several.
        what: what needs the numbers, for the message.

    Raises:
        DTypeError: a column holds something else.
    """
    several = columns if isinstance(columns, list | tuple) else [columns]
    values = [np.asarray(dataframe[column]) for column in several]
    for column, value in zip(several, values, strict=True):
        if not np.issubdtype(value.dtype, np.number):
            raise DTypeError(f"Column {column!r} is of type {value.dtype}; {what} needs numbers.")
    return np.stack(values, axis=-1) if isinstance(columns, list | tuple) else values[0]


def raw_columns(dataframe: Any, columns: Any) -> np.ndarray:
    """The values of one column, or of several beside each other, whatever they are."""
    if isinstance(columns, list | tuple):
        return np.stack([np.asarray(dataframe[column]) for column in columns], axis=-1)
    return np.asarray(dataframe[columns])


def labels_of(value: Any) -> list[Any]:
    """The classes of a row: most rows have one, some tables have lists of them."""
    return list(value) if isinstance(value, list | tuple) else [value]


def values_of(dataframe: Any, column: Any) -> list[Any]:
    """The values of a column, as Python's own."""
    values = dataframe[column]
    return values.tolist() if hasattr(values, "tolist") else list(values)
