"""Calls of Keras 1: they give what the new call gives, and a warning that shows it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from kir import backend as K
from kir import layers as kl
from kir.errors import ArgumentError, ConfigError
from kir.legacy import interfaces
from kir.legacy.conversion import GENERATOR_METHODS
from kir.legacy.submodules import get_keras_submodule, get_submodules_from_kwargs
from kir.models import Model

# Calls of Keras 1 and what Keras 2.2.4 takes for them, from the table of its interface.
CALLS = json.loads((Path(__file__).parent / "keras_1_calls.json").read_text())


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def config(cls, args, kwargs):
    layer = cls(*map(tuples, args), **{k: tuples(v) for k, v in kwargs.items()})
    return {k: v for k, v in layer.get_config().items() if k != "name"}


@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{c['class']}-{json.dumps(c['old'])}")
def test_the_calls_of_the_specification(call):
    cls = getattr(kl, call["class"])
    with pytest.warns(UserWarning, match="."):
        old = config(cls, *call["old"])
    with warnings.catch_warnings():
        # SimpleRNN warns that it ignores `implementation`; no new call shows another one.
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "SimpleRNN has no argument")
        assert config(cls, *call["new"]) == old


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (
            lambda: kl.Convolution2D(32, 3, 3, border_mode="same", init="he_normal"),
            r'`Conv2D\(32, \(3, 3\), padding="same", kernel_initializer="he_normal"\)`',
        ),
        (lambda: kl.Dense(output_dim=4), r"`Dense\(units=4\)`"),
        (lambda: kl.LSTM(3, dropout_W=0.5), r"`LSTM\(3, dropout=0.5\)`"),
        (lambda: kl.MaxPooling2D(dim_ordering="th"), r'data_format="channels_first"'),
        (lambda: kl.Convolution3D(2, 3, kernel_dim2=4, kernel_dim3=5), r"Conv3D\(2, \(3, 4, 5\)\)"),
        (lambda: kl.Dense(3, W_constraint="non_neg", weights=np.zeros(3)), "weights=array"),
    ],
)
def test_the_warning_shows_the_new_call(call, shown):
    with pytest.warns(UserWarning, match=shown) as caught:
        call()
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kl.Dense(3, "relu"), ArgumentError, r"takes 1 positional arguments \(units\)"),
        (lambda: kl.Conv2D(2, (3, 3), (2, 2)), ArgumentError, r"\(filters, kernel_size\)"),
        (lambda: kl.Conv2D(2, 3, 3, 4), ArgumentError, "at most 3"),
        (lambda: kl.Conv3D(2, 3, 3, 3, 3), ArgumentError, "at most 4"),
        (lambda: kl.Conv2D(2, 3, 2, padding="same"), ConfigError, "`padding` is an argument of"),
        (lambda: kl.BatchNormalization(1), ArgumentError, "no positional arguments"),
        (lambda: kl.BatchNormalization(mode=1), ArgumentError, "mode=1, which cannot be"),
        (lambda: kl.Dense(units=3, output_dim=3), ArgumentError, "`output_dim` and `units`"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kl.LSTM(3, forget_bias_init="zero"), "`forget_bias_init` is ignored"),
        (lambda: kl.Embedding(4, 5, dropout=0.2), "SpatialDropout1D"),
        (lambda: kl.GRU(3, input_dim=5), r"input_shape=\(None, 5\)"),
    ],
)
def test_what_has_no_new_name_is_said(call, message):
    with pytest.warns(UserWarning, match=message):
        call()


def test_a_users_subclass_converts_as_its_built_in_base():
    class Mine(kl.Dense):
        pass

    with pytest.warns(UserWarning, match=r"`Mine\(units=3\)`"):
        assert Mine(output_dim=3).units == 3


def test_layers_beside_the_table_take_what_they_took():
    # DepthwiseConv2D derives from a class in the table, and has another signature.
    assert kl.DepthwiseConv2D(3, (2, 2), "same").padding == "same"


def test_models_inputs_and_weights():
    with pytest.warns(UserWarning, match="dtype="):
        layer = kl.InputLayer(input_shape=(3,), input_dtype="int32")
    assert layer.dtype == "int32"
    x = kl.Input((3,))
    with pytest.warns(UserWarning, match="inputs="):
        assert Model(input=x, output=kl.Dense(2)(x)).output_shape == (None, 2)
    layer = kl.Layer()
    assert layer.add_weight((2, 3), name="w").type.shape == (2, 3)
    assert layer.add_weight((2,), "v", initializer="zeros").name == "v:0"


def test_generators_are_counted_in_batches():
    class Batches:
        batch_size = 4

    with (
        pytest.warns(UserWarning, match="counted in batches"),
        pytest.warns(UserWarning, match="steps_per_epoch=5, epochs=2"),
    ):
        args, kwargs = GENERATOR_METHODS.convert(
            "fit_generator", (Batches(),), {"samples_per_epoch": 20, "nb_epoch": 2}
        )
    assert (len(args), kwargs) == (1, {"steps_per_epoch": 5, "epochs": 2})


def test_decorators_by_keras_names():
    class Optimizer:
        @interfaces.legacy_get_updates_support
        def get_updates(self, loss, params):
            return loss, params

    assert Optimizer().get_updates(["p"], {}, "loss") == ("loss", ["p"])
    assert Optimizer().get_updates("loss", ["p"]) == ("loss", ["p"])

    class Layer:
        @interfaces.generate_legacy_interface(["size"], [("n", "size")])
        def __init__(self, size):
            self.size = size

    with pytest.warns(UserWarning, match=r"`Layer\(size=3\)`"):
        assert Layer(n=3).size == 3


def test_layers_that_keras_2_dropped():
    with pytest.warns(UserWarning, match="deprecated"):
        layer = kl.MaxoutDense(3, input_dim=4)
    assert str(layer(kl.Input((4,))).type) == "f32[?,3]"
    with pytest.warns(UserWarning, match="dilation_rate=2"):
        layer = kl.AtrousConvolution1D(2, 3, atrous_rate=2)
    assert layer.dilation_rate == (2,)


def test_a_layer_with_a_step_of_its_own():
    class Sum(kl.Recurrent):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.states = [None]
            self.built = True

        def step(self, inputs, states):
            return inputs + states[0], [inputs + states[0]]

    y = Sum(3, return_sequences=True)(kl.Input((5, 3)))
    assert y._keras_shape == (None, 5, 3)


def test_other_names_are_no_modules_of_keras():
    with pytest.raises(ValueError, match=r"one of 'backend'.*Requested: 'losses'"):
        get_keras_submodule("losses")
    with pytest.raises(TypeError, match="Invalid keyword argument: engine"):
        get_submodules_from_kwargs({"engine": None})
