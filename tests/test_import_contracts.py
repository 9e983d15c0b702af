"""Imports point runtime -> compiler -> kir, and the language needs no TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, run_python

IMPORT_SECONDS = 0.15
HEAVY = ("tensorflow", "keras", "tf_keras", "h5py", "tensorboard", "matplotlib", "sklearn", "rich")

# An import of any of these fails, as where they are not installed.
WITHOUT_HEAVY = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {HEAVY!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def test_import_contracts_hold():
    """The contracts of pyproject.toml, as `make lint` checks them."""
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_import_is_fast_and_light():
    source = f"""
import time
started = time.process_time()
import kir
print(time.process_time() - started)
import sys
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
"""
    # Processor time, and the best of three: the machine may be busy.
    seconds = min(float(run_python(source)) for _ in range(3))
    assert seconds < IMPORT_SECONDS


def test_public_modules_import_without_tensorflow():
    source = """
import importlib, pkgutil
import kir
failed = []
for module in pkgutil.walk_packages(kir.__path__, "kir."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        failed.append(f"{module.name}: {error}")
assert not failed, failed
"""
    run_python(WITHOUT_HEAVY + source)


def test_architectures_work_without_tensorflow():
    source = """
from kir.layers import Conv2D, Dense, Dropout, Flatten
from kir.models import Sequential, model_from_json, model_from_yaml

model = Sequential([
    Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)), Flatten(), Dropout(0.5), Dense(2)])
assert model.output_shape == (None, 2)
assert model.count_params() == 40 + 290
model.summary(print_fn=lambda line: None)
assert model_from_json(model.to_json()).to_json() == model.to_json()
assert model_from_yaml(model.to_yaml()).to_yaml() == model.to_yaml()
"""
    run_python(WITHOUT_HEAVY + source)


@pytest.mark.tf
def test_first_computation_finds_the_runtime_by_name():
    source = """
import sys
from kir import backend as K
assert "tensorflow" not in sys.modules
assert float(K.eval(K.constant(2.0) * 3.0)) == 6.0
assert "tensorflow" in sys.modules
assert "keras" not in sys.modules
"""
    run_python(source)


def test_every_module_of_the_language_can_be_the_first_to_be_imported():
    source = """
import importlib, sys
from pathlib import Path

failed = []
for path in sorted(Path("kir").rglob("*.py")):
    if "generated" in path.parts:
        continue  # protobuf's pool takes a description once in a process
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    kept = {n: m for n, m in sys.modules.items() if n.startswith("kir.serde.generated")}
    for loaded in [n for n in sys.modules if n.split(".")[0] == "kir"]:
        del sys.modules[loaded]
    sys.modules.update(kept)
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed.append(f"{name}: {error}")
print("; ".join(failed) or "all")
"""
    assert run_python(source, folder=ROOT) == "all\n"
