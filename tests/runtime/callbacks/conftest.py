"""A model that only counts, and a training loop that only talks to callbacks."""

import numpy as np
import pytest

from kir import backend as K
from runtime.callbacks import BaseLogger, BatchLogs, Callback, CallbackList, History


class Number:
    def __init__(self, value):
        self.value = np.float32(value)


class Optimizer:
    def __init__(self):
        self.lr = Number(0.1)


class Model:
    def __init__(self):
        self.optimizer = Optimizer()
        self.stop_training = False
        self.weights = [np.zeros(2)]
        self.saved = []

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = weights

    def save(self, filepath, overwrite):
        self.saved.append(("model", filepath, overwrite))

    def save_weights(self, filepath, overwrite):
        self.saved.append(("weights", filepath, overwrite))


class Feed(Callback):
    """Puts a given value into each epoch's logs."""

    def __init__(self, key, values):
        super().__init__()
        self.key, self.values = key, values

    def on_epoch_end(self, epoch, logs=None):
        logs[self.key] = self.values[epoch]


def train(
    model,
    callbacks,
    epochs=1,
    sizes=(8, 8, 6),
    losses=(1.0, 2.0, 3.0),
    chunk=None,
    verbose=0,
    count_mode_steps=False,
    before_batch=lambda: None,
):
    """Trains as `fit` does: step by step, or in chunks of so many steps."""
    sizes = np.array(sizes)
    names = ["loss", "acc"]
    values = np.stack([losses, np.array(losses) / 4], axis=1)
    history = History()
    everyone = CallbackList([BaseLogger(), *callbacks, history])
    everyone.set_model(model)
    everyone.set_params(
        {
            "epochs": epochs,
            "steps": len(sizes),
            "samples": int(sizes.sum()),
            "verbose": verbose,
            "metrics": [*names, "val_loss"],
        }
    )
    model.stop_training = False
    everyone.on_train_begin()
    for epoch in range(epochs):
        everyone.on_epoch_begin(epoch)
        if chunk is None or everyone.needs_exact_batches:
            logs = BatchLogs(0, sizes, names, values)
            for batch in range(len(sizes)):
                before_batch()
                step = logs.step(batch)
                everyone.on_batch_begin(batch, {k: step[k] for k in ("batch", "size")})
                model.weights = [w + 1 for w in model.weights]
                everyone.on_batch_end(batch, step)
                if model.stop_training:
                    break
        else:
            for start in range(0, len(sizes), chunk):
                part = slice(start, start + chunk)
                everyone.on_batches_end(BatchLogs(start, sizes[part], names, values[part]))
                model.weights = [w + len(sizes[part]) for w in model.weights]
                if model.stop_training:
                    break
        everyone.on_epoch_end(epoch)
        if model.stop_training:
            break
    everyone.on_train_end()
    return history


@pytest.fixture(autouse=True)
def numbers_for_variables(monkeypatch):
    """`K.get_value` and `K.set_value` of the fake optimizer's learning rate, without TensorFlow."""

    def set_value(variable, value):
        variable.value = np.float32(value)

    monkeypatch.setattr(K, "get_value", lambda variable: variable.value, raising=False)
    monkeypatch.setattr(K, "set_value", set_value, raising=False)


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def fit(model):
    """The loop on the fake model: `fit(callbacks, epochs=..., chunk=...)` returns the History."""

    def run(callbacks, **options):
        return train(model, callbacks, **options)

    return run


@pytest.fixture
def feed():
    return Feed
