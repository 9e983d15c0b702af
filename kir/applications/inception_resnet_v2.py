"""InceptionResNetV2."""

from __future__ import annotations

from typing import Any

from kir import backend as K
from kir import layers
from kir.applications import imagenet_utils
from kir.applications._building import (
    RELEASES,
    Request,
    WeightFile,
    application,
    channel_axis,
)
from kir.applications._inception import Branch, convolved, mixed, stem
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.engine.training import Model

_STEM = f"{RELEASES}/v0.7/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels"
_FILES = (
    WeightFile(f"{_STEM}.h5", "e693bd0210a403b3192acc6073ad2e96"),
    WeightFile(f"{_STEM}_notop.h5", "d19885ff4a710c122648d3b5c3b684e4"),
)

_MIXED_5B: tuple[Branch, ...] = (
    ((96, 1, 1),),
    ((48, 1, 1), (64, 5, 5)),
    ((64, 1, 1), (96, 3, 3), (96, 3, 3)),
    ("avg", (64, 1, 1)),
)
_MIXED_6A: tuple[Branch, ...] = (
    ((384, 3, 3, "s"),),
    ((256, 1, 1), (256, 3, 3), (384, 3, 3, "s")),
    ("max",),
)
_MIXED_7A: tuple[Branch, ...] = (
    ((256, 1, 1), (384, 3, 3, "s")),
    ((256, 1, 1), (288, 3, 3, "s")),
    ((256, 1, 1), (288, 3, 3), (320, 3, 3, "s")),
    ("max",),
)

# The branches of the residual blocks.
_BLOCK35: tuple[Branch, ...] = (
    ((32, 1, 1),),
    ((32, 1, 1), (32, 3, 3)),
    ((32, 1, 1), (48, 3, 3), (64, 3, 3)),
)
_BLOCK17: tuple[Branch, ...] = (((192, 1, 1),), ((128, 1, 1), (160, 1, 7), (192, 7, 1)))
_BLOCK8: tuple[Branch, ...] = (((192, 1, 1),), ((192, 1, 1), (224, 1, 3), (256, 3, 1)))


@application
def InceptionResNetV2(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The second version of the Inception network with residual connections.

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
        Szegedy et al., Inception-v4, Inception-ResNet and the Impact of Residual Connections on
        Learning, 2016.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    image = request.image(request.shape(299, 75))
    x = mixed(stem(image), _MIXED_5B, "mixed_5b")
    for i in range(1, 11):
        x = _residual(x, _BLOCK35, 0.17, f"block35_{i}")
    x = mixed(x, _MIXED_6A, "mixed_6a")
    for i in range(1, 21):
        x = _residual(x, _BLOCK17, 0.1, f"block17_{i}")
    x = mixed(x, _MIXED_7A, "mixed_7a")
    for i in range(1, 10):
        x = _residual(x, _BLOCK8, 0.2, f"block8_{i}")
    x = _residual(x, _BLOCK8, 1.0, "block8_10", activation=None)
    x = convolved(x, 1536, 1, 1, name="conv_7b")
    return request.model("inception_resnet_v2", image, request.top(x), _FILES)


def _residual(
    x: Any,
    branches: tuple[Branch, ...],
    scale: float,
    name: str,
    activation: str | None = "relu",
) -> Any:
    """The input plus, scaled down, what the branches make of it."""
    shape = K.int_shape(x)
    change = mixed(x, branches, f"{name}_mixed")
    change = layers.Conv2D(
        shape[channel_axis()], 1, padding="same", use_bias=True, name=f"{name}_conv"
    )(change)
    x = layers.Lambda(
        lambda inputs, scale: inputs[0] + inputs[1] * scale,
        output_shape=shape[1:],
        arguments={"scale": scale},
        name=name,
    )([x, change])
    if activation is None:
        return x
    return layers.Activation(activation, name=f"{name}_ac")(x)


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
