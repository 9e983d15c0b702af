"""What SciPy 1.1 offered; `scipy.misc` is a module beside this one."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np

from kir.former_names._offering import offer


def add_scipy(module: ModuleType) -> None:
    """NumPy's functions, which SciPy passed on until 1.12, and `misc` without importing it."""
    passed = {
        name: value
        for name, value in vars(np).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    offer(module, {**passed, "rand": np.random.rand, "randn": np.random.randn})
    offer(module, {"random": np.random})
    find = module.__getattr__

    def find_misc_too(name: str) -> Any:
        return importlib.import_module("scipy.misc") if name == "misc" else find(name)

    module.__getattr__ = find_misc_too


def add_scipy_integrate(module: ModuleType) -> None:
    """Until SciPy 1.14."""
    renamed = {"trapz": "trapezoid", "simps": "simpson", "cumtrapz": "cumulative_trapezoid"}
    offer(module, {old: getattr(module, new) for old, new in renamed.items()})


def add_scipy_linalg(module: ModuleType) -> None:
    """Until SciPy 1.9 and 1.13."""
    offer(module, {"pinv2": module.pinv, "tril": np.tril, "triu": np.triu})


def add_scipy_ndimage(module: ModuleType) -> None:
    """`imread`, until SciPy 1.2."""

    def imread(fname: Any, flatten: bool = False, mode: str | None = None) -> Any:
        from kir.former_names import scipy_misc

        return scipy_misc.imread(fname, flatten, mode)

    offer(module, {"imread": imread})


def add_scipy_signal(module: ModuleType) -> None:
    """Windows, which moved to `scipy.signal.windows` in SciPy 1.13."""
    windows = module.windows
    offer(module, {name: getattr(windows, name) for name in windows.__all__})
    offer(module, {"hanning": windows.hann})
