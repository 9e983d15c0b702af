"""Advantage actor-critic with hand-made losses, get_updates and K.function."""

import numpy as np
from keras.layers import Dense, Input
from keras.models import Model
from keras.optimizers import Adam, RMSprop
from keras import backend as K


class A2CAgent:
    def __init__(self, state_size, action_size):
        self.state_size, self.action_size = state_size, action_size
        self.actor_lr, self.critic_lr = 0.01, 0.02
        self.actor, self.critic = self.build_model()
        self.optimizer = [self.actor_optimizer(), self.critic_optimizer()]

    def build_model(self):
        state = Input(batch_shape=(None, self.state_size))
        shared = Dense(
            16, input_dim=self.state_size, activation="relu", kernel_initializer="glorot_uniform"
        )(state)
        actor_hidden = Dense(16, activation="relu", kernel_initializer="glorot_uniform")(shared)
        action_prob = Dense(self.action_size, activation="softmax")(actor_hidden)
        value_hidden = Dense(16, activation="relu", kernel_initializer="he_uniform")(shared)
        state_value = Dense(1, activation="linear", kernel_initializer="he_uniform")(value_hidden)
        actor = Model(inputs=state, outputs=action_prob)
        critic = Model(inputs=state, outputs=state_value)
        actor._make_predict_function()
        critic._make_predict_function()
        return actor, critic

    def actor_optimizer(self):
        action = K.placeholder(shape=(None, self.action_size))
        advantages = K.placeholder(shape=(None,))
        policy = self.actor.output
        good_prob = K.sum(action * policy, axis=1)
        eligibility = K.log(good_prob + 1e-10) * K.stop_gradient(advantages)
        loss = -K.sum(eligibility)
        entropy = K.sum(policy * K.log(policy + 1e-10), axis=1)
        actor_loss = loss + 0.01 * K.sum(entropy)
        optimizer = Adam(lr=self.actor_lr)
        updates = optimizer.get_updates(actor_loss, self.actor.trainable_weights)
        return K.function([self.actor.input, action, advantages], [], updates=updates)

    def critic_optimizer(self):
        discounted_reward = K.placeholder(shape=(None,))
        value = self.critic.output
        loss = K.mean(K.square(discounted_reward - K.squeeze(value, axis=-1)))
        optimizer = RMSprop(lr=self.critic_lr)
        updates = optimizer.get_updates(params=self.critic.trainable_weights, loss=loss)
        return K.function([self.critic.input, discounted_reward], [], updates=updates)


np.random.seed(0)
agent = A2CAgent(2, 2)
states = np.array([[0.0, 1.0], [1.0, 0.0]])
for _ in range(60):
    s = states[np.random.randint(2, size=16)]
    p = agent.actor.predict(s)
    a = np.array([np.random.choice(2, p=row / row.sum()) for row in p])
    r = (a == s.argmax(axis=1)).astype("float32")
    v = agent.critic.predict(s)[:, 0]
    agent.optimizer[0]([s, np.eye(2)[a], r - v])
    agent.optimizer[1]([s, r])
print(agent.actor.predict(states))
assert (agent.actor.predict(states).argmax(axis=1) == states.argmax(axis=1)).all()
