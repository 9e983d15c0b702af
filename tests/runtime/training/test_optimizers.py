"""Optimizers against their formulas in float64, as symbolic updates, and of a user's own class."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir import optimizers
from kir.errors import ArgumentError, ConfigError, UnsupportedError
from kir.layers import Dense, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf

STEPS = 6


@pytest.fixture(autouse=True)
def _doubles():
    K.clear_session()
    K.set_floatx("float64")
    np.random.seed(5)
    yield
    K.set_floatx("float32")


def sgd(w, g, s, t, lr=0.1, momentum=0.9):
    s["m"] = momentum * s.get("m", 0) - lr * g
    return w + momentum * s["m"] - lr * g  # nesterov


def rmsprop(w, g, s, t, lr=0.01, rho=0.9, eps=1e-7):
    s["a"] = rho * s.get("a", 0) + (1 - rho) * g**2
    return w - lr * g / (np.sqrt(s["a"]) + eps)


def adagrad(w, g, s, t, lr=0.05, eps=1e-7):
    s["a"] = s.get("a", 0) + g**2
    return w - lr * g / (np.sqrt(s["a"]) + eps)


def adadelta(w, g, s, t, lr=1.0, rho=0.95, eps=1e-7):
    s["a"] = rho * s.get("a", 0) + (1 - rho) * g**2
    d = s.get("d", 0)
    step = g * np.sqrt(d + eps) / np.sqrt(s["a"] + eps)
    s["d"] = rho * d + (1 - rho) * step**2
    return w - lr * step


def adam(w, g, s, t, lr=0.01, b1=0.9, b2=0.999, eps=1e-7):
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    rate = lr * np.sqrt(1 - b2**t) / (1 - b1**t)
    return w - rate * s["m"] / (np.sqrt(s["v"]) + eps)


def amsgrad(w, g, s, t, lr=0.01, b1=0.9, b2=0.999, eps=1e-7):
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    s["h"] = np.maximum(s.get("h", 0), s["v"])
    rate = lr * np.sqrt(1 - b2**t) / (1 - b1**t)
    return w - rate * s["m"] / (np.sqrt(s["h"]) + eps)


def adamax(w, g, s, t, lr=0.01, b1=0.9, b2=0.999, eps=1e-7):
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["u"] = np.maximum(b2 * s.get("u", 0), np.abs(g))
    return w - lr / (1 - b1**t) * s["m"] / (s["u"] + eps)


def nadam(w, g, s, t, lr=0.01, b1=0.9, b2=0.999, eps=1e-7, decay=0.004):
    now = b1 * (1 - 0.5 * 0.96 ** (t * decay))
    ahead = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * decay))
    s["p"] = s.get("p", 1.0) * now
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    gradient = g / (1 - s["p"])
    momentum = s["m"] / (1 - s["p"] * ahead)
    root = np.sqrt(s["v"] / (1 - b2**t)) + eps
    return w - lr * ((1 - now) * gradient + ahead * momentum) / root


CASES = {
    "sgd": (lambda: optimizers.SGD(lr=0.1, momentum=0.9, nesterov=True), sgd),
    "rmsprop": (lambda: optimizers.RMSprop(lr=0.01), rmsprop),
    "adagrad": (lambda: optimizers.Adagrad(lr=0.05), adagrad),
    "adadelta": (optimizers.Adadelta, adadelta),
    "adam": (lambda: optimizers.Adam(lr=0.01), adam),
    "amsgrad": (lambda: optimizers.Adam(lr=0.01, amsgrad=True), amsgrad),
    "adamax": (lambda: optimizers.Adamax(lr=0.01), adamax),
    "nadam": (lambda: optimizers.Nadam(lr=0.01), nadam),
}


def linear_model(optimizer, constraint=None):
    model = Sequential([Dense(3, use_bias=False, kernel_constraint=constraint, input_shape=(4,))])
    model.compile(optimizer, "mse")
    return model


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 4)), rng.normal(size=(8, 3))


def gradient(x, y, w):
    return 2.0 * x.T @ (x @ w - y) / y.size


@pytest.mark.parametrize("name", CASES)
def test_steps_follow_the_formula(name):
    make, formula = CASES[name]
    model = linear_model(make())
    x, y = data()
    (w,) = model.get_weights()
    state = {}
    for t in range(1, STEPS + 1):
        model.train_on_batch(x, y)
        w = formula(w, gradient(x, y, w), state, t)
    # Hyperparameters are numbers such as 0.9 in both; TensorFlow's kernels use a reciprocal root.
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_symbolic_updates_take_the_same_steps(name):
    make, formula = CASES[name]
    x, y = data()
    w = K.variable(np.ones((4, 3)))
    a, b = K.placeholder((None, 4)), K.placeholder((None, 3))
    loss = K.mean(K.square(K.dot(a, w) - b))
    updates = make().get_updates(loss, [w])
    train = K.function([a, b], [loss], updates)
    wanted, state = np.ones((4, 3)), {}
    for t in range(1, STEPS + 1):
        before = np.mean((x @ wanted - y) ** 2)
        np.testing.assert_allclose(train([x, y])[0], before, rtol=1e-9)
        wanted = formula(wanted, gradient(x, y, wanted), state, t)
    np.testing.assert_allclose(K.get_value(w), wanted, rtol=1e-9)


def test_the_rate_decays_with_the_steps():
    model = linear_model(optimizers.SGD(lr=0.1, decay=0.5))
    x, y = data()
    (w,) = model.get_weights()
    for t in range(3):
        model.train_on_batch(x, y)
        w = w - 0.1 / (1 + 0.5 * t) * gradient(x, y, w)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-9)


@pytest.mark.parametrize("is_symbolic", [False, True])
@pytest.mark.parametrize("limits", [{"clipnorm": 0.01}, {"clipvalue": 0.02}, {"clipnorm": 100.0}])
def test_gradients_are_clipped(is_symbolic, limits):
    x, y = data()
    model = linear_model(optimizers.SGD(lr=1.0, **limits))
    (w,) = model.get_weights()
    g = gradient(x, y, w)
    if is_symbolic:
        optimizer = optimizers.SGD(lr=1.0, **limits)
        updates = optimizer.get_updates(model.total_loss, model.trainable_weights)
        fed = model.inputs + model.targets + model.sample_weights
        K.function(fed, [], updates)([x, y, np.ones(8)])
    else:
        model.train_on_batch(x, y)
    norm = np.sqrt((g**2).sum())
    if norm > limits.get("clipnorm", np.inf):
        g = g * limits["clipnorm"] / norm
    if "clipvalue" in limits:
        g = np.clip(g, -limits["clipvalue"], limits["clipvalue"])
    np.testing.assert_allclose(model.get_weights()[0], w - g, rtol=1e-9)


def test_constraints_hold_for_symbolic_updates_too():
    w = K.variable(np.ones((2, 2)), constraint=lambda v: K.clip(v, 0.0, 0.5))
    loss = K.sum(K.square(w))
    K.function([], [loss], optimizers.Adam(lr=1e-6).get_updates(loss, [w]))([])
    np.testing.assert_array_equal(K.get_value(w), np.full((2, 2), 0.5))


def test_one_optimizer_may_step_several_groups_of_weights():
    a, b = K.variable(np.ones(2)), K.variable(np.ones(3))
    optimizer = optimizers.SGD(lr=0.1, momentum=0.5)
    loss = K.sum(a) + K.sum(b)
    for w in (a, b):
        K.function([], [loss], optimizer.get_updates(loss, [w]))([])
        np.testing.assert_allclose(K.get_value(w), 0.9)
    assert int(K.get_value(optimizer.iterations)) == 2


def test_the_order_of_keras_1_is_understood():
    w = K.variable(np.ones(2))
    loss = K.sum(w)
    updates = optimizers.SGD(lr=0.5).get_updates([w], [], loss)
    K.function([], [], updates)([])
    np.testing.assert_array_equal(K.get_value(w), [0.5, 0.5])


class Momentum(optimizers.Optimizer):
    """Written as in Keras 2."""

    def __init__(self, lr=0.1, **kwargs):
        super().__init__(**kwargs)
        with K.name_scope(type(self).__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        moments = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations, *moments]
        for p, g, m in zip(params, grads, moments, strict=True):
            v = 0.9 * m - self.lr * g
            self.updates.append(K.update(m, v))
            new_p = p + v
            if getattr(p, "constraint", None) is not None:
                new_p = p.constraint(new_p)
            self.updates.append((p, new_p))
        return self.updates

    def get_config(self):
        return {**super().get_config(), "lr": float(K.get_value(self.lr))}


@pytest.mark.parametrize("sample_weight", [None, np.full(8, 2.0)])
def test_an_optimizer_of_the_users_own_trains_as_the_built_in_one(sample_weight):
    x, y = data()
    weights = None
    found = []
    for optimizer in (Momentum(lr=0.1, clipnorm=0.3), optimizers.SGD(0.1, 0.9, clipnorm=0.3)):
        model = linear_model(optimizer, constraint=lambda w: K.clip(w, -0.4, 0.4))
        model.set_weights(weights or model.get_weights())
        weights = weights or model.get_weights()
        history = model.fit(x, y, 4, 20, verbose=0, shuffle=False, sample_weight=sample_weight)
        found.append((history.history["loss"], model.get_weights()[0]))
        assert int(K.get_value(optimizer.iterations)) == 40
        assert model._trainer.steps(True, sample_weight is not None).trace_count == 1
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-9)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9)


def test_a_subclass_may_change_the_gradients():
    class Ascent(optimizers.SGD):
        def get_gradients(self, loss, params):
            return [-g for g in super().get_gradients(loss, params)]

    x, y = data()
    model = linear_model(Ascent(lr=0.1))
    (w,) = model.get_weights()
    model.train_on_batch(x, y)
    np.testing.assert_allclose(model.get_weights()[0], w + 0.1 * gradient(x, y, w), rtol=1e-9)


def test_a_subclass_may_add_to_the_updates():
    class Decoupled(optimizers.SGD):
        def get_updates(self, loss, params):
            self.count = K.variable(0.0)
            return [*super().get_updates(loss, params), K.update_add(self.count, 1.0)]

    x, y = data()
    optimizer = Decoupled(lr=0.1)
    model = linear_model(optimizer)
    (w,) = model.get_weights()
    for _ in range(2):
        model.train_on_batch(x, y)
        w = w - 0.1 * gradient(x, y, w)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-9)
    assert K.get_value(optimizer.count) == 2.0


def test_an_optimizer_without_a_step_says_so():
    class Nothing(optimizers.Optimizer):
        pass

    with pytest.raises(UnsupportedError, match=r"Nothing .* overrides no `get_updates"):
        linear_model(Nothing()).train_on_batch(*data())


def test_a_weight_that_the_loss_does_not_depend_on_is_named():
    x = Input((4,))
    model = Model(x, [Dense(2, name="used")(x), Dense(2, name="unused")(x)])
    with pytest.warns(UserWarning, match='"unused" missing from loss dictionary'):
        model.compile("sgd", {"used": "mse"})
    with pytest.raises(ConfigError, match="unused/kernel:0"):
        model.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda: optimizers.Adam(learning_rate=0.1), "Did you mean `lr`"),
        (lambda: optimizers.SGD(momentun=0.1), "Did you mean `momentum`"),
        (lambda: optimizers.Nadam(decay=0.1), "schedule_decay"),
        (lambda: optimizers.RMSprop(clip_norm=0.1), "Did you mean `clipnorm`"),
    ],
)
def test_an_unknown_argument_names_the_nearest(make, hint):
    with pytest.raises(ArgumentError, match=hint):
        make()


def test_the_class_name_of_a_given_config_is_lowered():
    config = optimizers.serialize(optimizers.SGD())
    assert type(optimizers.deserialize(config)) is optimizers.SGD
    assert config["class_name"] == "sgd"


def test_a_rate_set_while_training_counts_for_the_next_step():
    x, y = data()
    model = linear_model(optimizers.SGD(lr=0.1))
    model.train_on_batch(x, y)
    (w,) = model.get_weights()
    K.set_value(model.optimizer.lr, 0.0)
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(model.get_weights()[0], w)


def test_models_with_one_optimizer_have_moments_of_their_own():
    x, y = data()
    optimizer = optimizers.SGD(lr=0.1, momentum=0.9)
    models = [linear_model(optimizer) for _ in range(2)]
    start = models[0].get_weights()
    for model in models:
        model.set_weights(start)
        for _ in range(3):
            model.train_on_batch(x, y)
    np.testing.assert_array_equal(models[0].get_weights()[0], models[1].get_weights()[0])
