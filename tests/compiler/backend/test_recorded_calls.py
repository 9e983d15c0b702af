"""Recorded calls compute what their types promise, in one compiled function."""

import numpy as np
import pytest

from kir import backend as K
from tests.kir.backend.calls import CALLS, operands

pytestmark = pytest.mark.tf

VALUES = {
    "x": np.random.RandomState(0).rand(2, 3, 4),
    "m": np.random.RandomState(1).rand(2, 4),
    "i": np.array([[0, 1, 2], [2, 1, 0]]),
    "b": np.array([[True, False, True], [False, False, True]]),
    "im": np.random.RandomState(2).rand(2, 6, 8, 2),
    "v": np.random.RandomState(3).rand(2, 4, 4, 4, 1),
}


def test_every_call_gives_its_type():
    names, inputs = operands()
    outputs = [eval(call, names) for call, _ in CALLS]
    run = K.function(list(inputs.values()), outputs)
    for (call, wanted), y, value in zip(
        CALLS, outputs, run([VALUES[n] for n in inputs]), strict=True
    ):
        assert str(y.type) == wanted, call
        assert value.dtype.name == y.type.dtype, call
        assert len(value.shape) == y.type.rank, call
        assert all(n in (None, got) for n, got in zip(y.type.shape, value.shape, strict=True)), (
            f"{call}: {value.shape}"
        )


def test_computed_tensors_give_the_same_as_recorded_ones():
    from compiler.tensorflow import tf

    names, inputs = operands()
    skipped = ("rnn", "foldl", "map_fn", "switch", "phase", "gradients", "random", "dropout")
    calls = [c for c, _ in CALLS if not any(s in c for s in skipped) and "[" not in c]
    calls = [c for c in calls if "& ~b" not in c and "m @" not in c and "//" not in c]
    run = K.function(list(inputs.values()), [eval(c, names) for c in calls])
    wanted = run([VALUES[n] for n in inputs])
    tensors = {n: tf.constant(VALUES[n], K.dtype(p)) for n, p in inputs.items()}
    eager = {**names, **tensors, "w": tf.ones((4, 5))}
    for call, value in zip(calls, wanted, strict=True):
        np.testing.assert_allclose(K.eval(eval(call, eager)), value, rtol=1e-5, err_msg=call)
