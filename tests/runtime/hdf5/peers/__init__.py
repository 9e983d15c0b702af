"""Other versions of Keras, each in a process of its own: they write files, or read kir's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def run(script: str, package: str, folder: Path) -> None:
    """Runs a script of this folder with `tf_keras` or `keras` in an empty folder."""
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(FOLDER / script), package],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
