"""The TensorFlow import guard: Keras 3 stays out, and a user can still have it.

The guard acts on a whole process, so each test starts one. Most use a stand-in for TensorFlow and
Keras that takes milliseconds; two use the real ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SWITCHES = ("KIR_KEEP_KERAS", "TF_CPP_MIN_LOG_LEVEL")
BARE_ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in SWITCHES}

# Ends as the real tensorflow/__init__.py does; `swallowed` stands for what it catches there.
STAND_IN_TENSORFLOW = """
import importlib
import importlib.util
keras_origin = importlib.util.find_spec("keras").origin
try:
    importlib.import_module("keras.src.optimizers")
except {swallowed}:
    pass
"""


def run_python(source: str, *search_path: Path, **environment: str) -> str:
    """Runs a program in a fresh interpreter and returns what it printed."""
    path = os.pathsep.join(str(p) for p in (*search_path, ROOT))
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**BARE_ENVIRONMENT, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "port.cc" not in done.stderr, "TensorFlow's start-up chatter got through"
    return done.stdout.strip()


def write_stand_ins(folder: Path, swallowed: str = "ImportError") -> Path:
    (folder / "tensorflow").mkdir()
    source = STAND_IN_TENSORFLOW.format(swallowed=swallowed)
    (folder / "tensorflow" / "__init__.py").write_text(source)
    (folder / "keras" / "src").mkdir(parents=True)
    for module in ("keras/__init__.py", "keras/src/__init__.py", "keras/src/optimizers.py"):
        (folder / module).write_text("")
    return folder


REPORT = """
import sys
from compiler.tensorflow import tf
print(tf.__name__, "keras.src.optimizers" in sys.modules)
assert not any(type(f).__module__ == "compiler.tensorflow" for f in sys.meta_path)
assert tf.keras_origin.endswith("__init__.py"), "TensorFlow must see where Keras lies"
import keras.src.optimizers
"""


def test_keras_is_kept_out_of_the_import(tmp_path):
    assert run_python(REPORT, write_stand_ins(tmp_path)) == "tensorflow False"


def test_environment_variable_turns_the_guard_off(tmp_path):
    printed = run_python(REPORT, write_stand_ins(tmp_path), KIR_KEEP_KERAS="1")
    assert printed == "tensorflow True"


@pytest.mark.parametrize("first", ["import keras", "import tensorflow"])
def test_guard_stands_aside_when_loaded_already(tmp_path, first):
    assert run_python(first + REPORT, write_stand_ins(tmp_path)) == "tensorflow True"


def test_imported_again_when_tensorflow_does_not_swallow_the_error(tmp_path):
    folder = write_stand_ins(tmp_path, swallowed="KeyError")
    assert run_python(REPORT, folder) == "tensorflow True"


def test_other_import_errors_of_tensorflow_are_not_hidden(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise ImportError('no such library')")
    source = """
try:
    import compiler.tensorflow
except ImportError as error:
    print(error)
"""
    assert run_python(source, tmp_path) == "no such library"


def test_absent_tensorflow_is_a_clear_error():
    source = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            raise ModuleNotFoundError("No module named 'tensorflow'", name=name)
sys.meta_path.insert(0, Absent())
from kir.errors import DependencyError
try:
    import compiler.tensorflow
except DependencyError as error:
    assert isinstance(error, ImportError)
    print(error)
"""
    assert "pip install" in run_python(source)


@pytest.mark.parametrize(
    ("environment", "printed"),
    [({}, "kept\n"), ({"TF_CPP_MIN_LOG_LEVEL": "0"}, "I0000 00:00:17.5 1 x.cc:1] Hello\nkept\n")],
    ids=["quiet", "wanted"],
)
def test_start_up_chatter_is_held_back_unless_a_level_is_set(tmp_path, environment, printed):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(
        "import os\nos.write(2, b'I0000 00:00:17.5 1 x.cc:1] Hello\\nkept\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import compiler.tensorflow"],
        env={**BARE_ENVIRONMENT, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == printed


@pytest.mark.tf
def test_real_tensorflow_comes_without_keras_and_still_offers_it():
    source = """
import sys
from compiler.tensorflow import tf
loaded = [m for m in sys.modules if m.partition(".")[0] in ("keras", "tf_keras")]
assert not loaded, loaded[:5]
assert tf.reduce_sum(tf.constant([1.0, 2.0])).numpy() == 3.0
assert not any(type(f).__module__ == "compiler.tensorflow" for f in sys.meta_path)
from tensorflow.keras import layers
assert tf.keras.layers.Dense is layers.Dense
assert tf.optimizers.Adam is tf.keras.optimizers.Adam
assert tf.keras.Sequential([layers.Dense(2)])(tf.zeros([3, 4])).shape == (3, 2)
print("works")
"""
    assert run_python(source) == "works"


@pytest.mark.tf
@pytest.mark.slow
def test_real_tensorflow_survives_a_second_import():
    """As if a later release had dropped the `try` around its import of Keras."""
    source = """
import sys
from importlib.machinery import PathFinder, SourceFileLoader

class Unforgiving(SourceFileLoader):
    def get_code(self, fullname):
        text = self.get_source(fullname)
        changed = text.replace("except (ImportError, AttributeError):", "except KeyError:")
        assert changed != text
        return compile(changed, self.path, "exec")

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            spec = PathFinder.find_spec(name, path)
            spec.loader = Unforgiving(name, spec.origin)
            return spec

sys.meta_path.insert(0, Finder())
from compiler.tensorflow import tf
assert "keras" in sys.modules
assert tf.reduce_sum(tf.constant([1.0, 2.0])).numpy() == 3.0
print("works")
"""
    assert run_python(source) == "works"
