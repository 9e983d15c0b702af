"""Deep Q-learning on a corridor: replay memory, a target network, and a step made by K.function."""

import random
from collections import deque
import numpy as np
from keras.models import Sequential, clone_model
from keras.layers import Dense
from keras.optimizers import Adam
from keras import backend as K


class Corridor:
    size = 5

    def reset(self):
        self.at = 0
        return self.state()

    def state(self):
        return np.eye(self.size)[[self.at]]

    def step(self, action):
        self.at = max(0, self.at + (1 if action else -1))
        done = self.at == self.size - 1
        return self.state(), (1.0 if done else -0.05), done


class DQNAgent:
    def __init__(self, state_size, action_size):
        self.state_size = state_size
        self.action_size = action_size
        self.memory = deque(maxlen=500)
        self.gamma = 0.9
        self.epsilon = 1.0
        self.epsilon_min = 0.05
        self.epsilon_decay = 0.95
        self.model = self._build_model()
        self.target_model = clone_model(self.model)
        self.update_target_model()

    def _huber_loss(self, y_true, y_pred, clip_delta=1.0):
        error = y_true - y_pred
        cond = K.abs(error) <= clip_delta
        squared_loss = 0.5 * K.square(error)
        quadratic_loss = 0.5 * K.square(clip_delta) + clip_delta * (K.abs(error) - clip_delta)
        return K.mean(K.switch(cond, squared_loss, quadratic_loss))

    def _build_model(self):
        model = Sequential()
        model.add(Dense(16, input_dim=self.state_size, activation="relu"))
        model.add(Dense(self.action_size, activation="linear"))
        model.compile(loss=self._huber_loss, optimizer=Adam(lr=0.01))
        return model

    def update_target_model(self):
        self.target_model.set_weights(self.model.get_weights())

    def act(self, state):
        if np.random.rand() <= self.epsilon:
            return random.randrange(self.action_size)
        return np.argmax(self.model.predict(state)[0])

    def replay(self, batch_size):
        minibatch = random.sample(self.memory, batch_size)
        states = np.vstack([m[0] for m in minibatch])
        targets = self.model.predict(states)
        following = self.target_model.predict(np.vstack([m[3] for m in minibatch]))
        for i, (state, action, reward, next_state, done) in enumerate(minibatch):
            targets[i][action] = reward if done else reward + self.gamma * np.amax(following[i])
        self.model.fit(states, targets, epochs=1, verbose=0)
        if self.epsilon > self.epsilon_min:
            self.epsilon *= self.epsilon_decay


random.seed(0)
np.random.seed(0)
env = Corridor()
agent = DQNAgent(env.size, 2)
for e in range(25):
    state = env.reset()
    for time in range(30):
        action = agent.act(state)
        next_state, reward, done = env.step(action)
        agent.memory.append((state, action, reward, next_state, done))
        state = next_state
        if done:
            break
    agent.update_target_model()
    if len(agent.memory) > 32:
        for _ in range(4):
            agent.replay(32)
print(agent.model.predict(np.eye(5)))
assert (agent.model.predict(np.eye(5))[:4].argmax(axis=1) == 1).sum() >= 3

# The other way of the time: a hand-made train function over placeholders.
action_pl = K.placeholder(shape=(None,), dtype="int32")
reward_pl = K.placeholder(shape=(None,))
q = K.sum(agent.model.output * K.one_hot(action_pl, 2), axis=1)
loss = K.mean(K.square(reward_pl - q))
optimizer = Adam(lr=0.001)
updates = optimizer.get_updates(agent.model.trainable_weights, [], loss)
train = K.function([agent.model.input, action_pl, reward_pl], [loss], updates=updates)
losses = [train([np.eye(5), np.ones(5), np.zeros(5)])[0] for _ in range(50)]
print(losses[0], losses[-1])
assert losses[-1] < losses[0]
agent.model.save_weights("dqn.h5")
