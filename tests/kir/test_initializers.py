"""Initializers by name and config, and the draws that they decide on. No values: no TensorFlow."""

import math

import numpy as np
import pytest

from kir import initializers
from kir.errors import ArgumentError, ConfigError, DTypeError, ShapeError
from kir.initializers import Filled, Given, RandomDraw, draw_initial_value

SEED_OF_1337 = 1313943  # what np.random.randint(10e6) gives after np.random.seed(1337)


def scaling(scale, mode, distribution):
    config = {"scale": scale, "mode": mode, "distribution": distribution, "seed": None}
    return {"class_name": "VarianceScaling", "config": config}


@pytest.mark.parametrize(
    ("name", "serialized"),
    [
        ("zero", {"class_name": "Zeros", "config": {}}),
        ("Ones", {"class_name": "Ones", "config": {}}),
        ("constant", {"class_name": "Constant", "config": {"value": 0}}),
        ("glorot_uniform", scaling(1.0, "fan_avg", "uniform")),
        ("he_normal", scaling(2.0, "fan_in", "normal")),
        ("lecun_uniform", scaling(1.0, "fan_in", "uniform")),
        ("identity", {"class_name": "Identity", "config": {"gain": 1.0}}),
        (
            "uniform",
            {
                "class_name": "RandomUniform",
                "config": {"minval": -0.05, "maxval": 0.05, "seed": None},
            },
        ),
    ],
)
def test_a_name_stands_for_a_class_and_its_defaults(name, serialized):
    found = initializers.get(name)
    assert initializers.serialize(found) == serialized
    again = initializers.get(serialized)
    assert initializers.serialize(again) == serialized
    assert list(again.get_config()) == list(serialized["config"])


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"Unknown initializer: glorot_unifrom.*glorot_uniform"):
        initializers.get("glorot_unifrom")


@pytest.mark.parametrize("name", ["Filled", "RandomDraw", "Joined", "get", "draw_initial_value"])
def test_only_initializers_can_be_named(name):
    with pytest.raises(ConfigError, match="Unknown initializer"):
        initializers.get(name)


@pytest.mark.parametrize("identifier", [3, None, 2.5])
def test_what_is_no_identifier_is_rejected(identifier):
    with pytest.raises(ConfigError, match="Could not interpret initializer identifier"):
        initializers.get(identifier)


def test_a_class_is_no_initializer():
    with pytest.raises(ConfigError, match=r"class Zeros; pass an object: Zeros\(\)"):
        initializers.get(initializers.Zeros)


def test_a_config_with_an_unknown_argument_is_rejected():
    config = {"class_name": "Zeros", "config": {"gain": 2}}
    with pytest.raises(ArgumentError, match=r"config of Zeros.*'gain'"):
        initializers.get(config)


@pytest.mark.parametrize(
    "arguments", [{"mode": "fan"}, {"scale": 0.0}, {"distribution": "cauchy"}], ids=str
)
def test_variance_scaling_checks_its_arguments(arguments):
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        initializers.VarianceScaling(**arguments)


@pytest.mark.parametrize(
    ("initializer", "want"),
    [
        ("zeros", Filled(0, (4, 6), "float32")),
        ("ones", Filled(1, (4, 6), "float32")),
        ("normal", RandomDraw("normal", 0.0, 0.05, SEED_OF_1337, (4, 6), "float32")),
        ("uniform", RandomDraw("uniform", -0.05, 0.05, SEED_OF_1337, (4, 6), "float32")),
        (
            initializers.TruncatedNormal(0.5, 0.2, seed=7),
            RandomDraw("truncated_normal", 0.5, 0.2, 7, (4, 6), "float32"),
        ),
        (
            "glorot_uniform",
            RandomDraw("uniform", -math.sqrt(0.6), math.sqrt(0.6), SEED_OF_1337, (4, 6), "float32"),
        ),
        (
            initializers.he_normal(seed=3),
            RandomDraw(
                "truncated_normal", 0.0, math.sqrt(0.5) / 0.87962566103423978, 3, (4, 6), "float32"
            ),
        ),
    ],
    ids=str,
)
def test_a_draw_is_decided_without_being_computed(initializer, want):
    assert draw_initial_value(initializers.get(initializer), (4, 6)) == want


def test_each_draw_takes_one_seed_from_numpy():
    glorot = initializers.get("glorot_uniform")
    seeds = [glorot.draw((2, 2)).seed for _ in range(3)]
    np.random.seed(1337)
    assert seeds == [np.random.randint(10e6) for _ in range(3)]


@pytest.mark.parametrize(
    ("shape", "data_format", "fans"),
    [
        ((7, 3), "channels_last", (7, 3)),
        ((5, 24, 32), "channels_last", (120, 160)),
        ((5, 24, 32), "channels_first", (768, 160)),
        ((3, 3, 16, 32), "channels_last", (144, 288)),
        ((40,), "channels_last", (math.sqrt(40), math.sqrt(40))),
        ((2, 2, 2, 2, 2, 2), "channels_last", (8.0, 8.0)),
    ],
)
def test_fans(shape, data_format, fans):
    assert initializers._compute_fans(shape, data_format) == fans


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 5)], ids=str)
def test_orthogonal_is_orthonormal_on_its_shorter_side(shape):
    matrix = initializers.Orthogonal(gain=2.0)(shape).reshape(-1, shape[-1])
    assert matrix.dtype == np.float64
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    want = 4.0 * np.identity(matrix.shape[1])
    np.testing.assert_allclose(matrix.T @ matrix, want, atol=1e-12)  # double precision


def test_orthogonal_sets_the_global_seed_if_it_has_one():
    first = initializers.Orthogonal(seed=5)((3, 3))
    after = np.random.rand()
    np.random.seed(5)
    np.random.normal(0.0, 1.0, (3, 3))
    assert after == np.random.rand()
    np.testing.assert_array_equal(first, initializers.Orthogonal(seed=5)((3, 3)))


def test_identity_repeats_along_the_longer_side():
    got = initializers.Identity(gain=2.0)((2, 4))
    np.testing.assert_array_equal(got, [[2, 0, 2, 0], [0, 2, 0, 2]])


@pytest.mark.parametrize(
    ("initializer", "shape", "message"),
    [
        ("identity", (2, 3), "multiple"),
        ("identity", (2, 2, 2), "two axes"),
        ("orthogonal", (3,), "two axes or more"),
        ("glorot_uniform", (None, 3), "expected every size to be known"),
        (initializers.Constant([1, 2, 3]), (2,), "3 values"),
    ],
    ids=str,
)
def test_a_shape_that_does_not_fit_is_rejected(initializer, shape, message):
    with pytest.raises(ShapeError, match=message):
        initializers.get(initializer).draw(shape, "float32")


def test_whole_numbers_cannot_be_random():
    with pytest.raises(DTypeError, match="int32"):
        initializers.get("uniform").draw((2,), "int32")


class Halves(initializers.VarianceScaling):
    def __call__(self, shape, dtype=None):
        return np.full(shape, 0.5)


@pytest.mark.parametrize(
    "function",
    [
        lambda shape: np.full(shape, 0.5),
        lambda shape, dtype=None: np.full(shape, 0.5, dtype),
        lambda shape, name=None: [[0.5] * shape[1]] * shape[0],
        Halves(),
    ],
    ids=["shape", "shape and dtype", "list", "subclass that overrides the call only"],
)
def test_a_function_of_the_users_is_called_at_once(function):
    draw = draw_initial_value(function, (2, 3))
    assert isinstance(draw, Given)
    np.testing.assert_array_equal(draw.array, np.full((2, 3), 0.5))
    assert draw.array.dtype == np.float32


def test_a_function_that_returns_another_shape_is_rejected():
    def wrong(shape):
        return np.zeros(shape[::-1])

    with pytest.raises(ConfigError, match=r"wrong returned .* \(3, 2\) for a weight of shape"):
        draw_initial_value(wrong, (2, 3))


class Scaled(initializers.Initializer):
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, shape, dtype=None):
        return np.full(shape, self.factor)

    def get_config(self):
        return {"factor": self.factor}


def test_a_class_of_the_users_is_found_by_its_name():
    serialized = initializers.serialize(Scaled(3))
    found = initializers.deserialize(serialized, custom_objects={"Scaled": Scaled})
    assert found.factor == 3
