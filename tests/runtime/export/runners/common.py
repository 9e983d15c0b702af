"""What the runners share: each finds exported models in a folder and runs them on their inputs.

A runner is a program of its own, without kir: ``python run_x.py FOLDER``. In each folder inside it
there are ``model...``, ``inputs.npz`` (by the names of the arguments) and ``case.json``; the
runner writes ``outputs.npz`` (by the names of the outputs) or ``error.txt``.
"""

import json
import sys
import traceback
from pathlib import Path

import numpy as np


def run_all(run):
    """Calls ``run(folder, inputs, outputs)`` for each model; it returns arrays by output."""
    for path in sorted(Path(sys.argv[1]).iterdir()):
        case = json.loads((path / "case.json").read_text())
        with np.load(path / "inputs.npz") as file:
            inputs = {name: file[name] for name in case["inputs"]}
        try:
            found = run(path, inputs, case["outputs"])
            np.savez(path / "outputs.npz", **found)
        except Exception:
            (path / "error.txt").write_text(traceback.format_exc())
