"""Models with random weights, and what Keras 3 makes of archives, asked in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kir.models import model_from_json

ARCHITECTURES = Path(__file__).parents[2] / "golden" / "data" / "architectures"
PEER = Path(__file__).with_name("peer.py")

Peer = Callable[[Path], dict[str, dict[str, np.ndarray]]]


def golden_names() -> list[str]:
    """The small golden architectures: all but those of `kir.applications`."""
    names = sorted(path.stem for path in ARCHITECTURES.glob("*.json"))
    return [n for n in names if n != "index" and "." not in n and not n.startswith("app_")]


def golden_model(name: str) -> Any:
    """A golden architecture with random weights."""
    model = model_from_json((ARCHITECTURES / f"{name}.json").read_text())
    return randomized(model)


def randomized(model: Any, seed: int = 3) -> Any:
    """The model with other weights than the initial ones, biases and statistics included."""
    random = np.random.RandomState(seed)
    for weight in model.weights:
        low, high = (0.1, 0.6) if "variance" in weight.name else (-0.4, 0.5)
        if "float" in weight.type.dtype:
            weight.set_value(random.uniform(low, high, weight.shape))
    return model


def inputs_of(model: Any, seed: int = 5, rows: int = 3) -> list[np.ndarray]:
    """Random data for a model: small whole numbers where they index an Embedding."""
    random = np.random.RandomState(seed)
    arrays = []
    for x in model.inputs:
        shape = [n or (8 if i else rows) for i, n in enumerate(x.type.shape)]
        if "int" in x.type.dtype or _is_index(model, x):
            arrays.append(random.randint(0, 4, shape).astype(x.type.dtype))
        else:
            arrays.append(random.randn(*shape).astype(x.type.dtype))
    return arrays


def _is_index(model: Any, x: Any) -> bool:
    for layer in model.layers:
        if layer.is_network and _is_index(layer, layer.inputs[0]):
            return True
        reads = any(v is x for node in layer._inbound_nodes for v in node.input_tensors)
        if type(layer).__name__ == "Embedding" and reads:
            return True
    return False


def predictions(model: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    found = model.predict(inputs, batch_size=len(inputs[0]))
    return found if isinstance(found, list) else [found]


def assert_same(found: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    """Equal but for the order of sums: one rounding in ten of a float32."""
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * max(1.0, np.abs(b).max()))


@pytest.fixture(scope="session")
def golden() -> SimpleNamespace:
    """The functions above, as test folders are no packages."""
    return SimpleNamespace(
        names=golden_names,
        model=golden_model,
        randomized=randomized,
        inputs=inputs_of,
        predictions=predictions,
        assert_same=assert_same,
    )


@pytest.fixture(scope="session")
def keras_3() -> Peer:
    """Runs Keras 3 on all archives of a folder; its results by the archives' names."""

    def run(folder: Path) -> dict[str, dict[str, np.ndarray]]:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, str(PEER), str(folder)],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        suffix = ".out.npz"
        return {p.name.removesuffix(suffix): dict(np.load(p)) for p in folder.glob(f"*{suffix}")}

    return run
