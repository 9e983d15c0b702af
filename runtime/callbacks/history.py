"""Records the logs of all epochs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runtime import learning_curve
from runtime.callbacks.base import Callback, Logs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class History(Callback):
    """What `fit` returns; it is the last callback of every training run.

    Attributes:
        epoch: the indices of the epochs that were run.
        history: name -> list of its values, one an epoch.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    epoch: list[int]
    history: dict[str, list[Any]]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts anew."""
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Appends the epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def plot(self, to_file: str | os.PathLike[str] | None = None, title: str = "") -> Figure:
        """Draws the learning curve: each value over the epochs, training and validation together.

        Args:
            to_file: a picture to write, .png, .pdf or .svg; None writes none.
            title: shown above the panels.

        Returns:
            The figure, which a notebook shows.

        Raises:
            DependencyError: matplotlib is not installed.
            ConfigError: an unknown kind of picture, or no epoch was run yet.
        """
        if to_file is not None:
            learning_curve.check_can_draw(to_file)
        figure = learning_curve.draw_learning_curve(
            getattr(self, "history", {}), getattr(self, "epoch", None), title
        )
        if to_file is not None:
            learning_curve.save_figure(figure, to_file)
        return figure
