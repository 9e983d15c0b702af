"""Kills processes at random moments of saving, and looks at what they leave.

A program of its own: it forks, which a process that has loaded TensorFlow must not.

    python -m tests.runtime.hdf5.killing FOLDER KILLS {atomic,in_place}

prints its figures as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import h5py
import numpy as np

from kir.errors import KirError
from runtime.hdf5.weights import load_weights, save_weights
from runtime.hdf5.writing import write_layers
from tests.runtime.hdf5.fakes import FakeLayer, FakeModel

LAYERS, SIZE = 8, 40_000  # 1.3 MB, of which each layer's arrays hold the number of the save


def model_of(number: int) -> FakeModel:
    fill = np.full((SIZE,), number, "float32")
    return FakeModel(*(FakeLayer(f"layer_{i}", kernel=fill.copy()) for i in range(LAYERS)))


def save_in_place(model: FakeModel, path: Path) -> None:
    with h5py.File(path, "w") as file:
        write_layers(file, model.layers)


def number_in(path: Path) -> int | None:
    """The number of the save that the file holds; None if it is torn, damaged or missing."""
    model = model_of(-1)
    try:
        load_weights(model, path)
    except (KirError, OSError):
        return None
    found = {float(x) for w in model.layers for x in np.unique(w.weights[0].value)}
    return int(found.pop()) if len(found) == 1 else None


def kill_once(path: Path, first: int, save, longest: float) -> None:
    """Starts a process that saves one model after the other, and kills it."""
    child = os.fork()
    if not child:
        for number in range(first, first + 10_000):
            save(model_of(number), path)
        os._exit(1)
    time.sleep(random.uniform(0, longest))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(folder: Path, kills: int, how: str) -> dict[str, int]:
    random.seed(kills)
    save = save_weights if how == "atomic" else save_in_place
    path = folder / "model.h5"
    started = time.perf_counter()
    save(model_of(0), path)
    longest = 4 * (time.perf_counter() - started)
    figures = {"kills": kills, "whole": 0, "broken": 0, "amid_writing": 0, "saves": 0, "newer": 0}
    last = 0
    for _ in range(kills):
        kill_once(path, last + 1, save, longest)
        figures["amid_writing"] += sum(
            1 for left in folder.iterdir() if left != path and (left.unlink() or True)
        )
        number = number_in(path)
        if number is None or number < last:
            figures["broken"] += 1
            save(model_of(last), path)
        else:
            figures["whole"] += 1
            figures["newer"] += number > last
            figures["saves"] += number - last
            last = number
    return figures


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
