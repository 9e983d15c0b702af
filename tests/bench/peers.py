"""The same programs under kir, tf_keras and Keras 3, each in a process of its own.

    python -m tests.bench peers [WORKLOAD ...]

Peers take turns workload by workload, so that a busy machine slows all of them; of each the best of
several repetitions counts. tf_keras and Keras 3 are measured where they are installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PEERS = {
    "kir": ("kir", {}),
    "tf_keras": ("tf_keras", {"TF_USE_LEGACY_KERAS": "1"}),
    "Keras 3": ("keras", {"KERAS_BACKEND": "tensorflow"}),
}
REPETITIONS = 3


def _parts(keras: Any) -> tuple[Any, Any]:
    return importlib.import_module(f"{keras}.layers"), importlib.import_module(f"{keras}.models")


def mlp(keras: str, sizes: tuple[int, ...], dropout: float = 0.0) -> Any:
    layers, models = _parts(keras)
    model = models.Sequential([layers.Input((sizes[0],))] if keras != "kir" else [])
    for i, size in enumerate(sizes[1:]):
        shape = {"input_shape": (sizes[0],)} if keras == "kir" and i == 0 else {}
        last = i == len(sizes) - 2
        model.add(layers.Dense(size, activation=None if last else "relu", **shape))
        if dropout and not last:
            model.add(layers.Dropout(dropout))
    model.compile("adam", "mse")
    return model


def lstm(keras: str) -> Any:
    layers, models = _parts(keras)
    inputs = layers.Input((80,))
    hidden = layers.Embedding(20000, 128)(inputs)
    hidden = layers.LSTM(128, recurrent_activation="sigmoid")(hidden)
    model = models.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
    model.compile("adam", "binary_crossentropy")
    return model


def resnet20(keras: str) -> Any:
    layers, models = _parts(keras)

    def convolution(x: Any, filters: int, strides: int = 1, size: int = 3) -> Any:
        return layers.Conv2D(filters, size, strides=strides, padding="same")(x)

    def unit(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    inputs = layers.Input((32, 32, 3))
    x = unit(convolution(inputs, 16))
    for stage in range(3):
        filters = 16 << stage
        for block in range(3):
            strides = 2 if stage and not block else 1
            y = layers.BatchNormalization()(
                convolution(unit(convolution(x, filters, strides)), filters)
            )
            if strides > 1:
                x = convolution(x, filters, strides, 1)
            x = layers.Activation("relu")(layers.add([x, y]))
    outputs = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    model = models.Model(inputs, outputs)
    model.compile("adam", "categorical_crossentropy")
    return model


def _fit_time(model: Any, x: np.ndarray, y: np.ndarray, batch: int) -> float:
    """Seconds of a step of `fit`."""
    steps = len(x) // batch

    def run() -> None:
        model.fit(x, y, batch_size=batch, epochs=1, verbose=0)

    return _best(run) / steps


def _best(run: Callable[[], None], repetitions: int = REPETITIONS) -> float:
    run()  # tracing and compilation do not count
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def _random(*shape: int) -> np.ndarray:
    return np.random.rand(*shape).astype("float32")


def small_mlp(keras: str) -> float:
    """Step of a 20-32-32-1 MLP, batch 32."""
    model = mlp(keras, (20, 32, 32, 1))
    x, y = _random(32 * 500, 20), _random(32 * 500, 1)
    return _fit_time(model, x, y, 32)


def large_mlp(keras: str) -> float:
    """Step of a 784-512-512-10 MLP with dropout, batch 128."""
    return _fit_time(
        mlp(keras, (784, 512, 512, 10), 0.2), _random(128 * 40, 784), _random(128 * 40, 10), 128
    )


def embedding_lstm(keras: str) -> float:
    """Step of Embedding(20000, 128) and LSTM(128), 80 steps, batch 32."""
    x = np.random.randint(0, 20000, (32 * 20, 80))
    return _fit_time(lstm(keras), x, np.random.randint(0, 2, (32 * 20, 1)), 32)


def resnet(keras: str) -> float:
    """Step of ResNet-20 on 32x32 images, batch 32."""
    y = np.eye(10, dtype="float32")[np.random.randint(0, 10, 32 * 8)]
    return _fit_time(resnet20(keras), _random(32 * 8, 32, 32, 3), y, 32)


def one_row(keras: str) -> float:
    """`predict` of one row of a small MLP."""
    model, x = mlp(keras, (20, 32, 32, 1)), _random(1, 20)
    model.predict(x, verbose=0)

    def run() -> None:
        for _ in range(20):
            model.predict(x, verbose=0)

    return _best(run) / 20


def train_on_batch(keras: str) -> float:
    """`train_on_batch` of a small MLP, batch 32."""
    model, x, y = mlp(keras, (20, 32, 32, 1)), _random(32, 20), _random(32, 1)

    def run() -> None:
        for _ in range(100):
            model.train_on_batch(x, y)

    return _best(run) / 100


def deep(keras: str) -> float:
    """Building 100 Dense layers, and the first step of training."""
    started = time.perf_counter()
    model = mlp(keras, (16,) * 101)
    model.train_on_batch(_random(8, 16), _random(8, 16))
    return time.perf_counter() - started


WORKLOADS = {
    f.__name__: f
    for f in (small_mlp, large_mlp, embedding_lstm, resnet, one_row, train_on_batch, deep)
}


def measure(peer: str, workload: str) -> float | None:
    """Seconds of a workload under a peer; None where the peer is not installed or fails."""
    module, switches = PEERS[peer]
    if importlib.util.find_spec(module) is None:
        return None
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.peers", "--inside", module, workload],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT), **switches},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"    {peer} fails: {(done.stderr.splitlines() or ['no message'])[-1]}")
        return None
    return float(json.loads(done.stdout.splitlines()[-1]))


def main(names: list[str]) -> None:
    """Prints milliseconds of each peer, and kir's time over theirs."""
    for name in names or list(WORKLOADS):
        seconds = {peer: measure(peer, name) for peer in PEERS}
        own = seconds["kir"]
        print(WORKLOADS[name].__doc__)
        for peer, value in seconds.items():
            if value is not None:
                ratio = f"   kir / {peer}: {own / value:.2f}" if own and peer != "kir" else ""
                print(f"    {peer:9} {value * 1e3:9.3f} ms{ratio}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        np.random.seed(1)
        print(json.dumps(WORKLOADS[sys.argv[3]](sys.argv[2])))
    else:
        main(sys.argv[1:])
