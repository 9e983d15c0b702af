"""VGG: blocks of 3x3 convolutions, each halved by max pooling, and three dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kir import layers
from kir.applications._building import RELEASES, Request, WeightFile
from kir.engine.training import Model

_FILTERS = (64, 128, 256, 512, 512)


def vgg(name: str, depths: Sequence[int], request: Request, md5s: tuple[str, str]) -> Model:
    """A VGG network.

    Args:
        name: of the model, and of its weight files.
        depths: convolutions of each block.
        request: the caller's arguments.
        md5s: of the weight files with the top, and without.
    """
    image = x = request.image(request.shape(224))
    for block, (filters, depth) in enumerate(zip(_FILTERS, depths, strict=True), 1):
        x = _block(x, filters, depth, f"block{block}")
    if request.include_top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(4096, activation="relu", name="fc1")(x)
        x = layers.Dense(4096, activation="relu", name="fc2")(x)
        x = request.classifier(x, "predictions")
    else:
        x = request.pooled(x)
    stem = f"{RELEASES}/v0.1/{name}_weights_tf_dim_ordering_tf_kernels"
    files = WeightFile(f"{stem}.h5", md5s[0]), WeightFile(f"{stem}_notop.h5", md5s[1])
    return request.model(name, image, x, files)


def _block(x: Any, filters: int, depth: int, name: str) -> Any:
    for i in range(1, depth + 1):
        convolution = layers.Conv2D(
            filters, (3, 3), activation="relu", padding="same", name=f"{name}_conv{i}"
        )
        x = convolution(x)
    return layers.MaxPooling2D((2, 2), strides=(2, 2), name=f"{name}_pool")(x)
