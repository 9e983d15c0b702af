"""DenseNet."""

from __future__ import annotations

from typing import Any

from kir import backend as K
from kir import layers
from kir.applications import imagenet_utils
from kir.applications._building import (
    Request,
    WeightFile,
    application,
    channel_axis,
)
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.engine.training import Model

_STEM = "https://github.com/keras-team/keras-applications/releases/download/densenet/densenet"
_MD5S = {
    121: ("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"),
    169: ("d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"),
    201: ("1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"),
}

# Layers of each dense block.
_BLOCKS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
_GROWTH = 32
_EPSILON = 1.001e-5


@application
def DenseNet121(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The densely connected network with 121 layers that have weights.

    Args:
        include_top: whether it ends in the classifier.
        weights: None (random), 'imagenet', or the path of a weights file.
        input_tensor: a tensor to use as the image.
        input_shape: shape of an image; (224, 224, 3) if None and there is a top. Height and width
            are at least 32.
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
        Huang et al., Densely Connected Convolutional Networks, 2017.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    return _dense_net(121, request)


@application
def DenseNet169(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The densely connected network with 169 layers that have weights.

    Args:
        include_top: whether it ends in the classifier.
        weights: None (random), 'imagenet', or the path of a weights file.
        input_tensor: a tensor to use as the image.
        input_shape: shape of an image; (224, 224, 3) if None and there is a top. Height and width
            are at least 32.
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
        Huang et al., Densely Connected Convolutional Networks, 2017.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    return _dense_net(169, request)


@application
def DenseNet201(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The densely connected network with 201 layers that have weights.

    Args:
        include_top: whether it ends in the classifier.
        weights: None (random), 'imagenet', or the path of a weights file.
        input_tensor: a tensor to use as the image.
        input_shape: shape of an image; (224, 224, 3) if None and there is a top. Height and width
            are at least 32.
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
        Huang et al., Densely Connected Convolutional Networks, 2017.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    return _dense_net(201, request)


def _dense_net(size: int, request: Request) -> Model:
    image = request.image(request.shape(224))
    x = layers.ZeroPadding2D(padding=((3, 3), (3, 3)))(image)
    x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1/conv")(x)
    x = _activated(x, "conv1/bn", "conv1/relu")
    x = layers.ZeroPadding2D(padding=((1, 1), (1, 1)))(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, depth in enumerate(_BLOCKS[size], 2):
        if stage > 2:
            x = _transition(x, f"pool{stage - 1}")
        for i in range(1, depth + 1):
            x = _dense(x, f"conv{stage}_block{i}")
    x = _activated(x, "bn", "relu")
    if request.include_top:
        x = request.top(x, "fc1000")
    else:
        x = request.pooled(x, avg="avg_pool", max="max_pool")
    stem = f"{_STEM}{size}_weights_tf_dim_ordering_tf_kernels"
    with_top, without = _MD5S[size]
    files = WeightFile(f"{stem}.h5", with_top), WeightFile(f"{stem}_notop.h5", without)
    return request.model(f"densenet{size}", image, x, files)


def _activated(x: Any, norm: str, activation: str) -> Any:
    x = layers.BatchNormalization(axis=channel_axis(), epsilon=_EPSILON, name=norm)(x)
    return layers.Activation("relu", name=activation)(x)


def _dense(x: Any, name: str) -> Any:
    """Adds channels that are computed from all the channels so far."""
    more = _activated(x, f"{name}_0_bn", f"{name}_0_relu")
    more = layers.Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(more)
    more = _activated(more, f"{name}_1_bn", f"{name}_1_relu")
    more = layers.Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(more)
    return layers.Concatenate(axis=channel_axis(), name=f"{name}_concat")([x, more])


def _transition(x: Any, name: str) -> Any:
    """Halves the channels and the size."""
    channels = K.int_shape(x)[channel_axis()]
    x = _activated(x, f"{name}_bn", f"{name}_relu")
    x = layers.Conv2D(channels // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def preprocess_input(x: Any, data_format: Any = None, **kwargs: Any) -> Any:
    """Images standardised by ImageNet's statistics; see `imagenet_utils.preprocess_input`.

    Args:
        x: array or tensor of 3 or 4 axes, with values from 0 to 255 in the order RGB.
        data_format: 'channels_last' or 'channels_first'; None is the setting.
        **kwargs: modules of Keras, which have no effect.

    Shape:
        (batch, rows, columns, 3), (rows, columns, 3), or with channels first -> the same; dtype:
        `K.floatx()` for arrays of integers.

    Reference:
        https://keras.io/applications (Keras 2.2.4).
    """
    return imagenet_utils.preprocess_input(x, data_format, **{**kwargs, "mode": "torch"})
