"""Other versions of Keras, each in a process of its own: they write files, or read kir's."""

from __future__ import annotations

from pathlib import Path

from tests.processes import run_python

FOLDER = Path(__file__).parent


def run(script: str, package: str, folder: Path) -> None:
    """Runs a script of this folder with `tf_keras` or `keras` in an empty folder."""
    environment = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
    }
    command = ["-W", "ignore", FOLDER / script, package]
    run_python(command, folder=folder, environment=environment, timeout=600)
