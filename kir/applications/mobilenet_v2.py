"""MobileNetV2."""

from __future__ import annotations

from typing import Any

from kir import backend as K
from kir import layers
from kir.applications import imagenet_utils
from kir.applications._building import (
    Request,
    WeightFile,
    application,
    channels_last,
    correct_padding,
    published_shape,
    square_size,
)
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.engine.training import Model
from kir.errors import ConfigError

_STEM = (
    "https://github.com/JonathanCMitchell/mobilenet_v2_keras/releases/download/v1.1/"
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
)

# The sizes and widths that were trained on ImageNet.
_SIZES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)

# Filters, stride and expansion of each block.
_BLOCKS = (
    (16, 1, 1),
    (24, 2, 6),
    (24, 1, 6),
    (32, 2, 6),
    *[(32, 1, 6)] * 2,
    (64, 2, 6),
    *[(64, 1, 6)] * 3,
    *[(96, 1, 6)] * 3,
    (160, 2, 6),
    *[(160, 1, 6)] * 2,
    (320, 1, 6),
)


@application
def MobileNetV2(  # noqa: N802 - Keras's name
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The second MobileNet: residual blocks that are narrow outside and wide inside.

    Args:
        input_shape: shape of an image; (224, 224, 3) if None and there is a top. Height and width
            are at least 32.
        alpha: factor of the number of filters of every layer.
        depth_multiplier: has no effect, as in Keras.
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
        Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018.
        https://keras.io/applications (Keras 2.2.4).
    """
    with channels_last("MobileNetV2"):
        input_shape = _shape_of(input_tensor, input_shape)
        request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
        shape = request.shape(square_size(input_shape, _SIZES))
        image = request.image(shape)
        if weights == "imagenet":
            shape = published_shape(alpha, shape, _ALPHAS, _SIZES)
        x = layers.ZeroPadding2D(padding=correct_padding(image, 3), name="Conv1_pad")(image)
        x = layers.Conv2D(
            _divisible(32 * alpha), (3, 3), strides=(2, 2), use_bias=False, name="Conv1"
        )(x)
        x = layers.ReLU(6.0, name="Conv1_relu")(_normalised(x, "bn_Conv1"))
        for i, (filters, stride, expansion) in enumerate(_BLOCKS):
            x = _block(x, _divisible(int(filters * alpha)), stride, expansion, i)
        last = _divisible(1280 * alpha) if alpha > 1.0 else 1280
        x = layers.Conv2D(last, (1, 1), use_bias=False, name="Conv_1")(x)
        x = layers.ReLU(6.0, name="out_relu")(_normalised(x, "Conv_1_bn"))
        if include_top:
            x = request.classifier(layers.GlobalAveragePooling2D()(x), "Logits")
        else:
            x = request.pooled(x)
        stem = f"{_STEM}_{alpha}_{shape[0]}"
        files = WeightFile(f"{stem}.h5"), WeightFile(f"{stem}_no_top.h5")
        return request.model(f"mobilenetv2_{alpha:0.2f}_{shape[0]}", image, x, files)


def _block(x: Any, filters: int, stride: int, expansion: int, i: int) -> Any:
    """Expands the channels, convolves each of them, and projects them onto few again."""
    shortcut = x
    channels: Any = K.int_shape(x)[-1]
    name = f"block_{i}" if i else "expanded_conv"
    if i:
        x = layers.Conv2D(
            expansion * channels, (1, 1), padding="same", use_bias=False, name=f"{name}_expand"
        )(x)
        x = layers.ReLU(6.0, name=f"{name}_expand_relu")(_normalised(x, f"{name}_expand_BN"))
    if stride == 2:
        x = layers.ZeroPadding2D(padding=correct_padding(x, 3), name=f"{name}_pad")(x)
    x = layers.DepthwiseConv2D(
        (3, 3),
        strides=(stride, stride),
        use_bias=False,
        padding="same" if stride == 1 else "valid",
        name=f"{name}_depthwise",
    )(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(_normalised(x, f"{name}_depthwise_BN"))
    x = layers.Conv2D(filters, (1, 1), padding="same", use_bias=False, name=f"{name}_project")(x)
    x = _normalised(x, f"{name}_project_BN")
    if channels == filters and stride == 1:
        return layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _normalised(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=name)(x)


def _divisible(filters: float, divisor: int = 8) -> int:
    """The nearest multiple, if that is not below 90 % of the number; else the next one."""
    nearest = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * filters else nearest


def _shape_of(tensor: Any, shape: Any) -> Any:
    """The image's shape: the one asked for, which the tensor must have, or else the tensor's."""
    if tensor is None:
        return shape
    found = K.int_shape(tensor)
    if found is None or len(found) != 4:
        raise ConfigError(f"`input_tensor` must be a batch of images; its shape is {found}.")
    if shape is None:
        return found[1:]
    if tuple(found[1:3]) != tuple(shape[:2]):
        raise ConfigError(
            f"input_shape: {shape} and input_tensor: {tensor} do not meet the same shape "
            f"requirements; the tensor has {found[1:]}."
        )
    return shape


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
