"""The models of the benchmark, written in plain TensorFlow with one call a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compiler.tensorflow import tf

Forward = Callable[[Any], Any]
Loss = Callable[[Any, Any], Any]


def dense(x: Any, w: Any, b: Any) -> Any:
    """An affine map."""
    return tf.nn.bias_add(tf.matmul(x, w), b)


def variables(*shapes: Sequence[int]) -> list[Any]:
    """Weights with small random values."""
    rng = np.random.default_rng(0)
    return [tf.Variable(rng.normal(0, 0.05, s).astype("float32")) for s in shapes]


def train_step(weights: Sequence[Any], forward: Forward, loss: Loss, adam: bool) -> Any:
    """A compiled step of gradient descent or Adam."""
    moments = [(tf.Variable(tf.zeros_like(w)), tf.Variable(tf.zeros_like(w))) for w in weights]
    count = tf.Variable(0.0)

    @tf.function(autograph=False)
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            value = loss(y, forward(x))
        grads = tape.gradient(value, weights)
        if adam:
            t = count.assign_add(1.0)
            for w, (m, v), g in zip(weights, moments, grads, strict=True):
                tf.raw_ops.ResourceApplyAdam(
                    var=w.handle,
                    m=m.handle,
                    v=v.handle,
                    beta1_power=tf.pow(0.9, t),
                    beta2_power=tf.pow(0.999, t),
                    lr=0.001,
                    beta1=0.9,
                    beta2=0.999,
                    epsilon=1e-7,
                    grad=g,
                )
        else:
            for w, g in zip(weights, grads, strict=True):
                tf.raw_ops.ResourceApplyGradientDescent(var=w.handle, alpha=0.01, delta=g)
        return value

    return step


def small_mlp() -> tuple[list[Any], Forward, Loss]:
    """20-32-32-1, squared error."""
    w = variables((20, 32), (32,), (32, 32), (32,), (32, 1), (1,))

    def forward(x: Any) -> Any:
        return dense(tf.nn.relu(dense(tf.nn.relu(dense(x, *w[:2])), *w[2:4])), *w[4:])

    return w, forward, lambda y, p: tf.reduce_mean(tf.square(y - p))


def crossentropy(y: Any, logits: Any) -> Any:
    """Mean cross-entropy of one-hot targets."""
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits))


def large_mlp() -> tuple[list[Any], Forward, Loss]:
    """784-512-512-10 with dropout."""
    w = variables((784, 512), (512,), (512, 512), (512,), (512, 10), (10,))

    def forward(x: Any) -> Any:
        h = tf.nn.dropout(tf.nn.relu(dense(x, *w[:2])), 0.2)
        h = tf.nn.dropout(tf.nn.relu(dense(h, *w[2:4])), 0.2)
        return dense(h, *w[4:])

    return w, forward, crossentropy


def cnn() -> tuple[list[Any], Forward, Loss]:
    """The MNIST network of Keras's examples."""
    w = variables(
        (3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (9216, 128), (128,), (128, 10), (10,)
    )

    def forward(x: Any) -> Any:
        h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w[0], 1, "VALID"), w[1]))
        h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(h, w[2], 1, "VALID"), w[3]))
        h = tf.nn.dropout(tf.nn.max_pool2d(h, 2, 2, "VALID"), 0.25)
        h = tf.nn.relu(dense(tf.reshape(h, [-1, 9216]), *w[4:6]))
        return dense(tf.nn.dropout(h, 0.5), *w[6:])

    return w, forward, crossentropy
