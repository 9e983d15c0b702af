"""InceptionV3."""

from __future__ import annotations

from typing import Any

from kir.applications import imagenet_utils
from kir.applications._building import (
    RELEASES,
    Request,
    WeightFile,
    application,
)
from kir.applications._inception import Branch, chain, concatenated, mixed, stem
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.engine.training import Model

_STEM = f"{RELEASES}/v0.5/inception_v3_weights_tf_dim_ordering_tf_kernels"
_FILES = (
    WeightFile(f"{_STEM}.h5", "9a0d58056eeedaa3f26cb7ebd46da564"),
    WeightFile(f"{_STEM}_notop.h5", "bcbd6486424b2319ff4ef7d526e38f63"),
)


def _wide(pooled: int) -> tuple[Branch, ...]:
    return (
        ((64, 1, 1),),
        ((48, 1, 1), (64, 5, 5)),
        ((64, 1, 1), (96, 3, 3), (96, 3, 3)),
        ("avg", (pooled, 1, 1)),
    )


def _factorised(n: int) -> tuple[Branch, ...]:
    return (
        ((192, 1, 1),),
        ((n, 1, 1), (n, 1, 7), (192, 7, 1)),
        ((n, 1, 1), (n, 7, 1), (n, 1, 7), (n, 7, 1), (192, 1, 7)),
        ("avg", (192, 1, 1)),
    )


# The blocks mixed0 to mixed8.
_BLOCKS: tuple[tuple[Branch, ...], ...] = (
    _wide(32),
    _wide(64),
    _wide(64),
    (((384, 3, 3, "s"),), ((64, 1, 1), (96, 3, 3), (96, 3, 3, "s")), ("max",)),
    _factorised(128),
    _factorised(160),
    _factorised(160),
    _factorised(192),
    (
        ((192, 1, 1), (320, 3, 3, "s")),
        ((192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3, "s")),
        ("max",),
    ),
)


@application
def InceptionV3(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The third version of the Inception network.

    Args:
        include_top: whether it ends in the classifier.
        weights: None (random), 'imagenet', or the path of a weights file.
        input_tensor: a tensor to use as the image.
        input_shape: shape of an image; (299, 299, 3) if None and there is a top. Height and width
            are at least 75.
        pooling: without the top, 'avg' or 'max' over all positions, or None.
        classes: how many classes the classifier tells apart.

    Returns:
        A `Model` that is not compiled.

    Shape:
        images (batch, height, width, 3), or with channels first -> (batch, classes) probabilities;
        without the top the features (batch, rows, columns, channels), or (batch, channels) with
        `pooling`; dtype: `K.floatx()`.

    Raises:
        ConfigError: the arguments contradict each other.
        DownloadError: ImageNet's weights cannot be fetched.

    Reference:
        Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2015.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    image = request.image(request.shape(299, 75))
    x = stem(image)
    for i, branches in enumerate(_BLOCKS):
        x = mixed(x, branches, f"mixed{i}")
    for i in range(2):
        x = _forked(x, i)
    return request.model("inception_v3", image, request.top(x), _FILES)


def _forked(x: Any, i: int) -> Any:
    """A block with two branches that fork at their end: mixed9 and mixed10."""
    first = chain(x, ((320, 1, 1),))
    second = _fork(chain(x, ((384, 1, 1),)), f"mixed9_{i}")
    third = _fork(chain(x, ((448, 1, 1), (384, 3, 3))))
    fourth = chain(x, ("avg", (192, 1, 1)))
    return concatenated([first, second, third, fourth], f"mixed{9 + i}")


def _fork(x: Any, name: str | None = None) -> Any:
    return concatenated([chain(x, ((384, 1, 3),)), chain(x, ((384, 3, 1),))], name)


def preprocess_input(x: Any, **kwargs: Any) -> Any:
    """Images scaled to values from -1 to 1; see `imagenet_utils.preprocess_input`.

    Args:
        x: array or tensor of 3 or 4 axes, with values from 0 to 255 in the order RGB.
        **kwargs: `data_format`, and modules of Keras, which have no effect.

    Shape:
        (batch, rows, columns, 3), (rows, columns, 3), or with channels first -> the same; dtype:
        `K.floatx()` for arrays of integers.

    Reference:
        https://keras.io/applications (Keras 2.2.4).
    """
    return imagenet_utils.preprocess_input(x, **{**kwargs, "mode": "tf"})
