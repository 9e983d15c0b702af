"""Programs that train parts of a graph in turn: adversarial networks and policy gradients."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.layers import BatchNormalization, Dense, Dropout, Input
from kir.models import Model, Sequential
from kir.optimizers import Adam

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()
    np.random.seed(3)


def unchanged(a, b):
    return all((x == y).all() for x, y in zip(a, b, strict=True))


@pytest.mark.filterwarnings("ignore:Discrepancy between the trainable weights")
def test_an_adversarial_pair():
    generator = Sequential([Dense(8, activation="relu", input_shape=(4,)), Dense(3)])
    judge = Sequential(
        [
            Dense(8, activation="relu", input_shape=(3,)),
            BatchNormalization(),
            Dropout(0.2),
            Dense(1, activation="sigmoid"),
        ]
    )
    judge.compile(Adam(0.01), "binary_crossentropy", metrics=["acc"])
    judge.trainable = False
    noise = Input((4,))
    together = Model(noise, judge(generator(noise)))
    together.compile(Adam(0.01), "binary_crossentropy")
    real = np.random.normal(2.0, 0.5, size=(16, 3))
    for _ in range(2):
        made = generator.predict(np.random.normal(size=(16, 4)))
        before = [generator.get_weights(), judge.get_weights()]
        judge.train_on_batch(np.concatenate([real, made]), np.repeat([1, 0], 16))
        assert unchanged(before[0], generator.get_weights())
        assert not unchanged(before[1], judge.get_weights())
        before = [generator.get_weights(), judge.get_weights()]
        together.train_on_batch(np.random.normal(size=(16, 4)), np.ones(16))
        assert not unchanged(before[0], generator.get_weights())
        assert unchanged(before[1], judge.get_weights())


def test_a_policy_gradient():
    policy = Sequential(
        [Dense(16, activation="relu", input_shape=(2,)), Dense(2, activation="softmax")]
    )
    action, advantage = K.placeholder((None, 2)), K.placeholder((None,))
    chosen = K.log(K.sum(policy.output * action, axis=1))
    loss = -K.mean(chosen * advantage)
    updates = Adam(lr=0.03).get_updates(params=policy.trainable_weights, loss=loss)
    train = K.function([policy.input, action, advantage], [loss], updates=updates)
    for _ in range(60):
        states = np.random.normal(size=(32, 2))
        p = policy.predict(states)[:, 1]
        taken = (np.random.uniform(size=32) < p).astype(int)
        reward = np.where(taken == (states[:, 0] > 0), 1.0, -1.0)
        train([states, np.eye(2)[taken], reward])
    states = np.random.normal(size=(200, 2))
    assert np.mean(policy.predict(states).argmax(1) == (states[:, 0] > 0)) > 0.9


def test_the_gradient_of_a_critic_by_the_action_trains_the_actor():
    state, action = Input((2,)), Input((1,))
    actor = Model(state, Dense(1, activation="tanh")(state))
    critic = Model([state, action], Dense(1)(action))
    critic.set_weights([np.ones((1, 1)), np.zeros(1)])
    loss = -K.mean(critic([state, actor.output]))
    updates = Adam(lr=0.1).get_updates(loss, actor.trainable_weights)
    train = K.function([state], [loss], updates)
    x = np.random.normal(size=(16, 2))
    losses = [float(train([x])[0]) for _ in range(50)]
    assert losses[-1] < losses[0] - 0.2
    assert critic.get_weights()[0] == 1.0
