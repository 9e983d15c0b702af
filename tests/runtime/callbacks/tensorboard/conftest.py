"""Event files as TensorBoard's own reader sees them, and models to write them for."""

from __future__ import annotations

import numpy as np
import pytest


def read_events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    kinds = ("scalars", "histograms", "images", "tensors")
    events = EventAccumulator(str(folder), size_guidance=dict.fromkeys(kinds, 0))
    events.Reload()
    return events


@pytest.fixture(scope="session")
def read():
    """`read(folder)` gives an `EventAccumulator` that has kept everything."""
    return read_events


@pytest.fixture(autouse=True)
def fresh_names():
    """Weights are named as in a program of their own."""
    from kir import backend as K

    K.clear_session()


def functional():
    from kir.layers import BatchNormalization, Dense, Dropout, Input
    from kir.models import Model

    x = Input((5,), name="x")
    h = Dropout(0.5, name="drop")(Dense(4, activation="relu", name="hidden")(x))
    h = BatchNormalization(name="norm")(h)
    return Model(x, Dense(2, activation="softmax", name="y")(h)), ["y"]


def nested():
    from kir.layers import Dense, Input, add
    from kir.models import Model, Sequential

    body = Sequential([Dense(4, name="inner_1", input_shape=(5,)), Dense(3, name="inner_2")])
    body.name = "body"
    x = Input((5,), name="x")
    once, twice = body(x), body(Dense(5, name="between")(x))
    return Model(x, Dense(2, activation="softmax", name="y")(add([once, twice], name="sum"))), ["y"]


def shared():
    from kir.layers import Dense, Input, concatenate
    from kir.models import Model

    layer = Dense(3, name="twin")
    a, b = Input((5,), name="a"), Input((5,), name="b")
    joined = concatenate([layer(a), layer(b)], name="join")
    return Model([a, b], Dense(2, activation="softmax", name="y")(joined)), ["y"]


def multi_output():
    from kir.layers import Dense, Input
    from kir.models import Model

    x = Input((5,), name="x")
    h = Dense(4, name="hidden")(x)
    outputs = [Dense(2, activation="softmax", name=n)(h) for n in ("y", "z")]
    return Model(x, outputs), ["y", "z"]


def recurrent():
    from kir.layers import LSTM, Bidirectional, Dense, Embedding, Input, SimpleRNN
    from kir.models import Model

    x = Input((5,), name="x")
    h = Embedding(7, 3, mask_zero=True, name="tokens")(x)
    sequence, state, _ = LSTM(3, return_sequences=True, return_state=True, name="lstm")(h)
    h = Bidirectional(SimpleRNN(2), name="both")(sequence)
    return Model(x, [Dense(2, activation="softmax", name="y")(h), state]), ["y"]


def custom():
    from kir import backend as K
    from kir.layers import Dense, Input, Lambda, Layer
    from kir.models import Model

    class Scale(Layer):
        def build(self, shape):
            self.scale = self.add_weight("scale", (shape[-1],), initializer="ones")
            super().build(shape)

        def call(self, x):
            return x * self.scale

    x = Input((5,), name="x")
    h = Lambda(lambda v: K.square(v) + 1.0, name="square")(Scale(name="scale")(x))
    return Model(x, Dense(2, activation="softmax", name="y")(h)), ["y"]


MODELS = (functional, nested, shared, multi_output, recurrent, custom)


@pytest.fixture(params=MODELS, ids=lambda make: make.__name__, scope="module")
def case(request):
    """A compiled model of each kind, with inputs and targets of 20 samples."""
    from kir import backend as K

    K.clear_session()
    model, targets = request.param()
    losses = ["categorical_crossentropy" if n in targets else None for n in model.output_names]
    model.compile("sgd", losses, metrics=["acc"])
    rng = np.random.RandomState(0)
    inputs = [rng.randint(0, 7, (20, 5)).astype("float32") for _ in model.inputs]
    labels = [np.eye(2, dtype="float32")[rng.randint(0, 2, 20)] for _ in targets]
    return model, inputs, labels
