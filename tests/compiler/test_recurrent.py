"""Recurrent layers against a reference in NumPy, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.lowering import loop_gradients, loops
from kir import backend as K
from kir.layers import (
    GRU,
    LSTM,
    RNN,
    ConvLSTM2D,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    Embedding,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    Masking,
    SimpleRNN,
    SimpleRNNCell,
)
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf

BATCH, STEPS, FEATURES, UNITS = 3, 5, 4, 3
# Sums of a few products in float64.
EXACT = {"rtol": 1e-10, "atol": 1e-12}


@pytest.fixture(autouse=True)
def _float64():
    K.clear_session()
    K.set_floatx("float64")
    yield
    K.set_floatx("float32")


@pytest.fixture
def x():
    return np.random.normal(size=(BATCH, STEPS, FEATURES))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def hard_sigmoid(a):
    return np.clip(0.2 * a + 0.5, 0, 1)


def simple_step(weights, x, states):
    w, u, b = weights
    h = np.tanh(x @ w + states[0] @ u + b)
    return [h]


def lstm_step(weights, x, states, gate=hard_sigmoid):
    w, u, b = weights
    h, c = states
    i, f, g, o = np.split(x @ w + h @ u + b, 4, axis=1)
    c = gate(f) * c + gate(i) * np.tanh(g)
    return [gate(o) * np.tanh(c), c]


def gru_step(weights, x, states, gate=hard_sigmoid):
    w, u, b = weights
    h = states[0]
    n = h.shape[1]
    input_bias, state_bias = b if b.ndim == 2 else (b, np.zeros_like(b))
    inner = h @ u + state_bias
    x_z, x_r, x_h = np.split(x @ w + input_bias, 3, axis=1)
    z, r = gate(x_z + inner[:, :n]), gate(x_r + inner[:, n : 2 * n])
    last = r * inner[:, 2 * n :] if b.ndim == 2 else (r * h) @ u[:, 2 * n :]
    return [z * h + (1 - z) * np.tanh(x_h + last)]


def reference(step, weights, x, states, mask=None, backwards=False, unroll=False):
    """Outputs of all steps and the last states."""
    outputs = []
    for t in range(x.shape[1])[:: -1 if backwards else 1]:
        new = step(weights, x[:, t], states)
        output = new[0]
        if mask is not None:
            here = mask[:, t, None]
            first = np.zeros_like(output) if unroll else states[0]
            output = np.where(here, output, outputs[-1] if outputs else first)
            new = [np.where(here, n, s) for n, s in zip(new, states, strict=True)]
        outputs.append(output)
        states = new
    return [np.stack(outputs, 1), *states]


def randomize(layer):
    weights = [np.random.normal(size=w.shape) for w in layer.get_weights()]
    layer.set_weights(weights)
    return weights


def compute(outputs, inputs, values, phase=0):
    return K.function([*inputs, K.learning_phase()], outputs)([*values, phase])


CELLS = [
    pytest.param(SimpleRNN, {}, simple_step, 1, id="simple"),
    pytest.param(LSTM, {}, lstm_step, 2, id="lstm"),
    pytest.param(LSTM, {"implementation": 2}, lstm_step, 2, id="lstm-2"),
    pytest.param(GRU, {}, gru_step, 1, id="gru"),
    pytest.param(GRU, {"implementation": 2, "reset_after": True}, gru_step, 1, id="gru-after"),
]


@pytest.mark.parametrize(("cls", "options", "step", "count"), CELLS)
@pytest.mark.parametrize(
    ("backwards", "unroll", "masked"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, False)],
)
def test_values(cls, options, step, count, backwards, unroll, masked, x):
    mask = np.random.uniform(size=(BATCH, STEPS)) < 0.6 if masked else None
    mask_value = 9.0
    data = x if mask is None else np.where(mask[..., None], x, mask_value)
    inputs = [Input((STEPS, FEATURES)), *(Input((UNITS,)) for _ in range(count))]
    sequence = Masking(mask_value)(inputs[0]) if masked else inputs[0]
    layer = cls(
        UNITS,
        return_sequences=True,
        return_state=True,
        go_backwards=backwards,
        unroll=unroll,
        **options,
    )
    found = layer(sequence, initial_state=inputs[1:])
    weights = randomize(layer)
    states = [np.random.normal(size=(BATCH, UNITS)) for _ in range(count)]
    clean = x if mask is None else np.where(mask[..., None], x, 0)
    wanted = reference(step, weights, clean, states, mask, backwards, unroll)
    for got, want in zip(compute(found, inputs, [data, *states]), wanted, strict=True):
        np.testing.assert_allclose(got, want, **EXACT)


@pytest.mark.parametrize(
    ("layer", "cell"),
    [
        (SimpleRNN(UNITS), SimpleRNNCell(UNITS)),
        (
            GRU(UNITS, recurrent_activation="softmax"),
            GRUCell(UNITS, recurrent_activation="softmax"),
        ),
        (LSTM(UNITS, use_bias=False), LSTMCell(UNITS, use_bias=False)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_layer_is_its_cell_in_a_loop(layer, cell, x):
    data, around = Input((STEPS, FEATURES)), RNN(cell)
    outputs = [layer(data), around(data)]
    around.set_weights(randomize(layer))
    first, second = compute(outputs, [data], [x])
    np.testing.assert_allclose(first, second, **EXACT)


def test_stacked_cells_are_layers_one_after_the_other(x):
    data = Input((STEPS, FEATURES))
    stack = RNN([LSTMCell(4), GRUCell(2, reset_after=True), SimpleRNNCell(3)])
    layers = [
        LSTM(4, return_sequences=True),
        GRU(2, reset_after=True, return_sequences=True),
        SimpleRNN(3),
    ]
    chain = data
    for layer in layers:
        chain = layer(chain)
    outputs = [stack(data), chain]
    weights = randomize(stack)
    for i, layer in enumerate(layers):
        layer.set_weights(weights[3 * i : 3 * i + 3])
    first, second = compute(outputs, [data], [x])
    np.testing.assert_allclose(first, second, **EXACT)


def cudnn_weights(weights, gates):
    """Weights of a plain layer as cuDNN's layers hold them."""
    kernel, recurrent, bias = weights
    rows = kernel.shape[0]
    parts = [p.T.reshape(rows, -1) for p in np.split(kernel, gates, 1)]
    return [
        np.concatenate(parts, 1),
        np.concatenate([p.T for p in np.split(recurrent, gates, 1)], 1),
        bias.reshape(-1),
    ]


@pytest.mark.parametrize(
    ("cls", "gates", "step"), [(CuDNNGRU, 3, gru_step), (CuDNNLSTM, 4, lstm_step)]
)
def test_layers_with_the_weights_of_cudnn(cls, gates, step, x):
    data = Input((STEPS, FEATURES))
    layer = cls(UNITS, return_sequences=True, return_state=True, go_backwards=True)
    found = layer(data)
    plain = [
        np.random.normal(size=shape)
        for shape in ((FEATURES, gates * UNITS), (UNITS, gates * UNITS), (2, gates * UNITS))
    ]
    layer.set_weights(cudnn_weights(plain, gates))
    if cls is CuDNNLSTM:
        plain[2] = plain[2].sum(0)
    states = [np.zeros((BATCH, UNITS))] * (len(found) - 1)
    wanted = reference(lambda *args: step(*args, gate=sigmoid), plain, x, states, backwards=True)
    for got, want in zip(compute(found, [data], [x]), wanted, strict=True):
        np.testing.assert_allclose(got, want, **EXACT)


def test_the_forget_gate_of_cudnn_starts_open():
    layer = CuDNNLSTM(2)
    layer(Input((STEPS, FEATURES)))
    bias = layer.get_weights()[2].reshape(8, 2)
    assert bias[:, 0].tolist() == [0, 0, 0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_convolutional_layer_on_pictures_of_one_pixel_is_a_plain_one(data_format, x):
    sizes = (1, 1, FEATURES) if data_format == "channels_last" else (FEATURES, 1, 1)
    data = Input((STEPS, *sizes))
    layer = ConvLSTM2D(UNITS, 1, data_format=data_format, return_state=True)
    found = layer(data)
    weights = randomize(layer)
    plain = [w.reshape(w.shape[-2:]) if w.ndim > 1 else w for w in weights]
    states = [np.zeros((BATCH, UNITS))] * 2
    outputs, h, c = reference(lstm_step, plain, x, states)
    got = compute(found, [data], [x.reshape(BATCH, STEPS, *sizes)])
    for value, want in zip(got, (outputs[:, -1], h, c), strict=True):
        np.testing.assert_allclose(value.reshape(BATCH, UNITS), want, **EXACT)


def test_convolutional_layers_take_pictures_of_unknown_size():
    data = Input((None, None, None, 2))
    layer = ConvLSTM2D(3, 2, strides=2, return_sequences=True)
    y = layer(data)
    for shape in ((2, 3, 5, 6, 2), (1, 2, 8, 3, 2)):
        (got,) = compute([y], [data], [np.random.normal(size=shape)])
        assert got.shape == layer.compute_output_shape(shape)


def test_sequences_of_any_length():
    data = Input((None, FEATURES))
    layer = GRU(UNITS, return_sequences=True)
    y = layer(data)
    weights = randomize(layer)
    for steps in (1, 4):
        x = np.random.normal(size=(2, steps, FEATURES))
        (got,) = compute([y], [data], [x])
        want = reference(gru_step, weights, x, [np.zeros((2, UNITS))])[0]
        np.testing.assert_allclose(got, want, **EXACT)


# -- dropout


def probe(**options):
    """A recurrent layer that gives back its inputs, and with them the dropout masks."""
    layer = SimpleRNN(
        40,
        activation=None,
        use_bias=False,
        return_sequences=True,
        kernel_initializer="identity",
        **{"recurrent_initializer": "zeros", **options},
    )
    data = Input((STEPS, 40))
    return data, layer(data)


def test_dropout_is_the_same_in_all_time_steps():
    data, y = probe(dropout=0.25)
    ones = np.ones((50, STEPS, 40))
    (got,) = compute([y], [data], [ones], phase=1)
    assert (got == got[:, :1]).all()
    np.testing.assert_allclose(np.unique(got), [0, 1 / 0.75])
    # 2,000 draws: the standard deviation of the mean is 0.013.
    assert abs(got.mean() - 1) < 0.06
    (again,) = compute([y], [data], [ones], phase=1)
    assert (again != got).any()
    (got,) = compute([y], [data], [ones], phase=0)
    assert (got == ones).all()


def test_recurrent_dropout_acts_on_the_state():
    data, y = probe(recurrent_dropout=0.5, recurrent_initializer="identity")
    impulse = np.zeros((50, STEPS, 40))
    impulse[:, 0] = 1
    (got,) = compute([y], [data], [impulse], phase=1)
    # What survives the first step doubles, and survives all others.
    assert (got[:, 0] == 1).all()
    np.testing.assert_allclose(got[:, 2], np.where(got[:, 1] > 0, 4, 0))


@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("cls", [GRU, LSTM])
def test_dropout_in_training_only(cls, implementation, x):
    data = Input((STEPS, FEATURES))
    layer = cls(UNITS, dropout=0.5, recurrent_dropout=0.5, implementation=implementation)
    y, never = layer(data), layer(data, training=False)
    tested, never_trained = compute([y, never], [data], [x], phase=0)
    trained, never_tested = compute([y, never], [data], [x], phase=1)
    assert (tested != trained).any()
    assert (never_trained == tested).all()
    assert (never_tested == tested).all()


# -- states


def test_a_stateful_layer_goes_on_where_it_stopped(x):
    whole = LSTM(UNITS)
    data = Input((STEPS, FEATURES))
    model = Model(data, whole(data))
    weights = randomize(whole)
    want = model.predict(x)
    kept = Sequential([LSTM(UNITS, stateful=True, batch_input_shape=(BATCH, 1, FEATURES))])
    kept.set_weights(weights)
    for _ in range(2):
        for t in range(STEPS):
            got = kept.predict(x[:, t : t + 1], batch_size=BATCH)
        np.testing.assert_allclose(got, want, **EXACT)
        kept.reset_states()


def test_a_stateful_layer_takes_a_mask(x):
    data = Input(batch_shape=(BATCH, STEPS, FEATURES))
    model = Model(data, LSTM(UNITS, stateful=True)(Masking()(data)))
    x[:, 2] = 0.0
    first = model.predict(x, batch_size=BATCH)
    model.reset_states()
    np.testing.assert_allclose(model.predict(x, batch_size=BATCH), first, **EXACT)
    model.reset_states()
    kept = x[:, [0, 1, 3, 4, 2]]  # where a masked step stands does not matter
    np.testing.assert_allclose(model.predict(kept, batch_size=BATCH), first, **EXACT)


def test_states_can_be_set_and_come_from_a_variable(x):
    states = [np.random.normal(size=(BATCH, UNITS)) for _ in range(2)]
    data = Input(batch_shape=(BATCH, STEPS, FEATURES))
    given, kept = LSTM(UNITS), LSTM(UNITS, stateful=True)
    outputs = [given(data, initial_state=[K.variable(s) for s in states]), kept(data)]
    kept.set_weights(randomize(given))
    kept.reset_states(states)
    first, second = compute(outputs, [data], [x])
    np.testing.assert_allclose(first, second, **EXACT)


# -- cells of the user


class Weighted(Layer):
    """A cell in Keras's style: two states, a constant, something that differs in training."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.state_size = (units, 1)

    def build(self, input_shape):
        (_, features), (_, constant) = input_shape
        self.kernel = self.add_weight(name="kernel", shape=(features, self.units))
        self.mixing = self.add_weight(name="mixing", shape=(constant, self.units))
        super().build(input_shape)

    def call(self, inputs, states, constants=None, training=None):
        h, count = states
        h = h + K.dot(inputs, self.kernel) + K.dot(constants[0], self.mixing) * count
        return K.in_train_phase(2 * h, h, training=training), [h, count + 1]


@pytest.mark.parametrize("unroll", [False, True])
def test_a_users_cell_gets_constants_and_phase(unroll, x):
    data, constant = Input((STEPS, FEATURES)), Input((2,))
    layer = RNN(Weighted(UNITS), return_sequences=True, return_state=True, unroll=unroll)
    found = layer(data, constants=constant)
    kernel, mixing = randomize(layer)
    c = np.random.normal(size=(BATCH, 2))
    h, wanted = 0, []
    for t in range(STEPS):
        h = h + x[:, t] @ kernel + c @ mixing * t
        wanted.append(h)
    for phase in (0, 1):
        outputs, last, count = compute(found, [data, constant], [x, c], phase)
        np.testing.assert_allclose(outputs, np.stack(wanted, 1) * (1 + phase), **EXACT)
        np.testing.assert_allclose(last, h, **EXACT)
        assert count.tolist() == [[STEPS]] * BATCH


class Doubled(LSTMCell):
    """A built-in cell with another result."""

    def call(self, inputs, states, training=None):
        output, states = super().call(inputs, states, training=training)
        return 2 * output, states


class Shifted(LSTM):
    """A built-in layer on another input."""

    def call(self, inputs, mask=None, training=None, initial_state=None):
        return super().call(inputs + 1, mask=mask, training=training, initial_state=initial_state)


def test_built_in_cells_and_layers_can_be_extended(x):
    data = Input(batch_shape=(BATCH, STEPS, FEATURES))
    doubled, shifted = RNN(Doubled(UNITS)), Shifted(UNITS, stateful=True)
    outputs = [doubled(data), shifted(data)]
    weights = randomize(doubled)
    shifted.set_weights(weights)
    model = Model(data, outputs)
    states = [np.zeros((BATCH, UNITS))] * 2
    want = reference(lstm_step, weights, x, states)[0][:, -1]
    for _ in range(2):
        got = model.predict(x, batch_size=BATCH)
        np.testing.assert_allclose(got[0], 2 * want, **EXACT)
        _, *states = reference(lstm_step, weights, x + 1, states)
        np.testing.assert_allclose(got[1], states[0], **EXACT)


def test_a_users_initial_state(x):
    class Started(GRU):
        def get_initial_state(self, inputs):
            return [K.ones_like(inputs[:, 0, :UNITS])]

    data, layer = Input((STEPS, FEATURES)), Started(UNITS)
    y = layer(data)
    weights = randomize(layer)
    want = reference(gru_step, weights, x, [np.ones((BATCH, UNITS))])[1]
    np.testing.assert_allclose(compute([y], [data], [x])[0], want, **EXACT)


# -- programs


@pytest.mark.parametrize(
    "make",
    [
        lambda: SimpleRNN(5, dropout=0.5, recurrent_dropout=0.5),
        lambda: GRU(5, recurrent_dropout=0.5, return_sequences=True, go_backwards=True),
        lambda: GRU(5, reset_after=True, recurrent_dropout=0.5, implementation=2),
        lambda: LSTM(5, dropout=0.5, recurrent_dropout=0.5, activation="softmax"),
        lambda: CuDNNGRU(5),
    ],
    ids=["simple", "gru", "gru-after", "lstm", "cudnn"],
)
def test_the_own_gradient_of_loops_trains_the_same(make, monkeypatch, x):
    found = []
    for runner in (loop_gradients.run, loops.run):
        monkeypatch.setattr(loop_gradients, "run", runner)
        K.clear_session()
        np.random.seed(0)
        model = Sequential([Dense(FEATURES, input_shape=(STEPS, FEATURES)), make(), Dense(1)])
        model.compile("sgd", "mse")
        for _ in range(2):
            model.train_on_batch(x, np.ones((BATCH, *model.output_shape[1:])))
        found.append(model.get_weights())
    for got, want in zip(*found, strict=True):
        np.testing.assert_allclose(got, want, **EXACT)


@pytest.mark.parametrize("cls", [LSTM, GRU])
def test_training_compiled_by_xla(cls):
    K.set_floatx("float32")
    ids = np.random.randint(0, 20, (40, 6))
    labels = np.random.randint(0, 2, (40, 1))
    losses = []
    for jit in (False, True):
        np.random.seed(0)
        model = Sequential([Embedding(20, 4, mask_zero=True), cls(5), Dense(1)])
        model.build((None, 6))
        model.compile("sgd", "mse", jit=jit)
        # 40 steps: with fewer there is no loop of steps to be compiled.
        history = model.fit(ids, labels, batch_size=4, epochs=4, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
    # float32: XLA sums in another order.
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
