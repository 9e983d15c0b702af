"""VGG19."""

from __future__ import annotations

from typing import Any

from kir.applications._building import Request, application
from kir.applications._vgg import vgg
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.applications.imagenet_utils import preprocess_input as preprocess_input
from kir.engine.training import Model

_DEPTHS = (2, 2, 4, 4, 4)
_MD5S = ("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6")


@application
def VGG19(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """VGG with 19 layers that have weights.

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
        Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition,
        2014.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    return vgg("vgg19", _DEPTHS, request, _MD5S)
