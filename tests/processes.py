"""Python in a process of its own: for what acts on a whole process, and for what others run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def start_python(
    program: str | Sequence[object],
    *,
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Runs Python with the packages of this checkout on its path, whatever its exit status.

    Args:
        program: the text of a program, which may be indented, or Python's arguments.
        folder: where it runs; default this process's folder.
        environment: variables beside those of this process.
        timeout: in seconds.
    """
    arguments = ("-c", textwrap.dedent(program)) if isinstance(program, str) else program
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_python(
    program: str | Sequence[object],
    *,
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> str:
    """What a program that must succeed prints on standard output; see `start_python`."""
    done = start_python(program, folder=folder, environment=environment, timeout=timeout)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout
