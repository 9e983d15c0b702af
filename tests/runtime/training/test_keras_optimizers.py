"""Optimizers of today's Keras that the user brings; each in a process, as they load Keras."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.processes import start_python

PROGRAM = """
import json, sys
import numpy as np
import kir
from kir import backend as K
from kir.callbacks import LearningRateScheduler
from kir.layers import Dense
from kir.models import Sequential
from kir.optimizers import SGD, Adam, TFOptimizer
import {package} as peer

rng = np.random.default_rng(0)
x = rng.normal(size=(320, 4)); y = x.sum(axis=1, keepdims=True)
start = [rng.normal(size=s) for s in ((4, 8), (8,), (8, 1), (1,))]

def losses(optimizer):
    model = Sequential([Dense(8, activation="tanh", input_shape=(4,)), Dense(1)])
    model.compile(optimizer, "mse")
    model.set_weights(start)
    history = model.fit(x, y, batch_size=16, epochs=5, shuffle=False, verbose=0).history["loss"]
    stop = LearningRateScheduler(lambda epoch: 0.0)
    still = model.fit(x, y, epochs=2, verbose=0, callbacks=[stop]).history["loss"]
    return history, still, float(K.get_value(model.optimizer.lr))

print(json.dumps({{
    "sgd": [losses(peer.SGD(0.05)), losses(SGD(0.05))],
    "adam": [losses(TFOptimizer(peer.Adam(0.01, epsilon=1e-7))), losses(Adam(0.01))],
}}))
"""


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "switches"),
    [
        ("keras.optimizers", {}),
        ("tf_keras.optimizers.legacy", {"TF_USE_LEGACY_KERAS": "1"}),
        ("tf_keras.optimizers", {"TF_USE_LEGACY_KERAS": "1"}),
    ],
    ids=["keras 3", "legacy", "tf_keras"],
)
def test_they_take_the_same_steps_and_their_rate_can_be_scheduled(package, switches):
    done = start_python(PROGRAM.format(package=package), environment=switches, timeout=300)
    if "No module named 'tf_keras'" in done.stderr:
        pytest.skip("tf_keras is not installed")
    assert done.returncode == 0, done.stderr
    for theirs, own in json.loads(done.stdout.splitlines()[-1]).values():
        np.testing.assert_allclose(theirs[0], own[0], rtol=1e-4)
        assert theirs[1][0] == pytest.approx(theirs[1][1])  # at a rate of 0 nothing moves
        assert theirs[2] == own[2] == 0.0
