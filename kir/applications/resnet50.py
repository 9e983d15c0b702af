"""ResNet50."""

from __future__ import annotations

from typing import Any

from kir import layers
from kir.applications._building import RELEASES, Request, WeightFile, application, channel_axis
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.applications.imagenet_utils import preprocess_input as preprocess_input
from kir.engine.training import Model

_STEM = f"{RELEASES}/v0.2/resnet50_weights_tf_dim_ordering_tf_kernels"
_FILES = (
    WeightFile(f"{_STEM}.h5", "a7b3fe01876f51b976af0dea6bc144eb"),
    WeightFile(f"{_STEM}_notop.h5", "a268eb855778b3df3c7506639542a6af"),
)

# Blocks and narrow filters of each stage; the stages are numbered from 2.
_STAGES = ((3, 64), (4, 128), (6, 256), (3, 512))


@application
def ResNet50(  # noqa: N802 - Keras's name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The residual network with 50 layers that have weights.

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
        He et al., Deep Residual Learning for Image Recognition, 2015.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    image = request.image(request.shape(224))
    x = layers.ZeroPadding2D(padding=(3, 3), name="conv1_pad")(image)
    x = _convolved(x, 64, (7, 7), "conv1", "bn_conv1", strides=(2, 2))
    x = layers.Activation("relu")(x)
    x = layers.ZeroPadding2D(padding=(1, 1), name="pool1_pad")(x)
    x = layers.MaxPooling2D((3, 3), strides=(2, 2))(x)
    for stage, (blocks, filters) in enumerate(_STAGES, 2):
        for block in range(blocks):
            strides = (2, 2) if stage > 2 and block == 0 else (1, 1)
            x = _block(x, filters, f"{stage}{'abcdef'[block]}", strides, projected=block == 0)
    return request.model("resnet50", image, request.top(x, "fc1000"), _FILES)


def _block(x: Any, filters: int, name: str, strides: tuple[int, int], projected: bool) -> Any:
    """Three convolutions around which the input, or a projection of it, goes."""

    def branch(x: Any, filters: int, kernel: tuple[int, int], branch: str, **options: Any) -> Any:
        names = f"res{name}_branch{branch}", f"bn{name}_branch{branch}"
        return _convolved(x, filters, kernel, *names, **options)

    shortcut = x
    x = layers.Activation("relu")(branch(x, filters, (1, 1), "2a", strides=strides))
    x = layers.Activation("relu")(branch(x, filters, (3, 3), "2b", padding="same"))
    x = branch(x, 4 * filters, (1, 1), "2c")
    if projected:
        shortcut = branch(shortcut, 4 * filters, (1, 1), "1", strides=strides)
    return layers.Activation("relu")(layers.add([x, shortcut]))


def _convolved(
    x: Any, filters: int, kernel: tuple[int, int], name: str, norm: str, **options: Any
) -> Any:
    convolution = layers.Conv2D(
        filters, kernel, kernel_initializer="he_normal", name=name, **options
    )
    return layers.BatchNormalization(axis=channel_axis(), name=norm)(convolution(x))
