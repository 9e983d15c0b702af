"""`tf.contrib.layers`: initializers and regularizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.tensorflow import tf
from compiler.tensorflow_1.layers import NAMES
from kir.errors import MissingAttributeError

v1 = tf.compat.v1


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = tf.float32
) -> Any:
    """Glorot's initializer, uniform or normal."""
    kind = v1.glorot_uniform_initializer if uniform else v1.glorot_normal_initializer
    return kind(seed=seed, dtype=dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = tf.float32,
) -> Any:
    """An initializer whose variance is `factor` by the number of inputs, outputs or their mean."""
    kind = "uniform" if uniform else "truncated_normal"
    return v1.variance_scaling_initializer(factor, mode.lower(), kind, seed, dtype)


def l1_regularizer(scale: float, scope: Any = None) -> Callable[[Any], Any]:
    """`scale` times the sum of absolute values."""
    return lambda weights: scale * tf.reduce_sum(tf.abs(weights))


def l2_regularizer(scale: float, scope: Any = None) -> Callable[[Any], Any]:
    """`scale` times half the sum of squares."""
    return lambda weights: scale * tf.nn.l2_loss(weights)


def l1_l2_regularizer(
    scale_l1: float = 1.0, scale_l2: float = 1.0, scope: Any = None
) -> Callable[[Any], Any]:
    """The sum of both."""
    parts = (l1_regularizer(scale_l1), l2_regularizer(scale_l2))
    return lambda weights: parts[0](weights) + parts[1](weights)


def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All axes but the first as one."""
    sizes = inputs.shape.as_list()[1:] if hasattr(inputs.shape, "as_list") else inputs.shape[1:]
    count = -1 if None in sizes else tf.TensorShape(sizes).num_elements()
    return tf.reshape(inputs, [-1 if count != -1 else tf.shape(inputs)[0], count])


def fully_connected(
    inputs: Any, num_outputs: int, activation_fn: Any = tf.nn.relu, scope: Any = None, **kwargs: Any
) -> Any:
    """A dense layer, by default with relu; other arguments as `tf.layers.dense` takes them."""
    return NAMES["dense"](inputs, num_outputs, activation=activation_fn, name=scope, **kwargs)


def __getattr__(name: str) -> Any:
    raise MissingAttributeError(
        f"TensorFlow has no tf.contrib any more, and kir offers no tf.contrib.layers.{name}. Use "
        "keras.layers."
    )


def one_hot_encoding(labels: Any, num_classes: int, on_value: float = 1.0) -> Any:
    """Rows with `on_value` at the label."""
    return tf.one_hot(labels, num_classes, on_value)
