"""Images as the networks expect them, and their answers as names of classes."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import numpy as np

from kir import backend as K
from kir.applications._building import no_more
from kir.applications._building import obtain_input_shape as _obtain_input_shape
from kir.errors import ConfigError, FileFormatError
from kir.utils.data_utils import get_file

__all__ = ["_obtain_input_shape", "decode_predictions", "preprocess_input"]

CLASS_INDEX_PATH = (
    "https://s3.amazonaws.com/deep-learning-models/image-models/imagenet_class_index.json"
)

# What is subtracted, and what then divides, by channel: of BGR in 'caffe', of RGB in 'torch'.
_CAFFE_MEAN = (103.939, 116.779, 123.68)
_TORCH_MEAN = (0.485, 0.456, 0.406)
_TORCH_DEVIATION = (0.229, 0.224, 0.225)


def preprocess_input(x: Any, data_format: Any = None, mode: str = "caffe", **kwargs: Any) -> Any:
    """One image or a batch, scaled and centred as the networks expect it.

    An array of floats is changed in place.

    Args:
        x: array or tensor of 3 or 4 axes, with values from 0 to 255 in the order RGB.
        data_format: 'channels_last' or 'channels_first'; None is the setting.
        mode: 'caffe' (BGR, centred by ImageNet's means), 'tf' (from -1 to 1), or 'torch' (from 0
            to 1, then standardised by ImageNet's means and deviations).
        **kwargs: modules of Keras, which have no effect.

    Shape:
        (batch, rows, columns, 3), (rows, columns, 3), or with channels first -> the same; dtype:
        `K.floatx()` for arrays of integers.

    Raises:
        ConfigError: an unknown data format.

    Reference:
        https://keras.io/applications (Keras 2.2.4).
    """
    no_more(kwargs, "preprocess_input")
    data_format = K.image_data_format() if data_format is None else data_format
    if data_format not in ("channels_first", "channels_last"):
        raise ConfigError(
            f"Unknown data_format {data_format!r}; it is 'channels_first' or 'channels_last'."
        )
    if isinstance(x, np.ndarray):
        return _preprocess_array(x, data_format, mode)
    return _preprocess_tensor(x, data_format, mode)


def _preprocess_array(x: np.ndarray, data_format: str, mode: str) -> np.ndarray:
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(K.floatx())
    if mode == "tf":
        x /= 127.5
        x -= 1.0
        return x
    axis = -1 if data_format == "channels_last" else x.ndim - 3
    channels = np.moveaxis(x, axis, -1)
    if mode == "torch":
        x /= 255.0
        for channel, (mean, deviation) in enumerate(
            zip(_TORCH_MEAN, _TORCH_DEVIATION, strict=True)
        ):
            channels[..., channel] -= mean
            channels[..., channel] /= deviation
        return x
    # The result is a reversed view, as in Keras, so that the caller's array is written to.
    for channel, mean in enumerate(_CAFFE_MEAN):
        channels[..., ::-1][..., channel] -= mean
    return np.flip(x, axis)


def _preprocess_tensor(x: Any, data_format: str, mode: str) -> Any:
    if mode == "tf":
        return x / 127.5 - 1.0
    if mode == "torch":
        mean = _TORCH_MEAN
        x = x / 255.0
    else:
        mean = _CAFFE_MEAN
        rank: Any = K.ndim(x)
        x = K.reverse(x, rank - (1 if data_format == "channels_last" else 3))
    offset = K.constant(-np.array(mean))
    if K.dtype(x) != K.dtype(offset):
        offset = K.cast(offset, K.dtype(x))
    x = K.bias_add(x, offset, data_format=data_format)
    if mode != "torch":
        return x
    deviation = np.array(_TORCH_DEVIATION, K.dtype(x))
    return x / K.constant(deviation.reshape((3, 1, 1) if data_format == "channels_first" else 3))


def decode_predictions(preds: Any, top: int = 5, **kwargs: Any) -> list[list[tuple[Any, ...]]]:
    """The most probable classes of each image: (class name, description, score), best first.

    The names come from ``~/.keras/models/imagenet_class_index.json``, which is downloaded if it
    is not there.

    Args:
        preds: array (samples, 1000).
        top: how many classes of each.
        **kwargs: modules of Keras, which have no effect.

    Raises:
        ConfigError: an array of another shape.
        DownloadError: the file is not there and cannot be fetched.
        FileFormatError: it is no index of the classes.

    Reference:
        https://keras.io/applications (Keras 2.2.4).
    """
    no_more(kwargs, "decode_predictions")
    if len(preds.shape) != 2 or preds.shape[1] != 1000:
        raise ConfigError(
            "`decode_predictions` expects a batch of predictions (i.e. a 2D array of shape "
            f"(samples, 1000)); found array with shape: {preds.shape}."
        )
    # No hash is asked for: a file that the user has put there is taken as it is.
    path = get_file("imagenet_class_index.json", CLASS_INDEX_PATH, cache_subdir="models")
    index = _class_index(path, os.stat(path).st_mtime_ns)
    return [
        sorted(
            ((*index[str(i)], scores[i]) for i in scores.argsort()[-top:][::-1]),
            key=lambda row: row[2],
            reverse=True,
        )
        for scores in preds
    ]


@functools.lru_cache(maxsize=1)
def _class_index(path: str, modified: int) -> dict[str, list[str]]:
    with open(path, encoding="utf-8") as file:
        try:
            index = json.load(file)
        except ValueError as error:
            raise FileFormatError(f"{path} is no JSON: {error}") from error
    if not isinstance(index, dict) or set(index) != {str(i) for i in range(1000)}:
        raise FileFormatError(
            f"{path} must map the numbers '0' to '999' to [class name, description]; delete it to "
            "have it downloaded."
        )
    return index
