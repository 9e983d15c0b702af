"""Runs commands in this process, and architectures to run them on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from kir.layers import Dense
from kir.models import Sequential
from runtime.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs `kir` with arguments; checks the exit status, which is 0 if not said otherwise."""

    def invoke(*arguments: object, status: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == status, result.output + repr(result.exception)
        return result

    return invoke


@pytest.fixture
def mlp_json(tmp_path: Path) -> Path:
    """The architecture of a small classifier of 4 features, 3 classes."""
    layers = [Dense(8, activation="relu", input_shape=(4,)), Dense(3, activation="softmax")]
    path = tmp_path / "mlp.json"
    path.write_text(Sequential(layers, name="mlp").to_json())
    return path


@pytest.fixture
def data_npz(tmp_path: Path) -> Path:
    """60 samples of 4 features with classes that can be learnt."""
    x = np.random.RandomState(0).normal(size=(60, 4)).astype("float32")
    path = tmp_path / "data.npz"
    np.savez(path, x=x, y=x[:, :3].argmax(axis=1))
    return path
