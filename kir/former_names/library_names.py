"""What Matplotlib 2 and scikit-learn 0.19 offered."""

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


def add_matplotlib_axes(module: ModuleType) -> None:
    """`hist(normed=...)`, until Matplotlib 3.1."""
    hist = module.Axes.hist

    @functools.wraps(hist)
    def of_density(self: Any, *args: Any, normed: Any = None, **kwargs: Any) -> Any:
        if normed is not None:
            kwargs["density"] = bool(normed)
        return hist(self, *args, **kwargs)

    module.Axes.hist = of_density


def add_matplotlib_figure(module: ModuleType) -> None:
    """`gca(projection="3d")`, until Matplotlib 3.6."""
    gca = module.Figure.gca

    @functools.wraps(gca)
    def made(self: Any, **kwargs: Any) -> Any:
        return self.add_subplot(**kwargs) if kwargs else gca(self)

    module.Figure.gca = made


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


def add_sklearn_preprocessing(module: ModuleType) -> None:
    """`Imputer`, until scikit-learn 0.22, and `OneHotEncoder(sparse=...)`, until 1.4."""
    init = module.OneHotEncoder.__init__

    @functools.wraps(init)
    def encoder(self: Any, *args: Any, sparse: bool | None = None, **kwargs: Any) -> None:
        if sparse is not None:
            kwargs["sparse_output"] = sparse
        init(self, *args, **kwargs)

    module.OneHotEncoder.__init__ = encoder

    def imputer(
        missing_values: Any = "NaN", strategy: str = "mean", axis: int = 0, **kwargs: Any
    ) -> Any:
        from sklearn.impute import SimpleImputer

        missing = np.nan if missing_values == "NaN" else missing_values
        return SimpleImputer(missing_values=missing, strategy=strategy)

    offer(module, {"Imputer": imputer})
