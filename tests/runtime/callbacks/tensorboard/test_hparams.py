"""What was told to `compile`, on the page HParams."""

import numpy as np
import pytest

from kir import optimizers
from kir.callbacks import TensorBoard
from kir.layers import Dense, Input
from kir.models import Model

pytestmark = pytest.mark.tf


def hparams_of(events):
    from tensorboard.plugins.hparams import metadata

    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    found = metadata.parse_session_start_info_plugin_data(content).hparams
    return {key: getattr(value, value.WhichOneof("kind")) for key, value in found.items()}


def run(folder, optimizer, loss, outputs=1, **options):
    x = Input((3,))
    model = Model(x, [Dense(1, name=f"out_{i}")(x) for i in range(outputs)])
    model.compile(optimizer, loss, **options)
    y = [np.ones((8, 1)) for _ in range(outputs)]
    model.fit(np.ones((8, 3)), y, 4, verbose=0, callbacks=[TensorBoard(folder)])


def test_arguments_of_compile(tmp_path, read):
    run(tmp_path, optimizers.SGD(lr=0.1, momentum=0.9), "mse", metrics=["mae"])
    assert hparams_of(read(tmp_path)) == {
        "optimizer": "SGD",
        "lr": 0.1,
        "optimizer.momentum": 0.9,
        "optimizer.decay": 0.0,
        "optimizer.nesterov": False,
        "loss": "mse",
        "metrics": "mae",
        "batch_size": 4.0,
    }


def my_loss(y_true, y_pred):
    from kir import backend as K

    return K.mean(K.square(y_true - y_pred), axis=-1)


def test_several_outputs_and_functions(tmp_path, read):
    losses = {"out_0": "mae", "out_1": my_loss}
    run(tmp_path, "adam", losses, outputs=2, loss_weights=[1, 2.5])
    found = hparams_of(read(tmp_path))
    assert found["loss"] == "out_0: mae, out_1: my_loss"
    assert found["loss_weights"] == "1, 2.5"


def test_an_optimizer_of_tensorflow(tmp_path, read):
    from compiler.tensorflow import tf

    run(tmp_path, optimizers.TFOptimizer(tf.compat.v1.train.AdagradOptimizer(0.1)), "mse")
    assert hparams_of(read(tmp_path))["optimizer"] == "AdagradOptimizer"


def test_the_end_is_noted(tmp_path, read):
    run(tmp_path, "sgd", "mse")
    assert "_hparams_/session_end_info" in read(tmp_path).Tags()["tensors"]
