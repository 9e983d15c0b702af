"""Initial values have the bits of TensorFlow's stateful ops in a new graph, and of Keras 2.2.4."""

import json
from pathlib import Path

import numpy as np
import pytest

from compiler import philox
from compiler.initial_values import GRAPH_SEED, evaluate
from compiler.tensorflow import tf
from kir import initializers
from kir.initializers import Filled, Given, RandomDraw

pytestmark = pytest.mark.tf

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "functions" / "index.json"
OPS = {
    "uniform": tf.raw_ops.RandomUniform,
    "normal": tf.raw_ops.RandomStandardNormal,
    "truncated_normal": tf.raw_ops.TruncatedNormal,
}
SHAPES = [(), (1,), (3,), (4,), (5, 7), (3, 3, 16, 32), (0, 3), (257, 255), (1031, 1033)]


def reference(draws):
    """What Keras's graph did: a stateful op a draw, then scaling and shifting."""

    @tf.function(autograph=False)
    def graph():
        results = []
        for d in draws:
            unit = OPS[d.distribution](
                shape=np.array(d.shape, np.int32), dtype=d.dtype, seed=GRAPH_SEED, seed2=d.seed
            )
            if d.distribution == "uniform":
                low, high = tf.constant(d.a, d.dtype), tf.constant(d.b, d.dtype)
                results.append(unit * (high - low) + low)
            else:
                results.append(unit * tf.constant(d.b, d.dtype) + tf.constant(d.a, d.dtype))
        return results

    with tf.device("CPU:0"):
        return [r.numpy() for r in graph()]


def assert_same_bits(got, want):
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_array_equal(got.view(f"V{got.itemsize}"), want.view(f"V{want.itemsize}"))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("distribution", list(OPS))
def test_the_bits_are_those_of_the_stateful_ops(distribution, dtype):
    draws = [
        RandomDraw(distribution, -0.3, 0.7, int(seed), shape, dtype)
        for shape, seed in zip(SHAPES, np.random.randint(10e6, size=len(SHAPES)), strict=True)
    ]
    for got, want in zip(evaluate(draws), reference(draws), strict=True):
        assert_same_bits(got, want)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpys_uniform_numbers_are_tensorflows(dtype):
    # Around the block of 4 words, and beyond the chunk of 65536 words that NumPy mixes at a time
    # and the size from which TensorFlow splits the work over threads.
    sizes = [*range(1, 40), 65535, 65536, 65537, 262143, 262145, 3_000_001]
    draws = [
        RandomDraw("uniform", 0.0, 1.0, 9_999_999 - i, (n,), dtype) for i, n in enumerate(sizes)
    ]
    for draw, want in zip(draws, reference(draws), strict=True):
        assert_same_bits(philox.random_uniform(GRAPH_SEED, draw.seed, draw.shape, dtype), want)


def test_philox_gives_the_words_of_its_authors_known_answer_test():
    assert [hex(w) for w in philox.random_words(key=0, stream=0, count=4)] == [
        "0x6627e8d5",
        "0xe169c58d",
        "0xbc57ac4c",
        "0x9b00dbd8",
    ]


def test_seeds_of_more_than_32_bits():
    draws = [
        RandomDraw(kind, 0.0, 1.0, seed, (6,), "float32")
        for kind in OPS
        for seed in (-5, 0, 2**31, 2**40 + 3)
    ]
    for got, want in zip(evaluate(draws), reference(draws), strict=True):
        assert_same_bits(got, want)


def golden_rows():
    cases = json.loads(GOLDEN.read_text())["cases"]
    for case in cases:
        if case["kind"] == "initializer_random":
            for row in case["rows"]:
                yield pytest.param(
                    case["serialized"], row, id=f"{case['expression']} {row['shape']}"
                )


def test_the_extremes_are_those_of_the_reference():
    rows = [p.values for p in golden_rows()]
    assert rows
    draws = []
    for serialized, row in rows:
        np.random.seed(1234)  # as before each draw of the reference
        draws.append(initializers.get(serialized).draw(row["shape"], row["dtype"]))
    got = [[float(x.min()), float(x.max())] for x in evaluate(draws)]
    assert got == [[row["sample"]["min"], row["sample"]["max"]] for _, row in rows]


@pytest.mark.parametrize(
    ("draw", "want"),
    [
        (Filled(0, (2,), "float32"), np.zeros(2, np.float32)),
        (Filled(True, (2,), "bool"), np.array([True, True])),
        (Filled([1, 2], (2, 2), "float64"), np.array([[1.0, 2.0], [2.0, 2.0]])),
        (Filled(-2, (), "int32"), np.array(-2, np.int32)),
        (Given(np.arange(3)), np.arange(3)),
    ],
    ids=str,
)
def test_values_that_are_not_random(draw, want):
    got = evaluate([draw])[0]
    assert_same_bits(got, want)
    got += got  # the caller may write to it
    assert_same_bits(evaluate([draw])[0], want)


def test_values_are_computed_at_once_even_while_a_graph_is_traced():
    draw = initializers.TruncatedNormal(seed=3).draw((2, 2))

    @tf.function
    def traced():
        values = evaluate([draw])[0]
        assert isinstance(values, np.ndarray)
        return tf.constant(values)

    assert_same_bits(traced().numpy(), evaluate([draw])[0])
