"""`multi_gpu_model`: its errors, and the replicated model, which computes the same anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from kir.layers import Dense, Input, add
from kir.models import Model
from kir.utils import multi_gpu_model
from kir.utils.multi_gpu_utils import _normalize_device_name, replicated
from tests.processes import run_python

pytestmark = pytest.mark.tf


def two_outputs():
    a, b = Input((3,), name="a"), Input((4,), name="b")
    return Model([a, b], [Dense(2, name="left")(a), add([Dense(2)(a), Dense(2)(b)], name="right")])


@pytest.mark.parametrize(
    ("gpus", "message"),
    [
        (1, r"with `gpus >= 2`. Received: `gpus=1`"),
        ([0], r"with `len\(gpus\) >= 2`. Received: `gpus=\[0\]`"),
        (99, r"However this machine only has: \['/cpu:0'"),
    ],
)
def test_too_few_devices_are_an_error(gpus, message):
    with pytest.raises(ValueError, match=message):
        multi_gpu_model(two_outputs(), gpus)


@pytest.mark.parametrize("count", [2, 3])
def test_the_parts_make_up_the_whole(count):
    model = two_outputs()
    parallel = replicated(model, ["/cpu:0"] * count, "/cpu:0")
    x = [np.random.rand(7, 3), np.random.rand(7, 4)]
    for got, wanted in zip(parallel.predict(x), model.predict(x), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)
    assert parallel.output_names == ["left", "right"]


def test_training_changes_the_given_models_weights():
    model = two_outputs()
    before = model.get_weights()
    parallel = replicated(model, ["/cpu:0"] * 2)
    parallel.compile("sgd", "mse")
    x = [np.ones((8, 3)), np.ones((8, 4))]
    parallel.train_on_batch(x, [np.ones((8, 2)), np.ones((8, 2))])
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("name", "short"),
    [("/job:localhost/replica:0/task:0/device:GPU:1", "/gpu:1"), ("/device:CPU:0", "/cpu:0")],
)
def test_devices_have_short_names(name, short):
    assert _normalize_device_name(name) == short


ON_TWO_DEVICES = """
import numpy as np
from compiler.tensorflow import tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from kir.layers import Dense
from kir.models import Sequential
from kir.utils.multi_gpu_utils import replicated
from compiler.programs.train import StepProgram

seen = set()
def note(op_type, inputs, attrs, outputs, op_name=None, graph=None):
    if op_type in ("MatMul", "ConcatV2") and op_name:
        seen.add((op_type, graph.get_operation_by_name(op_name).device[-5:]))
callbacks = __import__("tensorflow.python.framework.op_callbacks", fromlist=["x"])
callbacks.add_op_callback(note)
model = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
parallel = replicated(model, ["/cpu:0", "/cpu:1"], "/cpu:0")
parallel.compile("sgd", "mse")
x = np.random.rand(6, 4)
np.testing.assert_allclose(parallel.predict(x), model.predict(x), rtol=1e-5)
parallel.train_on_batch(x, np.ones((6, 2)))
print(sorted(seen))
"""


def test_each_part_is_computed_on_its_device():
    printed = run_python(ON_TWO_DEVICES)
    assert "('MatMul', 'CPU:1')" in printed
    assert "('MatMul', 'CPU:0')" in printed
