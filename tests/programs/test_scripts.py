"""Programs as people wrote them in 2018, unmodified: each runs by `kir run` and checks itself.

Those that end in ``_tf1`` mix Keras with TensorFlow 1 and are run with `--tf1`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=[s.stem for s in SCRIPTS])
def test_the_program_runs_unmodified(script: Path, tmp_path: Path) -> None:
    options = ["--tf1"] if script.stem.endswith("_tf1") else []
    ran = subprocess.run(
        [sys.executable, "-m", "runtime.cli", "run", *options, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
