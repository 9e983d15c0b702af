"""MobileNet."""

from __future__ import annotations

from typing import Any

from kir import layers
from kir._lazy import lazy_names
from kir.applications import imagenet_utils
from kir.applications._building import (
    RELEASES,
    Request,
    Shape,
    WeightFile,
    application,
    channels_last,
    published_shape,
    square_size,
)
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.engine.training import Model
from kir.errors import ConfigError

# The sizes and widths that were trained on ImageNet; a width's name in its file.
_SIZES = (128, 160, 192, 224)
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}

# Filters and stride of each block.
_BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
)


@application
def MobileNet(  # noqa: N802 - Keras's name
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 1e-3,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """A small network of depthwise separable convolutions.

    Args:
        input_shape: shape of an image; (224, 224, 3) if None and there is a top. Height and width
            are at least 32.
        alpha: factor of the number of filters of every layer.
        depth_multiplier: filters of each channel in the depthwise convolutions.
        dropout: rate of the dropout before the classifier.
        include_top: whether it ends in the classifier.
        weights: None (random), 'imagenet', or the path of a weights file.
        input_tensor: a tensor to use as the image.
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
        Howard et al., MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
        Applications, 2017.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    with channels_last("MobileNet"):
        shape = request.shape(square_size(input_shape, _SIZES))
        image = request.image(shape)
        if weights == "imagenet":
            shape = _published(depth_multiplier, alpha, shape)
        x = layers.ZeroPadding2D(padding=((0, 1), (0, 1)), name="conv1_pad")(image)
        x = layers.Conv2D(int(32 * alpha), (3, 3), strides=(2, 2), use_bias=False, name="conv1")(x)
        x = _activated(x, "conv1")
        for i, (filters, stride) in enumerate(_BLOCKS, 1):
            x = _block(x, int(filters * alpha), stride, depth_multiplier, i)
        x = _top(x, request, int(1024 * alpha), dropout) if include_top else request.pooled(x)
        stem = f"{RELEASES}/v0.6/mobilenet_{_ALPHAS.get(alpha)}_{shape[0]}_tf"
        files = WeightFile(f"{stem}.h5"), WeightFile(f"{stem}_no_top.h5")
        return request.model(f"mobilenet_{alpha:0.2f}_{shape[0]}", image, x, files)


def _block(x: Any, filters: int, stride: int, depth_multiplier: int, i: int) -> Any:
    padding = "same"
    if stride > 1:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{i}")(x)
        padding = "valid"
    x = layers.DepthwiseConv2D(
        (3, 3),
        padding=padding,
        depth_multiplier=depth_multiplier,
        strides=(stride, stride),
        use_bias=False,
        name=f"conv_dw_{i}",
    )(x)
    x = _activated(x, f"conv_dw_{i}")
    x = layers.Conv2D(filters, (1, 1), padding="same", use_bias=False, name=f"conv_pw_{i}")(x)
    return _activated(x, f"conv_pw_{i}")


def _activated(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _top(x: Any, request: Request, filters: int, dropout: float) -> Any:
    """A classifier that is a convolution over the single position that is left."""
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Reshape((1, 1, filters), name="reshape_1")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Conv2D(request.classes, (1, 1), padding="same", name="conv_preds")(x)
    x = layers.Activation("softmax", name="act_softmax")(x)
    return layers.Reshape((request.classes,), name="reshape_2")(x)


def _published(depth_multiplier: int, alpha: float, shape: Shape) -> Shape:
    """The image's shape of the ImageNet weights for such a network.

    Raises:
        ConfigError: there are none.
    """
    if depth_multiplier != 1:
        raise ConfigError(
            "If imagenet weights are being loaded, depth multiplier must be 1; got "
            f"{depth_multiplier}."
        )
    return published_shape(alpha, shape, _ALPHAS, _SIZES)


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


# Names of the years before 2.2.3, which files of models were loaded with.
__getattr__ = lazy_names(
    __name__,
    {
        "DepthwiseConv2D": "kir.layers:DepthwiseConv2D",
        "relu6": "kir._later_activations:relu6",
    },
)
