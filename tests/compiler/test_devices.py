"""Placement of programs, variables and data, tried on logical devices of the CPU.

TensorFlow's devices are set up once in a process, so these tests start their own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

START = """
import json
import numpy as np
from compiler.tensorflow import tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)
from kir.layers import LSTM, BatchNormalization, Dense, Dropout
from kir.models import Sequential
from kir.optimizers import TFOptimizer

def model(optimizer="adam", **options):
    found = Sequential([Dense(3, input_shape=(4,)), BatchNormalization(), Dropout(0.2), Dense(1)])
    found.compile(optimizer, "mse", **options)
    return found

def where(values):
    return sorted({v.device.rsplit("/device:")[1] for v in values})

np.random.seed(1)
x, y = np.random.rand(640, 4).astype("float32"), np.random.rand(640, 1).astype("float32")
"""


def output(source: str, start: str = START, **environment: str) -> str:
    """What a program prints, on both streams."""
    done = subprocess.run(
        [sys.executable, "-c", start + source],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def run(source: str) -> dict:
    return json.loads(output(source).splitlines()[-1])


@pytest.mark.tf
def test_everything_of_a_model_lies_on_the_chosen_device():
    found = run("""
results = {}
native = TFOptimizer(tf.compat.v1.train.AdamOptimizer())
for name, optimizer in [("adam", "adam"), ("native", native)]:
    m = model(optimizer, device="cpu:2")
    m.fit(x, y, epochs=2, batch_size=16, verbose=0)
    m.train_on_batch(x[:8], y[:8])
    m.evaluate(x, y, verbose=0)
    variables = [w.resource for w in m.weights]
    if name == "adam":
        variables += [w.resource for w in m.optimizer.weights]
    else:
        variables += m.optimizer.optimizer.variables()
    with tf.device("/device:CPU:2"):
        (computed,) = m._trainer.forward().function(tf.constant(x[:2]))
    results[name] = {"variables": where(variables), "result": where([computed])}
plain = model()
plain.fit(x, y, verbose=0)
results["default"] = where([w.resource for w in plain.weights])
print(json.dumps(results))
""")
    for name in ("adam", "native"):
        assert found[name] == {"variables": ["CPU:2"], "result": ["CPU:2"]}, name
    assert found["default"] == ["CPU:0"]


@pytest.mark.tf
def test_operations_run_on_the_chosen_device():
    source = """
tf.debugging.set_log_device_placement(True)
model(device="cpu:1").train_on_batch(x[:8], y[:8])
"""
    said = output(source, TF_CPP_MIN_LOG_LEVEL="0")
    places = re.findall(r"MatMul\S*: \(MatMul\): \S*/device:(\S+)", said)
    assert set(places) == {"CPU:1"}


@pytest.mark.tf
def test_the_device_changes_no_number():
    found = run("""
losses = []
for device in (None, "cpu:1"):
    np.random.seed(7)
    m = model(device=device)
    losses.append(m.fit(x, y, epochs=3, batch_size=16, verbose=0).history["loss"])
print(json.dumps({"losses": losses}))
""")
    here, there = found["losses"]
    np.testing.assert_allclose(here, there, rtol=1e-6)


@pytest.mark.tf
def test_an_unknown_device_is_named_with_those_there_are():
    found = run("""
from kir.errors import ConfigError
messages = []
for device in ("gpu:5", "nonsense!", "cpu:9"):
    try:
        model(device=device)
    except ConfigError as error:
        messages.append(str(error))
print(json.dumps({"messages": messages}))
""")
    assert len(found["messages"]) == 3
    for message, name in zip(found["messages"], ("gpu:5", "nonsense!", "cpu:9"), strict=True):
        assert repr(name) in message
        assert "CPU:0, CPU:1, CPU:2" in message
    assert "kir[gpu]" in found["messages"][0]


@pytest.mark.tf
@pytest.mark.parametrize(("given", "wanted"), [(None, "true"), ("false", "false")])
def test_gpu_memory_grows_unless_the_user_says_otherwise(given, wanted, monkeypatch):
    source = "import os, compiler.tensorflow; print(os.environ['TF_FORCE_GPU_ALLOW_GROWTH'])"
    environment = {} if given is None else {"TF_FORCE_GPU_ALLOW_GROWTH": given}
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    assert output(source, start="", **environment).split()[-1] == wanted


@pytest.mark.tf
@pytest.mark.gpu
def test_a_gpu_is_used_by_default():
    from kir.layers import Dense
    from kir.models import Sequential

    model = Sequential([Dense(3, input_shape=(4,)), Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.random.rand(640, 4), np.random.rand(640, 1), verbose=0)
    held = [*model.weights, *model.optimizer.weights]
    assert all("GPU:0" in w.resource.device for w in held if w.dtype.startswith("float"))
