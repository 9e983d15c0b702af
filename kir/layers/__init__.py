"""The layers of Keras 2.2.4, one file a family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.engine.base_layer import InputSpec as InputSpec
from kir.engine.base_layer import Layer as Layer
from kir.engine.input_layer import Input as Input
from kir.engine.input_layer import InputLayer as InputLayer
from kir.engine.sequential import Sequential
from kir.engine.training import Model
from kir.layers.convolutional import Conv2D as Conv2D
from kir.layers.convolutional import ZeroPadding2D as ZeroPadding2D
from kir.layers.core import Activation as Activation
from kir.layers.core import Dense as Dense
from kir.layers.core import Dropout as Dropout
from kir.layers.core import Flatten as Flatten
from kir.layers.core import Masking as Masking
from kir.layers.core import Reshape as Reshape
from kir.layers.embeddings import Embedding as Embedding
from kir.layers.merge import Add as Add
from kir.layers.merge import Concatenate as Concatenate
from kir.layers.merge import add as add
from kir.layers.merge import concatenate as concatenate
from kir.layers.normalization import BatchNormalization as BatchNormalization
from kir.layers.pooling import AveragePooling2D as AveragePooling2D
from kir.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from kir.layers.pooling import MaxPooling2D as MaxPooling2D
from kir.layers.recurrent import LSTM as LSTM
from kir.serde.config import layer_from_config

Convolution2D = Conv2D
MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The layer or model that ``{"class_name": ..., "config": ...}`` describes."""
    table = dict(globals())
    table["Model"] = Model
    table["Sequential"] = Sequential
    return layer_from_config(config, custom_objects, table)


def serialize(layer: Any) -> dict[str, Any]:
    """Class name and config of a layer."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}
