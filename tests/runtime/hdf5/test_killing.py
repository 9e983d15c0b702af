"""A process that is killed while it saves leaves a whole file, old or new."""

import json
from pathlib import Path

import pytest

from tests.processes import run_python

pytestmark = pytest.mark.slow


def figures(folder: Path, kills: int, how: str) -> dict[str, int]:
    command = ["-m", "tests.runtime.hdf5.killing", folder, kills, how]
    found: dict[str, int] = json.loads(run_python(command, timeout=300))
    return found


def test_a_killed_process_leaves_a_whole_file(tmp_path, capsys):
    found = figures(tmp_path, 300, "atomic")
    with capsys.disabled():
        print(
            f"\n{found['kills']} processes killed while saving, {found['amid_writing']} of them "
            f"amid writing: {found['whole']} whole files, {found['broken']} broken; "
            f"{found['saves']} saves were completed."
        )
    assert found["broken"] == 0
    assert found["whole"] == 300
    # The kills came at telling moments: before, amid and after saves.
    assert found["amid_writing"] > 60
    assert 30 < found["newer"] < 300


def test_writing_in_place_would_be_noticed(tmp_path):
    assert figures(tmp_path, 40, "in_place")["broken"] > 0
