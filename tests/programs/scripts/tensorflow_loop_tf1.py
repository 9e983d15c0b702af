"""Keras layers in a training loop of TensorFlow 1's own, and a policy gradient with tf.placeholder."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Dropout, Input
from keras.models import Sequential, Model
from keras.objectives import categorical_crossentropy
from keras.metrics import categorical_accuracy as accuracy

tf.set_random_seed(1)
np.random.seed(1)
sess = tf.Session()
K.set_session(sess)
img = tf.placeholder(tf.float32, shape=(None, 16))
x = Dense(32, activation="relu")(img)
x = Dropout(0.5)(x)
preds = Dense(3, activation="softmax")(x)
labels = tf.placeholder(tf.float32, shape=(None, 3))
loss = tf.reduce_mean(categorical_crossentropy(labels, preds))
train_step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
init_op = tf.global_variables_initializer()
sess.run(init_op)
classes = np.random.randint(0, 3, 90)
data = np.random.rand(90, 16) * 0.5 + np.eye(16)[classes]
with sess.as_default():
    for i in range(60):
        at = np.random.randint(0, 90, 30)
        train_step.run(
            feed_dict={img: data[at], labels: np.eye(3)[classes[at]], K.learning_phase(): 1}
        )
acc_value = accuracy(labels, preds)
with sess.as_default():
    acc = acc_value.eval(feed_dict={img: data, labels: np.eye(3)[classes], K.learning_phase(): 0})
print(np.mean(acc))
assert np.mean(acc) > 0.8


class PolicyGradient(object):
    def __init__(self, n_states, n_actions, lr=0.05):
        self.sess = K.get_session()
        with tf.variable_scope("policy"):
            self.state = tf.placeholder(tf.float32, [None, n_states], name="state")
            self.action = tf.placeholder(tf.int32, [None], name="action")
            self.advantage = tf.placeholder(tf.float32, [None], name="advantage")
            logits = Dense(n_actions)(Dense(16, activation="tanh")(self.state))
            self.probs = tf.nn.softmax(logits)
            neg_log = tf.nn.sparse_softmax_cross_entropy_with_logits(
                logits=logits, labels=self.action
            )
            self.loss = tf.reduce_mean(neg_log * self.advantage)
            optimizer = tf.train.AdamOptimizer(lr)
            grads = optimizer.compute_gradients(self.loss)
            clipped = [(tf.clip_by_norm(g, 5.0), v) for g, v in grads if g is not None]
            self.train_op = optimizer.apply_gradients(clipped)
        self.sess.run(tf.global_variables_initializer())

    def act(self, s):
        return self.sess.run(self.probs, {self.state: s})

    def learn(self, s, a, adv):
        return self.sess.run(
            [self.train_op, self.loss],
            feed_dict={self.state: s, self.action: a, self.advantage: adv},
        )[1]


agent = PolicyGradient(2, 2)
states = np.eye(2)
for _ in range(50):
    s = states[np.random.randint(2, size=16)]
    a = np.array([np.random.choice(2, p=p / p.sum()) for p in agent.act(s)])
    agent.learn(s, a, np.where(a == s.argmax(axis=1), 1.0, -1.0))
print(agent.act(states))
assert (agent.act(states).argmax(axis=1) == [0, 1]).all()


class DeepQ(object):
    """Target network updates as assign operations over trainable weights."""

    def __init__(self):
        self.main = self.build()
        self.target = self.build()
        self.tau = 0.5
        pairs = zip(self.main.trainable_weights, self.target.trainable_weights)
        self.update = [tf.assign(t, self.tau * m + (1 - self.tau) * t) for m, t in pairs]

    def build(self):
        model = Sequential([Dense(4, input_shape=(3,)), Dense(2)])
        return model


dq = DeepQ()
wanted = [(m + t) / 2 for m, t in zip(dq.main.get_weights(), dq.target.get_weights())]
sess.run(dq.update)
for a, b in zip(dq.target.get_weights(), wanted):
    np.testing.assert_allclose(a, b, rtol=1e-5)


class DDPGActor(object):
    """Gradients of the critic's output by the action, pushed through the actor."""

    def __init__(self):
        s = Input(shape=(3,))
        self.model = Model(s, Dense(2, activation="tanh")(s))
        self.action_gradient = tf.placeholder(tf.float32, [None, 2])
        self.params_grad = tf.gradients(
            self.model.output, self.model.trainable_weights, -self.action_gradient
        )
        grads = zip(self.params_grad, self.model.trainable_weights)
        self.optimize = tf.train.AdamOptimizer(0.01).apply_gradients(grads)
        K.get_session().run(tf.initialize_all_variables())

    def train(self, states, action_grads):
        K.get_session().run(
            self.optimize, feed_dict={self.model.input: states, self.action_gradient: action_grads}
        )


actor = DDPGActor()
states = np.random.rand(8, 3)
before = actor.model.predict(states)
for _ in range(20):
    actor.train(states, np.ones((8, 2)))
assert (actor.model.predict(states) > before).all()
