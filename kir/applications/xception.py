"""Xception."""

from __future__ import annotations

from typing import Any

from kir import layers
from kir.applications import imagenet_utils
from kir.applications._building import (
    RELEASES,
    Request,
    WeightFile,
    application,
    channels_last,
)
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.engine.training import Model

_STEM = f"{RELEASES}/v0.4/xception_weights_tf_dim_ordering_tf_kernels"
_FILES = (
    WeightFile(f"{_STEM}.h5", "0a58e3b7378bc2990ea3b43d5981f1f6"),
    WeightFile(f"{_STEM}_notop.h5", "b0042744bf5b25fce3cb969f33bebb97"),
)


@application
def Xception(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """Inception taken to its extreme: separable convolutions with residual connections.

    Args:
        include_top: whether it ends in the classifier.
        weights: None (random), 'imagenet', or the path of a weights file.
        input_tensor: a tensor to use as the image.
        input_shape: shape of an image; (299, 299, 3) if None and there is a top. Height and width
            are at least 71.
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
        Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2016.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    with channels_last("Xception"):
        image = request.image(request.shape(299, 71))
        x = layers.Conv2D(32, (3, 3), strides=(2, 2), use_bias=False, name="block1_conv1")(image)
        x = _normalised(x, "block1_conv1")
        x = layers.Conv2D(64, (3, 3), use_bias=False, name="block1_conv2")(x)
        x = _normalised(x, "block1_conv2")
        x = _reducing(x, (128, 128), "block2", activated=False)
        x = _reducing(x, (256, 256), "block3")
        x = _reducing(x, (728, 728), "block4")
        for block in range(5, 13):
            x = layers.add([_chain(x, (728, 728, 728), f"block{block}"), x])
        x = _reducing(x, (728, 1024), "block13")
        for i, filters in enumerate((1536, 2048), 1):
            x = _separable(x, filters, f"block14_sepconv{i}")
            x = layers.Activation("relu", name=f"block14_sepconv{i}_act")(x)
        return request.model("xception", image, request.top(x), _FILES)


def _normalised(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_act")(x)


def _separable(x: Any, filters: int, name: str) -> Any:
    x = layers.SeparableConv2D(filters, (3, 3), padding="same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def _chain(x: Any, filters: tuple[int, ...], name: str, activated: bool = True) -> Any:
    """Separable convolutions, with an activation before each; before the first if `activated`."""
    for i, n in enumerate(filters, 1):
        if activated or i > 1:
            x = layers.Activation("relu", name=f"{name}_sepconv{i}_act")(x)
        x = _separable(x, n, f"{name}_sepconv{i}")
    return x


def _reducing(x: Any, filters: tuple[int, ...], name: str, activated: bool = True) -> Any:
    """A block that halves the size."""
    shortcut = layers.Conv2D(filters[-1], (1, 1), strides=(2, 2), padding="same", use_bias=False)(x)
    shortcut = layers.BatchNormalization()(shortcut)
    x = _chain(x, filters, name, activated)
    x = layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same", name=f"{name}_pool")(x)
    return layers.add([x, shortcut])


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
