"""The learning curve of a training run, as a picture."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kir.errors import ConfigError, DependencyError
from runtime.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")

_TRAINING, _VALIDATION = "#1f77b4", "#d95f02"
_NAMES = {"acc": "accuracy"}


def check_can_draw(path: str | os.PathLike[str]) -> None:
    """Checks before a long run that its picture can be made.

    Raises:
        DependencyError: matplotlib is not installed.
        ConfigError: the name's suffix stands for no kind of picture.
    """
    if _format(path) not in FORMATS:
        raise ConfigError(
            f"The picture {os.fspath(path)!r} must end in {', '.join(f'.{f}' for f in FORMATS)}."
        )
    _check_matplotlib()


def draw_learning_curve(
    history: Mapping[str, Sequence[float]], epochs: Sequence[int] | None = None, title: str = ""
) -> Figure:
    """Draws each logged value over the epochs, training and validation in one panel.

    Args:
        history: name -> a number an epoch, as in `History.history`.
        epochs: the epochs' numbers from 0, as in `History.epoch`; None counts from 0.
        title: shown above the panels.

    Returns:
        The figure, which a notebook shows and `savefig` writes.

    Raises:
        DependencyError: matplotlib is not installed.
        ConfigError: a history of no epochs.
    """
    _check_matplotlib()
    names = [name for name in history if not name.startswith("val_") and name != "lr"]
    count = max((len(values) for values in history.values()), default=0)
    if not names or not count:
        raise ConfigError("The history is empty: there is no epoch to draw. Train for one first.")
    numbers = [e + 1 for e in epochs] if epochs is not None else list(range(1, count + 1))
    # pyplot would choose a window system and keep every figure.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(5.2 * len(names), 3.9), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        _draw(panel, name, numbers, history)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    if title:
        figure.suptitle(title)
    return figure


def save_learning_curve(
    history: Mapping[str, Sequence[float]],
    path: str | os.PathLike[str],
    epochs: Sequence[int] | None = None,
    title: str = "",
) -> None:
    """Writes the picture of `draw_learning_curve` to a file.

    Args:
        history: name -> a number an epoch, as in `History.history`.
        path: the picture; its suffix (.png, .pdf, .svg) says of which kind.
        epochs: the epochs' numbers from 0, as in `History.epoch`; None counts from 0.
        title: shown above the panels.

    Raises:
        DependencyError: matplotlib is not installed.
        ConfigError: an unknown kind of picture, or a history of no epochs.
    """
    check_can_draw(path)
    save_figure(draw_learning_curve(history, epochs, title), path)


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a figure in the format that the name's suffix stands for."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format=_format(path), dpi=130)


def _check_matplotlib() -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise DependencyError('The learning curve is drawn by matplotlib: pip install "kir[viz]".')


def _draw(
    panel: Any, name: str, epochs: Sequence[int], history: Mapping[str, Sequence[float]]
) -> None:
    spoken = _NAMES.get(name, name.replace("_", " "))
    marker = "." if len(epochs) <= 60 else ""
    curves = ((name, "training", _TRAINING, "-"), (f"val_{name}", "validation", _VALIDATION, "--"))
    for key, label, color, style in curves:
        values = history.get(key, ())
        if len(values):
            panel.plot(
                epochs[: len(values)], values, style, color=color, marker=marker, label=label
            )
    panel.set_title(spoken)
    panel.set_xlabel("epoch")
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False)


def _format(path: str | os.PathLike[str]) -> str:
    return Path(path).suffix.lower().lstrip(".")
