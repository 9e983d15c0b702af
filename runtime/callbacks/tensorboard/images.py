"""Weights as images, by the rules of Keras 2.2.4."""

from __future__ import annotations

from typing import Any

from compiler.devices import placed_on
from compiler.tensorflow import tf
from kir import settings

# Images of one weight that are shown at most, as TensorFlow 1 did.
MOST_IMAGES = 3
# Input channels and filters of a kernel that are shown at most.
MOST_TILES = 64


def image_batch(weight: Any) -> Any:
    """A weight as (images, height, width, 1), or None if its shape makes no image.

    Axes of size 1 count for nothing. A vector is a column, a matrix lies on its longer side, and
    of a kernel with three axes each filter is an image (with ``'channels_first'`` each entry of the
    first axis). A kernel with four axes, (height, width, channels, filters), is a mosaic: a row for
    each input channel, a column for each filter, up to 64 of both; Keras 2.2.4 left these out.
    """
    shape = [size for size in weight.shape.as_list() if size != 1]
    image = tf.reshape(weight, shape)
    if not image.dtype.is_floating or 0 in shape:
        return None
    if image.dtype.size != 4:
        image = tf.cast(image, tf.float32)
    if len(shape) == 1:
        return tf.reshape(image, [1, shape[0], 1, 1])
    if len(shape) == 2:
        wide = tf.transpose(image) if shape[0] > shape[1] else image
        return wide[tf.newaxis, :, :, tf.newaxis]
    if len(shape) == 3:
        is_last = settings.image_data_format() == "channels_last"
        return tf.expand_dims(tf.transpose(image, [2, 0, 1]) if is_last else image, -1)
    return _mosaic(image) if len(shape) == 4 else None


def _mosaic(kernel: Any) -> Any:
    """(height, width, channels, filters) as one image of tiles with black lines between them."""
    tiles = kernel[:, :, :MOST_TILES, :MOST_TILES]
    height, width, channels, filters = tiles.shape.as_list()
    # Pixels are scaled by the largest magnitude; zero is black only where nothing is negative.
    largest = tf.reduce_max(tf.abs(tiles))
    black = tf.where(tf.reduce_min(tiles) < 0, -largest, tf.zeros_like(largest))
    padded = tf.pad(tiles - black, [[0, 1], [0, 1], [0, 0], [0, 0]]) + black
    joined = tf.transpose(padded, [2, 0, 3, 1])
    full = tf.reshape(joined, [1, channels * (height + 1), filters * (width + 1), 1])
    return full[:, :-1, :-1]


def image_summary(tag: str, weight: Any) -> Any:
    """A serialized summary with the images of a weight, or None."""
    images = image_batch(weight)
    if images is None:
        return None
    with placed_on("cpu:0"):
        return tf.raw_ops.ImageSummary(tag=tag, tensor=images, max_images=MOST_IMAGES)
