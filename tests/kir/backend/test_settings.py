"""Settings, counters and the session, which need no TensorFlow."""

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ConfigError
from tests.processes import run_python


@pytest.fixture(autouse=True)
def settings():
    yield
    K.set_floatx("float32")
    K.set_epsilon(1e-7)
    K.set_image_data_format("channels_last")
    K.clear_session()


def test_the_backend_needs_no_tensorflow():
    code = (
        "import sys; from kir import backend as K; x = K.placeholder((None, 3));"
        "y = K.softmax(K.dot(x, K.ones((3, 2))) + 1); assert K.int_shape(y) == (None, 2);"
        "assert 'tensorflow' not in sys.modules"
    )
    run_python(code)


def test_floatx_is_the_default_dtype():
    K.set_floatx("float16")
    assert K.dtype(K.placeholder((2,))) == "float16"
    assert K.dtype(K.zeros((2,))) == "float16"
    assert K.dtype(K.constant(1)) == "float16"
    assert K.dtype(K.random_normal((2,))) == "float16"
    assert K.cast_to_floatx([1]).dtype == np.float16


@pytest.mark.parametrize(
    ("setter", "value", "message"),
    [
        (K.set_floatx, "int8", "Unknown floatx type: int8"),
        (K.set_image_data_format, "last", "Unknown data_format: last"),
        (K.set_image_dim_ordering, "x", "Unknown dim_ordering: 'x'"),
        (K.normalize_data_format, "tf", 'must be one of "channels_first", "channels_last"'),
        (K.set_learning_phase, 2, "0 or 1; got 2"),
        (K.manual_variable_initialization, 2, "expected a bool"),
    ],
)
def test_a_wrong_setting_is_named(setter, value, message):
    with pytest.raises(ConfigError, match=message):
        setter(value)


def test_data_format_is_decided_when_the_function_is_called():
    K.set_image_data_format("channels_first")
    image = K.placeholder((None, 2, 6, 8))
    y = K.pool2d(image, (2, 2), strides=(2, 2))
    K.set_image_data_format("channels_last")
    assert K.int_shape(y) == (None, 2, 3, 4)
    assert y.producer.attributes["data_format"] == "channels_first"


def test_clear_session_restarts_names_and_the_learning_phase():
    first = K.learning_phase()
    assert K.learning_phase() is first
    assert [K.get_uid("a"), K.get_uid("a"), K.zeros((1,), name="n").name] == [1, 2, "n:0"]
    assert K.zeros((1,), name="n").name == "n_1:0"
    K.clear_session()
    assert K.get_uid("a") == 1
    assert K.zeros((1,), name="n").name == "n:0"
    assert K.learning_phase() is not first


def test_a_fixed_learning_phase_decides_while_building():
    x = K.placeholder((2,))
    assert K.in_train_phase(x, x * 2)._uses_learning_phase
    K.set_learning_phase(1)
    assert K.learning_phase() == 1
    assert K.in_train_phase(x, x * 2) is x
    assert K.in_test_phase(lambda: x * 2, x) is x


def test_variables_hold_their_values_without_a_runtime():
    v = K.variable([[1.0, 2.0]], name="v")
    K.batch_set_value([(v, [[3.0, 4.0]])])
    assert K.get_value(v).tolist() == [[3.0, 4.0]]
    assert K.batch_get_value([v, K.ones((2,))])[1].tolist() == [1.0, 1.0]
    assert K.count_params(v) == 2
    assert not K.is_keras_tensor(v)
    with pytest.raises(ValueError, match="Unexpectedly found an instance"):
        K.is_keras_tensor([1])


def test_a_seed_is_drawn_when_the_function_is_called():
    np.random.seed(7)
    seeds = [K.random_uniform((2,)).producer.attributes["seed"] for _ in range(2)]
    np.random.seed(7)
    assert seeds == [np.random.randint(10e6), np.random.randint(10e6)]
