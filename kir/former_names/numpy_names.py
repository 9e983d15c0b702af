"""What NumPy 1.15 offered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from kir.former_names._offering import is_called_by_program, offer
from kir.utils._functions import is_unsafe_code_allowed

# Python's own types, which had second names until NumPy 1.24.
BUILTINS = {
    "bool": bool,
    "complex": complex,
    "float": float,
    "int": int,
    "long": int,
    "object": object,
    "str": str,
    "unicode": str,
}
# Second names until NumPy 2.0, and the first ones.
RENAMED = {
    "Inf": "inf",
    "Infinity": "inf",
    "NAN": "nan",
    "NaN": "nan",
    "PINF": "inf",
    "alltrue": "all",
    "bool8": "bool_",
    "bytes0": "bytes_",
    "cfloat": "complex128",
    "clongfloat": "clongdouble",
    "complex_": "complex128",
    "cumproduct": "cumprod",
    "float_": "float64",
    "infty": "inf",
    "int0": "intp",
    "issubsctype": "issubdtype",
    "longcomplex": "clongdouble",
    "longfloat": "longdouble",
    "mat": "asmatrix",
    "object0": "object_",
    "product": "prod",
    "rank": "ndim",
    "round_": "round",
    "row_stack": "vstack",
    "singlecomplex": "complex64",
    "sometrue": "any",
    "str0": "str_",
    "string_": "bytes_",
    "trapz": "trapezoid",
    "uint0": "uintp",
    "unicode_": "str_",
    "void0": "void",
}


class _Cast:
    """`np.cast`: by a dtype, the function that converts to it."""

    def __getitem__(self, dtype: Any) -> Callable[[Any], Any]:
        return lambda values: np.asarray(values, dtype)


def _alen(a: Any) -> int:
    return len(np.array(a, ndmin=1))


def _asfarray(a: Any, dtype: Any = np.float64) -> Any:
    kind = np.dtype(dtype)
    return np.asarray(a, kind if kind.kind in "fc" else np.float64)


def _asscalar(a: Any) -> Any:
    return np.asarray(a).item()


def _find_common_type(array_types: Any, scalar_types: Any) -> Any:
    return np.result_type(*array_types, *scalar_types)


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)


def _msort(a: Any) -> Any:
    return np.sort(a, axis=0)


def _obj2sctype(rep: Any, default: Any = None) -> Any:
    try:
        return np.dtype(rep).type
    except TypeError:
        return default


def _sctype2char(sctype: Any) -> str:
    return np.dtype(sctype).char


FUNCTIONS = {
    "alen": _alen,
    "asfarray": _asfarray,
    "asscalar": _asscalar,
    "find_common_type": _find_common_type,
    "in1d": _in1d,
    "msort": _msort,
    "obj2sctype": _obj2sctype,
    "sctype2char": _sctype2char,
}


def add_numpy(module: ModuleType) -> None:
    """The names of types, constants and functions, and what functions took."""
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        np.set_printoptions(legacy="1.25")  # type: ignore[arg-type] - NumPy's stubs lag behind
    present = vars(module)
    offer(module, BUILTINS)
    offer(module, {k: present[v] for k, v in RENAMED.items() if v in present})
    offer(module, {**FUNCTIONS, "cast": _Cast(), "NINF": -np.inf, "NZERO": -0.0, "PZERO": 0.0})
    offer(np.lib, {"pad": np.pad})
    for name in ("array", "asarray"):
        setattr(module, name, _lenient(getattr(module, name)))
    module.save = _of_rows_too(module.save)  # type: ignore[attr-defined]
    module.fromstring = _of_bytes_too(module.fromstring)  # type: ignore[attr-defined]
    if is_unsafe_code_allowed():
        module.load = functools.partial(module.load, allow_pickle=True)  # type: ignore[attr-defined]


def _lenient(function: Callable[..., Any]) -> Callable[..., Any]:
    """`np.array` as until NumPy 1.23: rows may differ in length, `copy=False` copies if need be."""

    @functools.wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ValueError as error:
            if not is_called_by_program():
                raise
            if "inhomogeneous" in str(error) and len(args) == 1 and kwargs.get("dtype") is None:
                return _of_objects(args[0])
            if "avoid copy" not in str(error):
                raise
            return function(*args, **{**kwargs, "copy": None})

    return make


def _of_objects(rows: Any) -> Any:
    found = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        found[i] = row
    return found


def _of_rows_too(function: Callable[..., Any]) -> Callable[..., Any]:
    """`np.save` of a list of arrays that differ in shape, such as a model's weights."""

    @functools.wraps(function)
    def save(file: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(file, arr, *args, **kwargs)
        except ValueError as error:
            if "inhomogeneous" not in str(error):
                raise
            return function(file, _of_objects(arr), *args, **kwargs)

    return save


def _of_bytes_too(function: Callable[..., Any]) -> Callable[..., Any]:
    """`np.fromstring`, which without a separator took bytes until NumPy 2.3."""

    @functools.wraps(function)
    def fromstring(
        string: Any, dtype: Any = float, count: int = -1, *, sep: str = "", **kwargs: Any
    ) -> Any:
        if sep:
            return function(string, dtype, count, sep=sep, **kwargs)
        data = string.encode("latin-1") if isinstance(string, str) else string
        return np.frombuffer(data, dtype, count).copy()

    return fromstring
