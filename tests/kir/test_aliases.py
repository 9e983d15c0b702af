"""`kir.install_as_keras()`: in processes of their own, as this one must not have a `keras`."""

from __future__ import annotations

import pytest

from tests.processes import start_python

SAME_OBJECTS = """
import kir
kir.install_as_keras()
import keras
import keras.layers.recurrent
import keras.engine.topology as topology
from keras import backend as K
from keras.backend import tensorflow_backend
from keras.layers import LSTM, Layer
from keras.legacy import interfaces
from keras.preprocessing import image
import keras_applications.vgg16
import keras_preprocessing.image
"""


def python(text: str) -> str:
    """What a program prints on standard output; it must succeed and write nothing else."""
    ran = start_python(text)
    assert ran.stderr == ""
    return ran.stdout


EXPRESSIONS = {
    "keras.__name__": "keras",
    "keras.__version__": "2.2.4",
    "keras.__file__ == kir.__file__": "True",
    "keras.layers is kir.layers": "True",
    "keras.layers.recurrent.LSTM is LSTM is kir.layers.LSTM": "True",
    "topology.Layer is Layer": "True",
    "keras.backend is K is kir.backend": "True",
    "keras.backend.tensorflow_backend is tensorflow_backend": "True",
    "keras.layers.core.__spec__.name": "kir.layers.core",
    "keras_preprocessing.image is image": "True",
    "keras_applications.vgg16.VGG16 is keras.applications.VGG16": "True",
    "keras_preprocessing.__version__, keras_applications.__version__": "('1.0.5', '1.0.6')",
    "keras_preprocessing.get_keras_submodule('utils') is keras.utils": "True",
    "keras_applications.set_keras_submodules(backend=K, engine=keras.engine)": "None",
    "keras_applications.get_submodules_from_kwargs({'utils': 1})[::3] == (K, 1)": "True",
    "[*keras.applications.keras_modules_injection(dict)()][2:]": "['models', 'utils']",
    "__import__('pickle').loads(__import__('pickle').dumps(LSTM)) is LSTM": "True",
    "'Sequential' in dir(keras)": "True",
}


@pytest.fixture(scope="module")
def values() -> dict[str, str]:
    """What the expressions give, all in one process."""
    text = f"for e in {list(EXPRESSIONS)!r}: print(eval(e))"
    return dict(zip(EXPRESSIONS, python(SAME_OBJECTS + text).splitlines(), strict=True))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_path_leads_to_the_same_object(expression: str, values: dict[str, str]) -> None:
    assert values[expression] == EXPRESSIONS[expression]


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    loaded = python(
        """
        import sys, kir
        kir.install_as_keras()
        import keras
        print([m for m in sys.modules if m.startswith(('kir.layers', 'tensorflow', 'numpy'))])
        """
    )
    assert loaded == "[]\n"


def test_a_module_that_is_not_there_is_an_import_error_with_a_mend() -> None:
    message = python(
        """
        import kir
        kir.install_as_keras()
        try:
            import keras.layers.capsule
        except ModuleNotFoundError as error:
            print(error.name, error)
        """
    )
    assert message.startswith("keras.layers.capsule No module named 'keras.layers.capsule': ")
    assert "dir(keras.layers)" in message


def test_a_keras_that_is_loaded_already_gives_way() -> None:
    text = """
        import sys, types, kir
        sys.modules['keras'] = types.ModuleType('keras')
        sys.modules['keras.src'] = types.ModuleType('keras.src')
        kir.install_as_keras()
        kir.install_as_keras()
        import keras
        print(keras.__version__, 'keras.src' in sys.modules)
    """
    assert python(text) == "2.2.4 False\n"
