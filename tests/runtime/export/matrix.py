"""The matrix of export formats and golden architectures: how a cell is tried, what it should say.

`python -m tests.runtime.export.matrix` writes the table in docs/formats.md from what stands here;
the tests see to it that it is true.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kir.errors import ExportError
from runtime.export import EXPORT_FORMATS, export
from runtime.export.programs import argument_name, distinct
from tests.runtime.export import golden

HERE = Path(__file__).parent
RUNNERS = HERE / "runners"
TFJS = "4.22.0"
BATCH = 4


@dataclass(frozen=True)
class Target:
    """A column of the matrix.

    Attributes:
        name: what the column is called.
        to: the export format.
        runner: the program that runs its files.
        tolerance: largest difference from `predict`, as a fraction of the largest prediction.
        options: of the export.
    """

    name: str
    to: str
    runner: str
    tolerance: float
    options: dict[str, Any] = field(default_factory=dict)


# Sums in another order differ by 1e-5 or so; the others are what so many bits can hold, in models
# with random weights.
TARGETS = {
    target.name: target
    for target in (
        Target("savedmodel", "savedmodel", "run_savedmodel.py", 1e-5),
        Target("frozen", "frozen", "run_frozen.py", 1e-5),
        Target("tflite", "tflite", "run_tflite.py", 1e-5),
        Target("tflite float16", "tflite", "run_tflite.py", 0.01, {"quantize": "float16"}),
        Target("tflite dynamic", "tflite", "run_tflite.py", 0.1, {"quantize": "dynamic"}),
        Target("tflite int8", "tflite", "run_tflite.py", 0.3, {"quantize": "int8"}),
        Target("onnx", "onnx", "run_onnx.py", 1e-5),
        Target("tfjs", "tfjs", "run_tfjs.cjs", 1e-5),
        Target("stablehlo", "stablehlo", "run_stablehlo.py", 1e-5, {"batch_size": BATCH}),
    )
}


# What a format cannot express: the layer or input to blame, and why, as the error says it.
_STATEFUL = {
    "stateful_batch_input_shape": ("LSTM 'lstm_1'", "it is stateful"),
    "stateful_batch_input_shape2": ("GRU 'gru_1'", "it is stateful"),
}
_TFLITE = {
    **_STATEFUL,
    "conv3d_variety": ("MaxPooling3D 'max_pooling3d_1'", "TensorFlow Lite has no MaxPool3D"),
}
_UNKNOWN_STEPS = "the number of its time steps is not known"
_ANY_SIZE = "a StableHLO program has fixed sizes"
_NO_LAYER = "TensorFlow.js, which has no layer of this class"
_LAST_AXIS = "TensorFlow.js normalizes the last axis only, of at most four"
REFUSALS: dict[str, dict[str, tuple[str, str]]] = {
    "savedmodel": {},
    "frozen": _STATEFUL,
    "tflite": _TFLITE,
    "tflite float16": _TFLITE,
    "tflite dynamic": _TFLITE,
    "tflite int8": {
        **_TFLITE,
        "conv_lstm": ("ConvLSTM2D 'conv_lst_m2d_1'", _UNKNOWN_STEPS),
        "mask_zero_embedding": ("GRU 'gru_1'", _UNKNOWN_STEPS),
        "masked_sequence": ("LSTM 'lstm_1'", "its input has a mask"),
        "seq2seq_states": ("LSTM 'lstm_1'", _UNKNOWN_STEPS),
    },
    "onnx": _STATEFUL,
    "tfjs": {
        "activations_all": ("Dense 'dense_6'", "its activation is none of TensorFlow.js's"),
        "channels_first": ("BatchNormalization 'batch_normalization_1'", _LAST_AXIS),
        "conv1d_variety": ("ZeroPadding1D 'zero_padding1d_1'", _NO_LAYER),
        "conv3d_variety": ("ZeroPadding3D 'zero_padding3d_1'", _NO_LAYER),
        "conv_lstm": ("BatchNormalization 'batch_normalization_1'", _LAST_AXIS),
        "conv_variety": ("LocallyConnected2D 'locally_connected2d_1'", _NO_LAYER),
        "lambda_arguments": ("Lambda 'scale'", _NO_LAYER),
        "lambda_function": ("Lambda 'lambda_1'", _NO_LAYER),
        "mask_zero_embedding": ("GRU 'gru_1'", "TensorFlow.js has no reset_after=True"),
        "merge_layers": ("Subtract 'subtract_1'", _NO_LAYER),
        "siamese_shared_model": ("Subtract 'subtract_1'", _NO_LAYER),
        "stacked_cells": ("RNN 'rnn_1'", "TensorFlow.js loads only the cells"),
        "wavenet_block": ("Conv1D 'conv1d_1'", "TensorFlow.js has no padding='causal'"),
    },
    "stablehlo": {
        "conv_lstm": ("'conv_lst_m2d_1_input'", _ANY_SIZE),
        "mask_zero_embedding": ("'input_1'", _ANY_SIZE),
        "seq2seq_states": ("'input_1'", _ANY_SIZE),
        "unbuilt_input_dtypes": ("'var'", _ANY_SIZE),
    },
}


@dataclass
class Outcome:
    """What came of a cell: the largest relative difference, or why there is no file."""

    difference: float | None = None
    refusal: str | None = None
    failure: str | None = None


def try_all(target: Target, architectures: Iterable[str], folder: Path) -> dict[str, Outcome]:
    """Exports models to a format and runs them all in the format's runtime, in one process."""
    outcomes: dict[str, Outcome] = {}
    wanted: dict[str, list[np.ndarray]] = {}
    for name in architectures:
        here = folder / name
        here.mkdir(parents=True)
        try:
            wanted[name] = _export(target, name, here)
        except ExportError as error:
            outcomes[name] = Outcome(refusal=str(error))
            shutil.rmtree(here)
    if wanted:
        run_all(target, folder)
    for name, values in wanted.items():
        outcomes[name] = _judge(folder / name, values)
    return outcomes


def _export(target: Target, name: str, here: Path) -> list[np.ndarray]:
    model = golden.architecture(name)
    inputs = golden.inputs_of(model, BATCH)
    options = dict(target.options)
    names = distinct([argument_name(n) for n in model.input_names])
    if options.get("quantize") == "int8":
        samples = [golden.inputs_of(model, BATCH, seed=seed) for seed in range(8)]
        columns = zip(*samples, strict=True)
        options["representative"] = dict(
            zip(names, (np.concatenate(parts) for parts in columns), strict=True)
        )
    suffix = EXPORT_FORMATS[target.to].suffix
    export(model, here / f"model{suffix}", target.to, **options)
    if target.to == "onnx":
        names = distinct(model.input_names)
    outputs = distinct(model.output_names)
    (here / "case.json").write_text(json.dumps({"inputs": names, "outputs": outputs}))
    np.savez(here / "inputs.npz", **dict(zip(names, inputs, strict=True)))
    (here / "inputs.json").write_text(json.dumps([plain(x) for x in inputs]))
    return golden.predictions(model, inputs)


def plain(x: np.ndarray) -> dict[str, Any]:
    """An array as JSON holds it, for JavaScript."""
    return {"shape": x.shape, "dtype": x.dtype.name, "data": x.ravel().tolist()}


def run_all(target: Target, folder: Path) -> None:
    """Runs the models in a folder in the target's runtime."""
    runner = RUNNERS / target.runner
    if runner.suffix == ".cjs":
        command = ["node", str(runner), str(folder), str(tfjs_package())]
    else:
        command = [sys.executable, str(runner), str(folder)]
    # Without kir on the path: an exported model needs it no more.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def _judge(here: Path, wanted: list[np.ndarray]) -> Outcome:
    if (here / "error.txt").exists():
        return Outcome(failure=(here / "error.txt").read_text()[-1500:])
    if (here / "outputs.json").exists():
        found = json.loads((here / "outputs.json").read_text())
        arrays = [np.array(y["data"]).reshape(y["shape"]) for y in found]
    else:
        outputs = json.loads((here / "case.json").read_text())["outputs"]
        with np.load(here / "outputs.npz") as file:
            arrays = [file[name] for name in outputs]
    worst = 0.0
    for got, want in zip(arrays, wanted, strict=True):
        if got.shape != want.shape:
            return Outcome(failure=f"the shape {got.shape}, expected {want.shape}")
        scale = max(float(np.max(np.abs(want))), 1e-6)
        worst = max(worst, float(np.max(np.abs(got - want))) / scale)
    return Outcome(difference=worst)


def tfjs_package() -> Path:
    """The folder with TensorFlow.js, installed by npm once and kept in the user's cache.

    Raises:
        OSError: npm is not there, or cannot reach its registry.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "kir" / f"tfjs-{TFJS}"
    if not (folder / "node_modules" / "@tensorflow" / "tfjs" / "package.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", f"@tensorflow/tfjs@{TFJS}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"npm install failed: {done.stderr[-500:]}")
    return folder
