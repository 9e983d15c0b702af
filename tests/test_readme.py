"""What the READMEs tell users to type works as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh.md")


def blocks(language: str, name: str = "README.md") -> list[str]:
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_languages_show_the_same_code():
    for language in ("python", "sh"):
        assert blocks(language), language
        assert blocks(language, "README.zh.md") == blocks(language)


def test_both_languages_have_the_same_sections():
    counts = {
        name: re.findall(r"^#+|^\|", (ROOT / name).read_text("utf-8"), re.MULTILINE)
        for name in READMES
    }
    assert counts["README.md"] == counts["README.zh.md"]


@pytest.mark.parametrize("name", READMES)
def test_links_lead_to_files(name):
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text("utf-8"))
    assert links
    for link in links:
        assert link.startswith("http") or (ROOT / link).exists(), link


@pytest.mark.parametrize("name", READMES)
def test_make_targets_exist(name):
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", (ROOT / name).read_text("utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.tf
def test_python_example_runs(tmp_path):
    for block in blocks("python"):
        assert len([line for line in block.splitlines() if line.strip()]) <= 10
        assert "val_acc" in run([sys.executable, "-c", block], tmp_path)
    assert (tmp_path / "model.h5").is_file()


@pytest.mark.tf
@pytest.mark.slow
def test_command_lines_run(tmp_path):
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    calls = [block for block in blocks("sh") if re.search("^kir ", block, re.MULTILINE)]
    program = f'kir() {{ "{sys.executable}" -m runtime.cli "$@"; }}\n'
    output = run(["bash", "-e", "-c", program + "".join(calls)], tmp_path)
    assert "Keras 2.2.4 3" in output
    assert "no problems" in output
    assert {"logs", "model.h5", "saved_model"} <= {
        p.name for p in (tmp_path / "runs/mlp").iterdir()
    }
    assert (tmp_path / "predictions.csv").is_file()
    assert (tmp_path / "served" / "1" / "saved_model.pb").is_file()
    assert (tmp_path / "model.keras").is_file()
    assert (tmp_path / "model.tflite").is_file()
