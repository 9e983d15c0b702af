"""Programs as people wrote them in 2018, unmodified: each runs by `kir run` and checks itself.

Those that end in ``_tf1`` mix Keras with TensorFlow 1 and are run with `--tf1`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import run_python

pytestmark = [pytest.mark.tf, pytest.mark.slow]

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=[s.stem for s in SCRIPTS])
def test_the_program_runs_unmodified(script: Path, tmp_path: Path) -> None:
    options = ["--tf1"] if script.stem.endswith("_tf1") else []
    command = ["-m", "runtime.cli", "run", *options, script]
    run_python(command, folder=tmp_path, timeout=300)
