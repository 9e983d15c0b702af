"""NASNet."""

from __future__ import annotations

from collections.abc import Callable
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
    obtain_input_shape,
)
from kir.applications.imagenet_utils import decode_predictions as decode_predictions
from kir.engine.training import Model

_STEM = "https://github.com/titu1994/Keras-NASNet/releases/download/v1.2/NASNet"
_LARGE_FILES = (
    WeightFile(f"{_STEM}-large.h5", "11577c9a518f0070763c2b964a382f17", "nasnet_large.h5"),
    WeightFile(
        f"{_STEM}-large-no-top.h5", "d81d89dc07e6e56530c4e77faddd61b5", "nasnet_large_no_top.h5"
    ),
)
_MOBILE_FILES = (
    WeightFile(f"{_STEM}-mobile.h5", "020fb642bf7360b370c678b08e0adf61", "nasnet_mobile.h5"),
    WeightFile(
        f"{_STEM}-mobile-no-top.h5", "1ed92395b5b598bdda52abe5c0dbfd63", "nasnet_mobile_no_top.h5"
    ),
)


@application
def NASNetLarge(  # noqa: N802 - Keras's name
    input_shape: Any = None,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The large network of cells that a search found.

    Args:
        input_shape: shape of an image; (331, 331, 3) if None. Height and width
            are at least 32.
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
        Zoph et al., Learning Transferable Architectures for Scalable Image Recognition, 2017.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    return _nas_net(
        request, 331, _LARGE_FILES, filters=168, blocks=6, stem_filters=96, skips_reduction=True
    )


@application
def NASNetMobile(  # noqa: N802 - Keras's name
    input_shape: Any = None,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """The small network of cells that a search found.

    Args:
        input_shape: shape of an image; (224, 224, 3) if None. Height and width
            are at least 32.
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
        Zoph et al., Learning Transferable Architectures for Scalable Image Recognition, 2017.
        https://keras.io/applications (Keras 2.2.4).
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes)
    return _nas_net(
        request, 224, _MOBILE_FILES, filters=44, blocks=4, stem_filters=32, skips_reduction=False
    )


def _nas_net(
    request: Request,
    size: int,
    files: tuple[WeightFile, ...],
    filters: int,
    blocks: int,
    stem_filters: int,
    skips_reduction: bool,
) -> Model:
    """A network of three groups of normal cells, with a reduction cell before each.

    Args:
        request: the caller's arguments.
        size: height and width of the images that it is made for.
        files: the published weights.
        filters: of the first group's cells; each group has twice as many as the one before.
        blocks: cells of each group.
        stem_filters: of the first convolution.
        skips_reduction: a group's second input is the one before the reduction cell's.
    """
    with channels_last("NASNet"):
        # The cells compare their inputs' sizes, which must therefore be known.
        shape = obtain_input_shape(
            request.input_shape, size, 32, "channels_last", True, request.published_top
        )
        image = request.image(shape)
        x = layers.Conv2D(
            stem_filters,
            (3, 3),
            strides=(2, 2),
            use_bias=False,
            kernel_initializer="he_normal",
            name="stem_conv1",
        )(image)
        x = _normalised(x, "stem_bn1")
        x, p = _cell(_reduction, x, None, filters // 4, "stem_1"), x
        x, p = _cell(_reduction, x, p, filters // 2, "stem_2"), x
        for group in range(3):
            # The reduction cells of the stem are not counted, the others are numbered as a cell.
            first = group * blocks + (group > 0)
            if group:
                reduced = _cell(_reduction, x, p, filters << group, f"reduce_{group * blocks}")
                x, p = reduced, p if skips_reduction else x
            for cell in range(first, first + blocks):
                x, p = _cell(_normal, x, p, filters << group, str(cell)), x
        x = layers.Activation("relu")(x)
        if request.include_top:
            x = request.classifier(layers.GlobalAveragePooling2D()(x), "predictions")
        else:
            x = request.pooled(x)
        return request.model("NASNet", image, x, files)


def _cell(build: Callable[..., Any], x: Any, p: Any, filters: int, name: str) -> Any:
    """A cell of the result before (`x`) and the one before that (`p`).

    The scopes are part of the names of the weights, and so of the files.
    """
    kind = "reduction" if build is _reduction else "normal"
    with K.name_scope(f"{kind}_A_block_{name}"):
        with K.name_scope("adjust_block"):
            p = _adjusted(p, x, filters, name)
        h = _projected(x, filters, f"{kind}_conv_1_{name}", f"{kind}_bn_1_{name}")
        return build(h, p, filters, name)


def _normal(h: Any, p: Any, filters: int, name: str) -> Any:
    """The rest of a normal cell."""

    def separable(x: Any, kernel: int, part: str) -> Any:
        return _separable(x, filters, kernel, 1, f"normal_{part}_{name}")

    def average(x: Any, part: str) -> Any:
        return _average(x, f"normal_{part}_{name}", (1, 1), "same")

    pairs: tuple[Callable[[], list[Any]], ...] = (
        lambda: [separable(h, 5, "left1"), separable(p, 3, "right1")],
        lambda: [separable(p, 5, "left2"), separable(p, 3, "right2")],
        lambda: [average(h, "left3"), p],
        lambda: [average(p, "left4"), average(p, "right4")],
        lambda: [separable(h, 3, "left5"), h],
    )
    sums = []
    for i, pair in enumerate(pairs, 1):
        with K.name_scope(f"block_{i}"):
            sums.append(layers.add(pair(), name=f"normal_add_{i}_{name}"))
    return layers.concatenate([p, *sums], name=f"normal_concat_{name}")


def _reduction(h: Any, p: Any, filters: int, name: str) -> Any:
    """The rest of a reduction cell, which halves the size."""
    padded = layers.ZeroPadding2D(padding=correct_padding(h, 3), name=f"reduction_pad_1_{name}")(h)

    def separable(x: Any, kernel: int, stride: int, part: str) -> Any:
        return _separable(x, filters, kernel, stride, f"reduction_{part}_{name}")

    def average(x: Any, part: str, *options: Any) -> Any:
        return _average(x, f"reduction_{part}_{name}", *options)

    def maximum(part: str) -> Any:
        pooling = layers.MaxPooling2D(
            (3, 3), strides=(2, 2), padding="valid", name=f"reduction_{part}_{name}"
        )
        return pooling(padded)

    sums: list[Any] = []
    # Each with its number in the sum's name; the fourth has no name of its own.
    pairs: tuple[tuple[str, Callable[[], list[Any]]], ...] = (
        ("_1", lambda: [separable(h, 5, 2, "left1"), separable(p, 7, 2, "right1")]),
        ("_2", lambda: [maximum("left2"), separable(p, 7, 2, "right2")]),
        ("3", lambda: [average(padded, "left3", (2, 2), "valid"), separable(p, 5, 2, "right3")]),
        ("", lambda: [sums[1], average(sums[0], "left4", (1, 1), "same")]),
        ("4", lambda: [separable(sums[0], 3, 1, "left4"), maximum("right5")]),
    )
    for i, (number, pair) in enumerate(pairs, 1):
        with K.name_scope(f"block_{i}"):
            label = f"reduction_add{number}_{name}" if number else None
            sums.append(layers.add(pair(), name=label))
    return layers.concatenate(sums[1:], name=f"reduction_concat_{name}")


def _adjusted(p: Any, x: Any, filters: int, name: str) -> Any:
    """The input `p`, brought to the size of `x` and to the number of filters."""
    if p is None:
        return x
    shape = K.int_shape(p)
    if shape[-2] != K.int_shape(x)[-2]:
        with K.name_scope(f"adjust_reduction_block_{name}"):
            return _halved(p, filters, name)
    if shape[-1] != filters:
        with K.name_scope(f"adjust_projection_block_{name}"):
            return _projected(p, filters, f"adjust_conv_projection_{name}", f"adjust_bn_{name}")
    return p


def _halved(x: Any, filters: int, name: str) -> Any:
    """Every second pixel, once from the even positions and once from the odd."""
    x = layers.Activation("relu", name=f"adjust_relu_1_{name}")(x)
    shifted = layers.ZeroPadding2D(padding=((0, 1), (0, 1)))(x)
    shifted = layers.Cropping2D(cropping=((1, 0), (1, 0)))(shifted)
    halves = []
    for i, half in enumerate((x, shifted), 1):
        pooling = layers.AveragePooling2D(
            (1, 1), strides=(2, 2), padding="valid", name=f"adjust_avg_pool_{i}_{name}"
        )
        halves.append(_pointwise(pooling(half), filters // 2, f"adjust_conv_{i}_{name}"))
    return _normalised(layers.concatenate(halves), f"adjust_bn_{name}")


def _projected(x: Any, filters: int, convolution: str, norm: str) -> Any:
    return _normalised(_pointwise(layers.Activation("relu")(x), filters, convolution), norm)


def _separable(x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    """Two separable convolutions, of which the first has the stride."""
    with K.name_scope(f"separable_conv_block_{name}"):
        x = layers.Activation("relu")(x)
        padding = "same"
        if stride == 2:
            x = layers.ZeroPadding2D(
                padding=correct_padding(x, kernel), name=f"separable_conv_1_pad_{name}"
            )(x)
            padding = "valid"
        for i in (1, 2):
            if i == 2:
                x, stride, padding = layers.Activation("relu")(x), 1, "same"
            x = layers.SeparableConv2D(
                filters,
                (kernel, kernel),
                strides=(stride, stride),
                padding=padding,
                use_bias=False,
                name=f"separable_conv_{i}_{name}",
            )(x)
            x = _normalised(x, f"separable_conv_{i}_bn_{name}")
        return x


def _pointwise(x: Any, filters: int, name: str) -> Any:
    return layers.Conv2D(
        filters,
        (1, 1),
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _average(x: Any, name: str, strides: tuple[int, int], padding: str) -> Any:
    return layers.AveragePooling2D((3, 3), strides=strides, padding=padding, name=name)(x)


def _normalised(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.9997, epsilon=1e-3, name=name)(x)


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
