"""The layers of Keras 2.2.4, one file a family."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kir._lazy import lazy_names
from kir.engine.base_layer import InputSpec as InputSpec
from kir.engine.base_layer import Layer as Layer
from kir.engine.input_layer import Input as Input
from kir.engine.input_layer import InputLayer as InputLayer
from kir.engine.sequential import Sequential
from kir.engine.training import Model
from kir.layers.advanced_activations import ELU as ELU
from kir.layers.advanced_activations import LeakyReLU as LeakyReLU
from kir.layers.advanced_activations import PReLU as PReLU
from kir.layers.advanced_activations import ReLU as ReLU
from kir.layers.advanced_activations import Softmax as Softmax
from kir.layers.advanced_activations import ThresholdedReLU as ThresholdedReLU
from kir.layers.convolutional import Conv1D as Conv1D
from kir.layers.convolutional import Conv2D as Conv2D
from kir.layers.convolutional import Conv2DTranspose as Conv2DTranspose
from kir.layers.convolutional import Conv3D as Conv3D
from kir.layers.convolutional import Conv3DTranspose as Conv3DTranspose
from kir.layers.convolutional import Convolution1D as Convolution1D
from kir.layers.convolutional import Convolution2D as Convolution2D
from kir.layers.convolutional import Convolution2DTranspose as Convolution2DTranspose
from kir.layers.convolutional import Convolution3D as Convolution3D
from kir.layers.convolutional import Cropping1D as Cropping1D
from kir.layers.convolutional import Cropping2D as Cropping2D
from kir.layers.convolutional import Cropping3D as Cropping3D
from kir.layers.convolutional import Deconv2D as Deconv2D
from kir.layers.convolutional import Deconv3D as Deconv3D
from kir.layers.convolutional import Deconvolution2D as Deconvolution2D
from kir.layers.convolutional import Deconvolution3D as Deconvolution3D
from kir.layers.convolutional import DepthwiseConv2D as DepthwiseConv2D
from kir.layers.convolutional import SeparableConv1D as SeparableConv1D
from kir.layers.convolutional import SeparableConv2D as SeparableConv2D
from kir.layers.convolutional import SeparableConvolution1D as SeparableConvolution1D
from kir.layers.convolutional import SeparableConvolution2D as SeparableConvolution2D
from kir.layers.convolutional import UpSampling1D as UpSampling1D
from kir.layers.convolutional import UpSampling2D as UpSampling2D
from kir.layers.convolutional import UpSampling3D as UpSampling3D
from kir.layers.convolutional import ZeroPadding1D as ZeroPadding1D
from kir.layers.convolutional import ZeroPadding2D as ZeroPadding2D
from kir.layers.convolutional import ZeroPadding3D as ZeroPadding3D
from kir.layers.convolutional_recurrent import ConvLSTM2D as ConvLSTM2D
from kir.layers.convolutional_recurrent import ConvLSTM2DCell as ConvLSTM2DCell
from kir.layers.convolutional_recurrent import ConvRNN2D as ConvRNN2D
from kir.layers.core import Activation as Activation
from kir.layers.core import ActivityRegularization as ActivityRegularization
from kir.layers.core import Dense as Dense
from kir.layers.core import Dropout as Dropout
from kir.layers.core import Flatten as Flatten
from kir.layers.core import Masking as Masking
from kir.layers.core import Permute as Permute
from kir.layers.core import RepeatVector as RepeatVector
from kir.layers.core import Reshape as Reshape
from kir.layers.core import SpatialDropout1D as SpatialDropout1D
from kir.layers.core import SpatialDropout2D as SpatialDropout2D
from kir.layers.core import SpatialDropout3D as SpatialDropout3D
from kir.layers.cudnn_recurrent import CuDNNGRU as CuDNNGRU
from kir.layers.cudnn_recurrent import CuDNNLSTM as CuDNNLSTM
from kir.layers.embeddings import Embedding as Embedding
from kir.layers.keras_1 import AtrousConv1D as AtrousConv1D
from kir.layers.keras_1 import AtrousConv2D as AtrousConv2D
from kir.layers.keras_1 import AtrousConvolution1D as AtrousConvolution1D
from kir.layers.keras_1 import AtrousConvolution2D as AtrousConvolution2D
from kir.layers.keras_1 import ConvRecurrent2D as ConvRecurrent2D
from kir.layers.keras_1 import Highway as Highway
from kir.layers.keras_1 import MaxoutDense as MaxoutDense
from kir.layers.keras_1 import Recurrent as Recurrent
from kir.layers.lambda_layer import Lambda as Lambda
from kir.layers.local import LocallyConnected1D as LocallyConnected1D
from kir.layers.local import LocallyConnected2D as LocallyConnected2D
from kir.layers.merge import Add as Add
from kir.layers.merge import Average as Average
from kir.layers.merge import Concatenate as Concatenate
from kir.layers.merge import Dot as Dot
from kir.layers.merge import Maximum as Maximum
from kir.layers.merge import Minimum as Minimum
from kir.layers.merge import Multiply as Multiply
from kir.layers.merge import Subtract as Subtract
from kir.layers.merge import add as add
from kir.layers.merge import average as average
from kir.layers.merge import concatenate as concatenate
from kir.layers.merge import dot as dot
from kir.layers.merge import maximum as maximum
from kir.layers.merge import minimum as minimum
from kir.layers.merge import multiply as multiply
from kir.layers.merge import subtract as subtract
from kir.layers.noise import AlphaDropout as AlphaDropout
from kir.layers.noise import GaussianDropout as GaussianDropout
from kir.layers.noise import GaussianNoise as GaussianNoise
from kir.layers.normalization import BatchNormalization as BatchNormalization
from kir.layers.pooling import AveragePooling1D as AveragePooling1D
from kir.layers.pooling import AveragePooling2D as AveragePooling2D
from kir.layers.pooling import AveragePooling3D as AveragePooling3D
from kir.layers.pooling import AvgPool1D as AvgPool1D
from kir.layers.pooling import AvgPool2D as AvgPool2D
from kir.layers.pooling import AvgPool3D as AvgPool3D
from kir.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from kir.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from kir.layers.pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from kir.layers.pooling import GlobalAvgPool1D as GlobalAvgPool1D
from kir.layers.pooling import GlobalAvgPool2D as GlobalAvgPool2D
from kir.layers.pooling import GlobalAvgPool3D as GlobalAvgPool3D
from kir.layers.pooling import GlobalMaxPool1D as GlobalMaxPool1D
from kir.layers.pooling import GlobalMaxPool2D as GlobalMaxPool2D
from kir.layers.pooling import GlobalMaxPool3D as GlobalMaxPool3D
from kir.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from kir.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from kir.layers.pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from kir.layers.pooling import MaxPool1D as MaxPool1D
from kir.layers.pooling import MaxPool2D as MaxPool2D
from kir.layers.pooling import MaxPool3D as MaxPool3D
from kir.layers.pooling import MaxPooling1D as MaxPooling1D
from kir.layers.pooling import MaxPooling2D as MaxPooling2D
from kir.layers.pooling import MaxPooling3D as MaxPooling3D
from kir.layers.recurrent import GRU as GRU
from kir.layers.recurrent import LSTM as LSTM
from kir.layers.recurrent import RNN as RNN
from kir.layers.recurrent import GRUCell as GRUCell
from kir.layers.recurrent import LSTMCell as LSTMCell
from kir.layers.recurrent import SimpleRNN as SimpleRNN
from kir.layers.recurrent import SimpleRNNCell as SimpleRNNCell
from kir.layers.recurrent import StackedRNNCells as StackedRNNCells
from kir.layers.wrappers import Bidirectional as Bidirectional
from kir.layers.wrappers import TimeDistributed as TimeDistributed
from kir.layers.wrappers import Wrapper as Wrapper
from kir.serde.config import layer_from_config


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The layer or model that ``{"class_name": ..., "config": ...}`` describes.

    Args:
        config: ``{'class_name': ..., 'config': {...}}``.
        custom_objects: your own classes by name; default those of the enclosing
            `custom_object_scope`s.

    Raises:
        ConfigError: the class is unknown, or the config does not fit it.

    Reference:
        https://keras.io/layers/about-keras-layers (Keras 2.2.4).
    """
    return layer_from_config(config, custom_objects, layer_table())


@functools.cache
def layer_table() -> Mapping[str, Any]:
    """What a config's class names stand for: the layers and models."""
    own = {name: value for name, value in globals().items() if isinstance(value, type)}
    layers = {name: value for name, value in own.items() if issubclass(value, Layer)}
    return MappingProxyType({**layers, "Model": Model, "Sequential": Sequential})


def serialize(layer: Any) -> dict[str, Any]:
    """Class name and config of a layer.

    Args:
        layer: a layer or model.

    Returns:
        ``{'class_name': ..., 'config': {...}}``, which `deserialize` reads.

    Reference:
        https://keras.io/layers/about-keras-layers (Keras 2.2.4).
    """
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


# What Keras's module offers because it imports it.
__getattr__ = lazy_names(
    __name__,
    {
        "K": "kir.backend",
        "activations": "kir.activations",
        "constraints": "kir.constraints",
        "conv_utils": "kir.utils.conv_utils",
        "copy": "copy",
        "deserialize_keras_object": "kir.utils.generic_utils:deserialize_keras_object",
        "func_dump": "kir.utils.generic_utils:func_dump",
        "func_load": "kir.utils.generic_utils:func_load",
        "has_arg": "kir.utils.generic_utils:has_arg",
        "initializers": "kir.initializers",
        "interfaces": "kir.legacy.interfaces",
        "np": "numpy",
        "object_list_uid": "kir.utils.generic_utils:object_list_uid",
        "regularizers": "kir.regularizers",
        "to_list": "kir.utils.generic_utils:to_list",
        "transpose_shape": "kir.utils.generic_utils:transpose_shape",
        "warnings": "warnings",
    },
)
