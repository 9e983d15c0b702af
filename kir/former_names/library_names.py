"""What Matplotlib 2, pandas 0.23 and scikit-learn 0.19 offered."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import numpy as np

from kir.former_names._offering import offer


def add_matplotlib_axis(module: ModuleType) -> None:
    """Labels of fixed ticks, of which there might be too few or too many until Matplotlib 3.3."""
    set_ticklabels = module.Axis.set_ticklabels

    @functools.wraps(set_ticklabels)
    def fitting(self: Any, labels: Any, *args: Any, **kwargs: Any) -> Any:
        places = getattr(self.get_major_locator(), "locs", None)
        if places is not None and not kwargs.get("minor") and len(labels) != len(places):
            labels = [*labels, *[""] * len(places)][: len(places)]
        return set_ticklabels(self, labels, *args, **kwargs)

    module.Axis.set_ticklabels = fitting


def add_matplotlib_backends_backend_agg(module: ModuleType) -> None:
    """Until Matplotlib 3.10."""

    def tostring_rgb(self: Any) -> bytes:
        self.draw()
        return np.asarray(self.buffer_rgba())[..., :3].tobytes()

    offer(module.FigureCanvasAgg, {"tostring_rgb": tostring_rgb})


def add_matplotlib_cm(module: ModuleType) -> None:
    """Until Matplotlib 3.9."""

    def get_cmap(name: Any = None, lut: int | None = None) -> Any:
        import matplotlib

        found = matplotlib.colormaps[name or matplotlib.rcParams["image.cmap"]]
        return found if lut is None else found.resampled(lut)

    offer(module, {"get_cmap": get_cmap})


def add_matplotlib_style(module: ModuleType) -> None:
    """The styles named seaborn, until Matplotlib 3.8."""
    for name, style in list(module.library.items()):
        if name.startswith("seaborn-v0_8"):
            module.library.setdefault("seaborn" + name.removeprefix("seaborn-v0_8"), style)


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
    """`as_matrix`, `ix`, `append` and others, until pandas 1 and 2."""
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
    offer(frame, {"get_value": lambda self, index, col: self.at[index, col]})
    offer(module, {"Int64Index": module.Index, "Float64Index": module.Index})


def add_sklearn_preprocessing(module: ModuleType) -> None:
    """`Imputer`, until scikit-learn 0.22."""

    def imputer(
        missing_values: Any = "NaN", strategy: str = "mean", axis: int = 0, **kwargs: Any
    ) -> Any:
        from sklearn.impute import SimpleImputer

        missing = np.nan if missing_values == "NaN" else missing_values
        return SimpleImputer(missing_values=missing, strategy=strategy)

    offer(module, {"Imputer": imputer})
