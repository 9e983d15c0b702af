"""Prints kir's time a step over that of TensorFlow written by hand.

    python -m tests.bench           against TensorFlow
    python -m tests.bench peers     against tf_keras and Keras 3: see `tests.bench.peers`

Both are measured in turns in one process, so that a busy machine slows both; of each the best of
several turns counts. Below 1 kir is faster.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from compiler.tensorflow import tf
from kir.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from kir.models import Sequential
from tests.bench import by_hand, peers

TURNS = 5


def in_turns(*runs: Callable[[], None], turns: int = TURNS) -> list[float]:
    """The best time of each, in seconds."""
    best = [float("inf")] * len(runs)
    for run in runs:
        run()  # tracing and compilation do not count
    for _ in range(turns):
        for i, run in enumerate(runs):
            started = time.perf_counter()
            run()
            best[i] = min(best[i], time.perf_counter() - started)
    return best


def training_ratio(
    model: Any, hand: Any, x: np.ndarray, y: np.ndarray, batch: int, adam: bool, epochs: int
) -> float:
    """Time of `fit` over time of a loop of steps over the same batches."""
    step = by_hand.train_step(*hand, adam)
    xs, ys = tf.constant(x), tf.constant(y)
    batches = [(xs[i : i + batch], ys[i : i + batch]) for i in range(0, len(x), batch)]

    def by_hand_run() -> None:
        for _ in range(epochs):
            for xb, yb in batches:
                value = step(xb, yb)
        float(value)

    def kir_run() -> None:
        model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0)

    kir_seconds, hand_seconds = in_turns(kir_run, by_hand_run)
    steps = epochs * len(batches)
    print(
        f"    kir {kir_seconds / steps * 1e3:.3f} ms a step, "
        f"by hand {hand_seconds / steps * 1e3:.3f} ms"
    )
    return kir_seconds / hand_seconds


def small_mlp() -> float:
    """MLP 20-32-32-1, batch 32, SGD."""
    model = Sequential([Dense(32, activation="relu", input_shape=(20,))])
    model.add(Dense(32, activation="relu"))
    model.add(Dense(1))
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32 * 512, 20)).astype("float32")
    y = rng.normal(size=(32 * 512, 1)).astype("float32")
    return training_ratio(model, by_hand.small_mlp(), x, y, 32, False, 10)


def large_mlp() -> float:
    """MLP 784-512-512-10 with dropout, batch 128, Adam."""
    model = Sequential([Dense(512, activation="relu", input_shape=(784,)), Dropout(0.2)])
    model.add(Dense(512, activation="relu"))
    model.add(Dropout(0.2))
    model.add(Dense(10, activation="softmax"))
    model.compile("adam", "categorical_crossentropy")
    x, y = classes(128 * 100, (784,))
    return training_ratio(model, by_hand.large_mlp(), x, y, 128, True, 1)


def cnn() -> float:
    """MNIST CNN, batch 128, Adam."""
    model = Sequential([Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1))])
    for layer in (
        Conv2D(64, 3, activation="relu"),
        MaxPooling2D(),
        Dropout(0.25),
        Flatten(),
        Dense(128, activation="relu"),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ):
        model.add(layer)
    model.compile("adam", "categorical_crossentropy")
    x, y = classes(128 * 40, (28, 28, 1))
    return training_ratio(model, by_hand.cnn(), x, y, 128, True, 1)


def classes(count: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs and one-hot targets of ten classes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, *shape)).astype("float32")
    return x, np.eye(10, dtype="float32")[rng.integers(10, size=count)]


def predict_one_row() -> float:
    """`predict` of one row over a bare concrete function."""
    model = Sequential([Dense(32, activation="relu", input_shape=(20,))])
    model.add(Dense(32, activation="relu"))
    model.add(Dense(1))
    _, forward, _ = by_hand.small_mlp()
    bare = tf.function(forward, autograph=False).get_concrete_function(
        tf.TensorSpec([None, 20], tf.float32)
    )
    x = np.random.default_rng(0).normal(size=(1, 20)).astype("float32")
    count = 1000

    def kir_run() -> None:
        for _ in range(count):
            model.predict(x)

    def bare_run() -> None:
        for _ in range(count):
            bare(tf.constant(x)).numpy()

    kir_seconds, bare_seconds = in_turns(kir_run, bare_run)
    print(
        f"    kir {kir_seconds / count * 1e3:.3f} ms, concrete function "
        f"{bare_seconds / count * 1e3:.3f} ms"
    )
    return kir_seconds / bare_seconds


# (benchmark, ratio it should not exceed)
BENCHMARKS: tuple[tuple[Callable[[], float], float], ...] = (
    (small_mlp, 0.2),
    (large_mlp, 1.0),
    (cnn, 1.05),
    (predict_one_row, 1.5),
)


def main() -> None:
    """Runs all benchmarks and prints a table."""
    rows = []
    for benchmark, wanted in BENCHMARKS:
        print(benchmark.__doc__)
        rows.append((str(benchmark.__doc__), benchmark(), wanted))
    print()
    for title, ratio, wanted in rows:
        verdict = "ok" if ratio <= wanted else "slower than wanted"
        print(f"{title:55s} {ratio:6.2f}   (wanted at most {wanted})   {verdict}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["peers"]:
        peers.main(sys.argv[2:])
    else:
        main()
