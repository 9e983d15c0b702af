"""Convolutions, and layers that change the sizes of sequences, images and volumes."""

from __future__ import annotations

from kir._lazy import lazy_names
from kir.engine.base_layer import InputSpec as InputSpec
from kir.engine.base_layer import Layer as Layer
from kir.layers.convolutional.conv import Conv1D as Conv1D
from kir.layers.convolutional.conv import Conv2D as Conv2D
from kir.layers.convolutional.conv import Conv3D as Conv3D
from kir.layers.convolutional.conv import _Conv as _Conv
from kir.layers.convolutional.resizing import Cropping1D as Cropping1D
from kir.layers.convolutional.resizing import Cropping2D as Cropping2D
from kir.layers.convolutional.resizing import Cropping3D as Cropping3D
from kir.layers.convolutional.resizing import UpSampling1D as UpSampling1D
from kir.layers.convolutional.resizing import UpSampling2D as UpSampling2D
from kir.layers.convolutional.resizing import UpSampling3D as UpSampling3D
from kir.layers.convolutional.resizing import ZeroPadding1D as ZeroPadding1D
from kir.layers.convolutional.resizing import ZeroPadding2D as ZeroPadding2D
from kir.layers.convolutional.resizing import ZeroPadding3D as ZeroPadding3D
from kir.layers.convolutional.resizing import _Cropping as _Cropping
from kir.layers.convolutional.resizing import _UpSampling as _UpSampling
from kir.layers.convolutional.resizing import _ZeroPadding as _ZeroPadding
from kir.layers.convolutional.separable import DepthwiseConv2D as DepthwiseConv2D
from kir.layers.convolutional.separable import SeparableConv1D as SeparableConv1D
from kir.layers.convolutional.separable import SeparableConv2D as SeparableConv2D
from kir.layers.convolutional.separable import _SeparableConv as _SeparableConv
from kir.layers.convolutional.transposed import Conv2DTranspose as Conv2DTranspose
from kir.layers.convolutional.transposed import Conv3DTranspose as Conv3DTranspose

# Keras programs find the pooling layers here too.
from kir.layers.pooling import AveragePooling1D as AveragePooling1D
from kir.layers.pooling import AveragePooling2D as AveragePooling2D
from kir.layers.pooling import AveragePooling3D as AveragePooling3D
from kir.layers.pooling import MaxPooling1D as MaxPooling1D
from kir.layers.pooling import MaxPooling2D as MaxPooling2D
from kir.layers.pooling import MaxPooling3D as MaxPooling3D

Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
Convolution3D = Conv3D
Deconv2D = Deconvolution2D = Conv2DTranspose
Deconv3D = Deconvolution3D = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

# What Keras's module offers because it imports it.
__getattr__ = lazy_names(
    __name__,
    {
        "K": "kir.backend",
        "activations": "kir.activations",
        "constraints": "kir.constraints",
        "conv_utils": "kir.utils.conv_utils",
        "has_arg": "kir.utils.generic_utils:has_arg",
        "initializers": "kir.initializers",
        "interfaces": "kir.legacy.interfaces",
        "np": "numpy",
        "regularizers": "kir.regularizers",
        "to_list": "kir.utils.generic_utils:to_list",
        "transpose_shape": "kir.utils.generic_utils:transpose_shape",
    },
)
