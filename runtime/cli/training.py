"""One run of `kir train`, from the architecture's file to the table of results."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from runtime import callbacks as callback_classes
from runtime.callbacks import Callback, ModelCheckpoint, TensorBoard
from runtime.cli.adapting import adapt_inputs, adapt_targets, check_single
from runtime.cli.console import make_console, make_table
from runtime.cli.progress import TrainingProgress
from runtime.cli.settings import make_callback, make_optimizer
from runtime.data.datasets import Dataset, load_dataset
from runtime.learning_curve import check_can_draw, save_learning_curve
from runtime.model_files import read_architecture
from runtime.wording import counted

# Callbacks that text can describe: not those that take a function, nor those that fit adds itself.
_CALLBACKS = {
    name: getattr(callback_classes, name)
    for name in (
        "CSVLogger",
        "EarlyStopping",
        "ModelCheckpoint",
        "ReduceLROnPlateau",
        "RemoteMonitor",
        "TensorBoard",
        "TerminateOnNaN",
    )
}


@dataclass(frozen=True)
class Outputs:
    """Where the results of a run go; None for those that are not wanted.

    Attributes:
        log_dir: folder of the TensorBoard log.
        checkpoint: HDF5 file of the best model.
        save: HDF5 file of the last model.
        export: folder of the SavedModel.
        curve: picture of the learning curve.
    """

    log_dir: Path | None = None
    checkpoint: Path | None = None
    save: Path | None = None
    export: Path | None = None
    curve: Path | None = None

    def below(self, folder: Path | None) -> Outputs:
        """The same, and what is not given under its usual name in `folder`."""
        if folder is None:
            return self
        usual = Outputs(
            log_dir=folder / "logs",
            checkpoint=folder / "checkpoint.h5",
            save=folder / "model.h5",
            export=folder / "saved_model",
            curve=folder / "learning_curve.png",
        )
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(usual, **{name: path for name, path in given.items() if path is not None})

    def prepare(self) -> None:
        """Finds out before a long run what would keep its results from being written.

        Raises:
            ConfigError: the picture has an unknown suffix.
            DependencyError: matplotlib is not installed.
            OSError: a folder cannot be made.
        """
        if self.curve is not None:
            check_can_draw(self.curve)
        for path in (self.checkpoint, self.save, self.export, self.curve):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_dir is not None:
            self.log_dir.mkdir(parents=True, exist_ok=True)

    def descriptions(self) -> Iterator[tuple[str, str]]:
        """What was written, and where."""
        texts = {
            "log_dir": "TensorBoard log",
            "checkpoint": "Checkpoint",
            "save": "Model",
            "export": "SavedModel",
            "curve": "Learning curve",
        }
        for field in fields(self):
            path = getattr(self, field.name)
            if path is not None:
                yield texts[field.name], str(path)


@dataclass
class TrainingRun:
    """The settings of `kir train`, and what it does; see its help for their meaning."""

    architecture: Path
    source: str
    target: str | None
    loss: str
    optimizer: str
    lr: float | None
    epochs: int
    batch_size: int
    validation_split: float
    test_split: float
    metrics: list[str]
    callbacks: tuple[str, ...]
    seed: int
    outputs: Outputs
    device: str | None = None
    as_json: bool = False

    def run(self) -> None:
        """Trains, tests, writes and reports."""
        # The results are on standard output, whichever form they have.
        self.console = make_console(stderr=self.as_json)
        self.outputs.prepare()
        callbacks = [make_callback(text, _CALLBACKS) for text in self.callbacks]
        # Weights take their seeds from NumPy when they are made, the order of samples in fit.
        random.seed(self.seed)
        np.random.seed(self.seed)
        model = read_architecture(self.architecture)
        check_single(model)
        data = self._adapt(
            model, load_dataset(self.source, self.target, self.test_split, self.seed)
        )
        self._introduce(model, data)
        with self.console.status("Loading TensorFlow"):
            optimizer = make_optimizer(self.optimizer, self.lr)
            model.compile(optimizer, self.loss, metrics=self.metrics, device=self.device)
        started = time.perf_counter()
        history = self._fit(model, data, callbacks)
        seconds = time.perf_counter() - started
        tested = self._test(model, data)
        self._write(model, history)
        self._report(history, tested, seconds)

    def _adapt(self, model: Any, data: Dataset) -> Dataset:
        return replace(
            data,
            x_train=adapt_inputs(model, data.x_train),
            x_test=adapt_inputs(model, data.x_test),
            y_train=adapt_targets(model, data.y_train, self.loss),
            y_test=adapt_targets(model, data.y_test, self.loss),
        )

    def _introduce(self, model: Any, data: Dataset) -> None:
        total = len(data.x_train)
        held_out = total - int(total * (1 - self.validation_split))
        self.console.print(
            f"{model.name}: {counted(len(model.layers), 'layer')}, "
            f"{counted(model.count_params(), 'parameter')}"
        )
        self.console.print(
            f"{data.name}: {total - held_out} samples to train on, {held_out} to validate on, "
            f"{len(data.x_test)} to test on ({data.split}); training seed {self.seed}",
            soft_wrap=True,
        )

    def _fit(self, model: Any, data: Dataset, callbacks: list[Callback]) -> Any:
        progress = TrainingProgress(self.console)
        try:
            return model.fit(
                data.x_train,
                data.y_train,
                batch_size=self.batch_size,
                epochs=self.epochs,
                verbose=0,
                callbacks=[*callbacks, *self._output_callbacks(), progress],
                validation_split=self.validation_split,
            )
        finally:
            progress.close()

    def _output_callbacks(self) -> Iterator[Callback]:
        if self.outputs.log_dir is not None:
            yield TensorBoard(self.outputs.log_dir)
        if self.outputs.checkpoint is not None:
            yield ModelCheckpoint(
                self.outputs.checkpoint,
                monitor="val_loss" if self.validation_split else "loss",
                save_best_only="{" not in str(self.outputs.checkpoint),
            )

    def _test(self, model: Any, data: Dataset) -> dict[str, float]:
        if not len(data.x_test):
            return {}
        values = model.evaluate(data.x_test, data.y_test, batch_size=self.batch_size, verbose=0)
        return dict(zip(model.metrics_names, np.atleast_1d(values), strict=True))

    def _write(self, model: Any, history: Any) -> None:
        outputs = self.outputs
        if outputs.save is not None:
            model.save(outputs.save)
        if outputs.export is not None:
            # Here and not above: it loads TensorFlow, and the messages before it would wait.
            from runtime.export.saved_model import export_saved_model

            export_saved_model(model, outputs.export)
        if outputs.curve is not None:
            save_learning_curve(history.history, outputs.curve, history.epoch, model.name)

    def _report(self, history: Any, tested: dict[str, float], seconds: float) -> None:
        parts = _parts(history.history, tested)
        if self.as_json:
            click.echo(json.dumps(self._describe(history, parts, seconds), indent=2))
            return
        names = list(parts["training"])
        rows = [
            (part, *(f"{values[name]:.4f}" for name in names))
            for part, values in parts.items()
            if values
        ]
        self.console.print(make_table(("", *names), rows))
        self.console.print(f"{counted(len(history.epoch), 'epoch')} in {seconds:.1f} s")
        for what, place in self.outputs.descriptions():
            self.console.print(f"{what + ':':<16} {place}", soft_wrap=True)
        if self.outputs.log_dir is not None:
            self.console.print(
                f"{'To view the log:':<16} {_tensorboard()} --logdir {self.outputs.log_dir}",
                soft_wrap=True,
            )

    def _describe(
        self, history: Any, parts: dict[str, dict[str, float]], seconds: float
    ) -> dict[str, Any]:
        """What the table says, and the whole history, as plain data."""
        return {
            "epochs": len(history.epoch),
            "seconds": round(seconds, 3),
            "seed": self.seed,
            **{part: {n: float(v) for n, v in values.items()} for part, values in parts.items()},
            "history": {name: list(map(float, v)) for name, v in history.history.items()},
            "outputs": {
                f.name: str(getattr(self.outputs, f.name))
                for f in fields(self.outputs)
                if getattr(self.outputs, f.name) is not None
            },
        }


def _parts(history: dict[str, list[Any]], tested: dict[str, float]) -> dict[str, dict[str, float]]:
    """The last values in training and validation, and those of the test."""
    last = {name: values[-1] for name, values in history.items()}
    names = [name for name in last if not name.startswith("val_") and name != "lr"]
    return {
        "training": {name: last[name] for name in names},
        "validation": {name: last[f"val_{name}"] for name in names if f"val_{name}" in last},
        "test": tested,
    }


def _tensorboard() -> str:
    """How to call TensorBoard; by its path where the environment is not active."""
    if shutil.which("tensorboard"):
        return "tensorboard"
    beside = Path(sys.executable).with_name("tensorboard")
    return os.path.relpath(beside) if beside.is_file() else "python -m tensorboard.main"
