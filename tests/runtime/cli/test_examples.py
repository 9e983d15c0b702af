"""The examples in the help of each command run as they are written there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kir.layers import Dense, Flatten
from kir.models import Sequential
from runtime.cli import main
from runtime.cli.app import COMMANDS

# `kir run` replaces this process; its own tests run its examples. `kir doctor` loads TensorFlow in
# another process.
EXAMPLES_OF = [
    pytest.param(command, marks=[pytest.mark.slow] if command == "doctor" else [])
    for command in COMMANDS
    if command != "run"
]
# What `diff` says of files that differ.
STATUS = {"diff": 1}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with all the files that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    model = Sequential(
        [
            Flatten(input_shape=(8, 8, 1), name="flat"),
            Dense(16, activation="relu", name="hidden"),
            Dense(10, activation="softmax", name="classes"),
        ],
        name="mlp",
    )
    for name in ("model.json", "mlp.json", "old.json"):
        (folder / name).write_text(model.to_json())
    (folder / "other.yaml").write_text(model.to_yaml())
    (folder / "new.yaml").write_text(Sequential(model.layers[:2]).to_yaml())
    model.compile("adam", "categorical_crossentropy")
    model.save(folder / "model.h5")
    model.save(folder / "old.h5")
    model.save_weights(folder / "weights.h5")
    x = np.random.RandomState(0).rand(20, 64).round(3)
    np.savetxt(folder / "new.csv", x, delimiter=",")
    np.savetxt(folder / "test.csv", np.c_[x, np.arange(20) % 10], delimiter=",")
    return folder


def examples(command: str) -> list[str]:
    """The examples of a command's help, a line each."""
    text = CliRunner().invoke(main, [command, "--help"]).output
    block = re.search(r"Examples?:\n((?:    .*\n?)+)", text)
    assert block is not None
    joined = re.sub(r"\\\n\s*", "", block[1])
    return [line.strip() for line in joined.splitlines()]


@pytest.mark.tf
@pytest.mark.parametrize("command", EXAMPLES_OF)
def test_examples_of_help_run_as_written(files, monkeypatch, command):
    monkeypatch.chdir(files)
    for line in examples(command):
        program, *arguments = shlex.split(line)
        assert program == "kir"
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == STATUS.get(command, 0), line + result.output
        assert result.output.strip()


def test_the_program_s_own_example_runs(files, monkeypatch):
    monkeypatch.chdir(files)
    text = CliRunner().invoke(main, ["--help"]).output
    line = re.search(r"Example: kir (.*?)\. ", " ".join(text.split()))
    assert CliRunner().invoke(main, shlex.split(line[1])).exit_code == 0
