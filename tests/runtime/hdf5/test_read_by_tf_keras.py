"""tf.keras reads kir's files: it predicts the same, and training goes on where it was."""

from pathlib import Path

import numpy as np
import pytest

from kir import layers as L  # noqa: N812 - as in Keras programs
from kir import optimizers
from kir.models import Model, Sequential
from tests.runtime.hdf5 import peers

pytestmark = [pytest.mark.tf, pytest.mark.slow]

RANDOM = np.random.RandomState(5)


def mlp():
    return Sequential([L.Dense(4, activation="tanh", input_shape=(5,)), L.Dropout(0.3), L.Dense(1)])


def cnn():
    return Sequential(
        [
            L.Conv2D(3, 3, padding="same", input_shape=(6, 6, 2), activation="relu"),
            L.BatchNormalization(),
            L.DepthwiseConv2D(3),
            L.SeparableConv2D(3, 2),
            L.MaxPooling2D(2),
            L.LeakyReLU(0.2),
            L.Flatten(),
            L.Dense(1),
        ]
    )


def recurrent():
    return Sequential(
        [
            L.Bidirectional(L.LSTM(3, return_sequences=True), input_shape=(5, 2)),
            L.GRU(3, return_sequences=True, reset_after=True),
            L.TimeDistributed(L.Dense(2)),
            L.SimpleRNN(2),
            L.Dense(1),
        ]
    )


def functional():
    a, b = L.Input((3,)), L.Input((3,))
    shared = L.Dense(2, activation="hard_sigmoid")
    x, y = shared(a), shared(b)
    joined = L.Concatenate()([L.Add()([x, y]), L.Dot(1)([x, y]), L.Multiply()([x, y])])
    return Model([a, b], L.Dense(1)(joined))


def nested():
    inner = Sequential([L.Dense(3, input_shape=(4,)), L.BatchNormalization()])
    x = L.Input((4,))
    return Model(x, L.Dense(1)(inner(x)))


MODELS = {m.__name__: m for m in (mlp, cnn, recurrent, functional, nested)}
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05, momentum=0.9, decay=0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "adadelta": lambda: optimizers.Adadelta(),
    "adam": lambda: optimizers.Adam(0.01),
    "adamax": lambda: optimizers.Adamax(0.01),
}


def data_for(model, path):
    x = [RANDOM.normal(size=(16, *shape)) for shape in shapes(model)]
    y = RANDOM.normal(size=(16, 1))
    np.savez(path, y=y, **{f"x{i}": v for i, v in enumerate(x)})
    return (x if len(x) > 1 else x[0]), y


def shapes(model):
    return [x._keras_shape[1:] for x in model.inputs]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory) -> tuple[Path, dict]:
    """kir's files, read by tf.keras; with them what kir itself predicts and trains on to."""
    folder = tmp_path_factory.mktemp("files")
    found = {}
    for name, build in MODELS.items():
        model = build()
        x, _ = data_for(model, folder / f"{name}.npz")
        (folder / f"{name}.json").write_text(model.to_json())
        model.save(folder / f"{name}.h5")
        model.save_weights(folder / f"weights_{name}.h5")
        found[name] = found[f"weights_{name}"] = {"p": model.predict(x)}
    for name, make in OPTIMIZERS.items():
        model = Sequential([L.Dense(4, activation="tanh", input_shape=(5,)), L.Dense(1)])
        model.compile(make(), "mse", metrics=["mae"])
        x, y = data_for(model, folder / f"train_{name}.npz")
        model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        model.save(folder / f"train_{name}.h5")
        found[f"train_{name}"] = {"p": model.predict(x)}
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        found[f"train_{name}"] |= {f"w{i}": w for i, w in enumerate(model.get_weights())}
    peers.run("read.py", "tf_keras", folder)
    return folder, found


@pytest.mark.parametrize(
    "name",
    [*MODELS, *(f"weights_{name}" for name in MODELS), *(f"train_{name}" for name in OPTIMIZERS)],
)
def test_tf_keras_reads_the_file(wanted, name):
    folder, found = wanted
    with np.load(folder / f"{name}.out.npz") as data:
        for key, value in found[name].items():
            # RMSprop, Adagrad and Adadelta begin to count anew there, which has no effect here.
            np.testing.assert_allclose(data[key], value, rtol=1e-4, atol=1e-5, err_msg=key)
