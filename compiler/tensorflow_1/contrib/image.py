"""`tf.contrib.image`: projective transforms of images.

A transform is eight numbers, (a0, a1, a2, b0, b1, b2, c0, c1): the pixel (x, y) of the result is
that of the images at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1.
"""

from __future__ import annotations

from typing import Any

from compiler.tensorflow import tf
from compiler.tensorflow_1.recorded import recorded


@recorded
def transform(
    images: Any,
    transforms: Any,
    interpolation: str = "NEAREST",
    output_shape: Any = None,
    name: str | None = None,
) -> Any:
    """Images seen through transforms; what comes from outside of them is 0.

    Args:
        images: (batch, height, width, channels), (height, width, channels) or (height, width).
        transforms: (8,), or one for each image, (batch, 8).
        interpolation: 'NEAREST' or 'BILINEAR'.
        output_shape: height and width of the result; those of the images if None.
        name: not used.
    """
    images, transforms = tf.convert_to_tensor(images), tf.cast(transforms, tf.float32)
    batch = images
    if images.shape.rank == 3:
        batch = images[None]
    elif images.shape.rank == 2:
        batch = images[None, ..., None]
    seen = tf.raw_ops.ImageProjectiveTransformV2(
        images=batch,
        transforms=tf.reshape(transforms, [-1, 8]),
        output_shape=tf.shape(batch)[1:3] if output_shape is None else output_shape,
        interpolation=interpolation,
    )
    if output_shape is None:
        seen.set_shape(batch.shape)
    if images.shape.rank == 3:
        return seen[0]
    return seen[0, ..., 0] if images.shape.rank == 2 else seen


@recorded
def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> Any:
    """Transforms that turn images counter-clockwise about their middle.

    Args:
        angles: in radians; one, or one for each image.
        image_height: in pixels.
        image_width: in pixels.
        name: not used.
    """
    angles = tf.reshape(tf.cast(angles, tf.float32), [-1])
    right, bottom = (tf.cast(n, tf.float32) - 1.0 for n in (image_width, image_height))
    cos, sin, nothing = tf.cos(angles), tf.sin(angles), tf.zeros_like(angles)
    x = (right - (cos * right - sin * bottom)) / 2.0
    y = (bottom - (sin * right + cos * bottom)) / 2.0
    return tf.stack([cos, -sin, x, sin, cos, y, nothing, nothing], axis=1)


@recorded
def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Any:
    """Transforms that move images by (dx, dy) pixels, right and down.

    Args:
        translations: (2,), or one for each image, (batch, 2).
        name: not used.
    """
    moved = tf.reshape(tf.cast(translations, tf.float32), [-1, 2])
    one, nothing = tf.ones_like(moved[:, 0]), tf.zeros_like(moved[:, 0])
    x, y = -moved[:, 0], -moved[:, 1]
    return tf.stack([one, nothing, x, nothing, one, y, nothing, nothing], axis=1)


@recorded
def compose_transforms(*transforms: Any) -> Any:
    """The transform that does all of these, the first one first.

    Args:
        *transforms: (8,) or (batch, 8) each.
    """
    matrices = [_matrices(t) for t in transforms]
    found = matrices[0]
    for matrix in matrices[1:]:
        # The result's pixels are looked up in the images, so the last transform comes first.
        found = tf.matmul(found, matrix)
    flat = tf.reshape(found / found[:, 2:, 2:], [-1, 9])
    return flat[:, :8]


def _matrices(transforms: Any) -> Any:
    rows = tf.reshape(tf.cast(transforms, tf.float32), [-1, 8])
    return tf.reshape(tf.concat([rows, tf.ones_like(rows[:, :1])], axis=1), [-1, 3, 3])


def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: Any = None) -> Any:
    """Images turned counter-clockwise about their middle.

    Args:
        images: as in `transform`.
        angles: in radians; one, or one for each image.
        interpolation: as in `transform`.
        name: not used.
    """
    height, width = _size(images)
    return transform(images, angles_to_projective_transforms(angles, height, width), interpolation)


@recorded
def _size(images: Any) -> Any:
    shape = tf.shape(images)
    first = 1 if len(images.shape) == 4 else 0
    return shape[first], shape[first + 1]


def translate(
    images: Any, translations: Any, interpolation: str = "NEAREST", name: Any = None
) -> Any:
    """Images moved right and down; what comes from outside of them is 0.

    Args:
        images: as in `transform`.
        translations: (dx, dy) in pixels; one, or one for each image.
        interpolation: as in `transform`.
        name: not used.
    """
    return transform(images, translations_to_projective_transforms(translations), interpolation)
