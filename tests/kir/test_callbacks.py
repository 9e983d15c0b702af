import pytest

from kir import callbacks
from tests.processes import run_python


def test_every_name_resolves_to_the_runtime_class():
    for name in callbacks.__all__:
        assert getattr(callbacks, name).__name__ == name
        assert name in dir(callbacks)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'NoSuchCallback'"):
        _ = callbacks.NoSuchCallback


def test_the_classes_load_no_tensorflow():
    code = (
        "import sys; from kir.callbacks import *; TensorBoard('logs'); EarlyStopping(); "
        "assert 'tensorflow' not in sys.modules"
    )
    run_python(code)
