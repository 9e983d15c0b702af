"""Long training on data from workers: what stays behind, what is lost, and who waits for whom."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from kir.layers import Dense
from kir.models import Sequential
from kir.utils import Sequence
from tests.processes import run_python

PROGRAM = """
import json, os, subprocess, sys, threading, traceback
import numpy as np
from kir.callbacks import Callback
from kir.layers import Dense, Dropout
from kir.models import Sequential
from kir.utils import Sequence

class Data(Sequence):
    def __init__(self, fails_in=None):
        self.x = np.random.rand(2000, 20).astype("float32")
        self.y = self.x.sum(axis=1, keepdims=True)
        self.epoch, self.fails_in = 0, fails_in

    def __len__(self):
        return 63

    def __getitem__(self, index):
        if self.epoch == self.fails_in:
            raise ValueError("the disk is gone")
        rows = slice(index * 32, (index + 1) * 32)
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.epoch += 1

class Watch(Callback):
    def __init__(self):
        super().__init__()
        self.resident, self.losses = [], []

    def on_epoch_end(self, epoch, logs=None):
        with open("/proc/self/statm") as file:
            self.resident.append(int(file.read().split()[1]))
        self.losses.append(logs["loss"])

def main():
    np.random.seed(1)
    model = Sequential([Dense(32, activation="relu", input_shape=(20,)), Dropout(0.1), Dense(1)])
    model.compile("adam", "mse")
    options = dict(epochs=200, workers=2, use_multiprocessing=sys.argv[1] == "processes", verbose=0)
    whole, killed = Watch(), Watch()
    model.fit_generator(Data(), callbacks=[whole], **options)
    try:
        model.fit_generator(Data(fails_in=100), callbacks=[killed], **options)
        message = text = ""
    except ValueError as error:
        message, text = str(error), traceback.format_exc()
    own = str(os.getpid())
    # ww: whole lines, as ps cuts them at 80 columns, however long the path of the interpreter is.
    command = ["ps", "-ww", "-o", "args=", "--ppid", own]
    listed = subprocess.run(command, capture_output=True, text=True)
    print(json.dumps({
        "resident": whole.resident, "losses": whole.losses, "epochs": len(killed.losses),
        "message": message, "shows_worker": "__getitem__" in text,
        "children": [c for c in listed.stdout.splitlines() if not c.startswith("ps ")],
        "threads": [t.name for t in threading.enumerate()],
    }))

if __name__ == "__main__":
    main()
"""


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_two_hundred_epochs_with_workers_leave_nothing_behind(kind, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    printed = run_python(["program.py", kind], folder=tmp_path, timeout=500)
    found = json.loads(printed.splitlines()[-1])
    resident = found["resident"]
    growth = resident[-1] / resident[99] - 1
    print(f"{kind}: resident memory over the last 100 of 200 epochs: {growth:+.2%}")
    assert growth < 0.05
    assert found["losses"][-1] < found["losses"][0] / 5
    # Every batch before the fault was trained on, and its message arrives with its own lines.
    assert found["epochs"] == 100
    assert found["message"].startswith("the disk is gone")
    assert found["shows_worker"]
    # Python's own two servers of processes end with the program; no worker is among them.
    servers = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
    assert [c for c in found["children"] if not any(s in c for s in servers)] == []
    assert found["threads"] == ["MainThread"]


class SlowData(Sequence):
    """Batches that take their time, as those read from a disk do."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.x = np.random.rand(512, 512).astype("float32")

    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        time.sleep(self.seconds)
        return self.x, self.x


@pytest.mark.tf
@pytest.mark.slow
def test_a_step_does_not_wait_for_a_producer_that_is_fast_enough():
    model = Sequential([Dense(1024, activation="relu", input_shape=(512,)), Dense(512)])
    model.compile("sgd", "mse")

    def seconds(pause: float) -> float:
        data = SlowData(pause)
        model.fit_generator(data, epochs=1, workers=2, verbose=0)
        start = time.perf_counter()
        model.fit_generator(data, epochs=2, workers=2, verbose=0)
        return (time.perf_counter() - start) / (2 * len(data))

    ratios = []
    for _ in range(3):  # the machine may be busy elsewhere
        step = seconds(0.0)
        ratios.append(seconds(0.8 * step) / step)
    print(f"a step with a producer at 0.8 of its time: {min(ratios):.2f} times a step without")
    assert min(ratios) < 1.4  # one behind the other it would be 1.8
