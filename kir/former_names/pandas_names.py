"""What pandas 0.23 offered."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from kir.former_names._offering import offer


class _Ix:
    """`frame.ix[...]`: rows and columns by label, or by position where labels are no numbers."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def _labels(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        found = []
        for index, one in zip(self._data.axes, keys, strict=False):
            by_position = index.dtype.kind not in "iuf" and _are_positions(one)
            found.append(index[one] if by_position else one)
        return tuple(found) if isinstance(key, tuple) else found[0]

    def __getitem__(self, key: Any) -> Any:
        return self._data.loc[self._labels(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._data.loc[self._labels(key)] = value


def _are_positions(key: Any) -> bool:
    if isinstance(key, slice):
        return any(isinstance(n, int) for n in (key.start, key.stop))
    return np.asarray(key).dtype.kind in "iu"


def add_pandas(module: ModuleType) -> None:
    """`as_matrix`, `ix`, `append` and others, and arguments, until pandas 1, 2 and 3."""
    frame, series = module.DataFrame, module.Series

    def as_matrix(self: Any, columns: Any = None) -> Any:
        return self.values if columns is None else self[columns].values

    def append(self: Any, other: Any, ignore_index: bool = False, **kwargs: Any) -> Any:
        if isinstance(other, dict):
            other = series(other)
        if isinstance(self, frame) and isinstance(other, series):
            other = other.to_frame().T
        others = other if isinstance(other, list | tuple) else [other]
        return module.concat([self, *others], ignore_index=ignore_index)

    for kind in (frame, series):
        offer(kind, {"append": append, "as_matrix": as_matrix, "ix": property(_Ix)})
        offer(kind, {"iteritems": kind.items})
        kind.fillna = _by_method(kind.fillna)
        kind.drop = _by_position(kind.drop, ("axis",))
    offer(frame, {"get_value": lambda self, index, col: self.at[index, col]})
    offer(module, {"Int64Index": module.Index, "Float64Index": module.Index})
    module.concat = _by_position(module.concat, ("axis",))  # type: ignore[attr-defined]
    module.get_dummies = _as_numbers(module.get_dummies)  # type: ignore[attr-defined]
    module.read_csv = _reading(module.read_csv)  # type: ignore[attr-defined]


def _by_position(function: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """Takes arguments behind the first by position, which are by name alone since pandas 2."""
    first = 1 if "self" not in inspect.signature(function).parameters else 2

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args[:first], **dict(zip(names, args[first:], strict=False)), **kwargs)

    return call


def _by_method(fillna: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fillna)
    def call(self: Any, value: Any = None, method: str | None = None, **kwargs: Any) -> Any:
        if method is None:
            return fillna(self, value, **kwargs)
        return (self.ffill if method in ("ffill", "pad") else self.bfill)(**kwargs)

    return call


def _as_numbers(get_dummies: Callable[..., Any]) -> Callable[..., Any]:
    """`get_dummies` of 0 and 1, which together with numbers become an array of numbers."""

    @functools.wraps(get_dummies)
    def call(*args: Any, **kwargs: Any) -> Any:
        return get_dummies(*args, **{"dtype": np.uint8, **kwargs})

    return call


def _reading(read_csv: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(read_csv)
    def call(
        *args: Any,
        delim_whitespace: bool = False,
        squeeze: bool = False,
        error_bad_lines: bool = True,
        infer_datetime_format: Any = None,
        date_parser: Callable[[str], Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        if delim_whitespace:
            kwargs["sep"] = r"\s+"
        if not error_bad_lines:
            kwargs["on_bad_lines"] = "skip"
        dates = kwargs.get("parse_dates")
        if date_parser is not None and isinstance(dates, list):
            kwargs["converters"] = {
                **kwargs.get("converters", {}),
                **dict.fromkeys(dates, date_parser),
            }
            del kwargs["parse_dates"]
        found = read_csv(*args, **kwargs)
        return found.squeeze("columns") if squeeze else found

    return call
