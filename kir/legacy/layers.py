"""The layers of Keras 1 under the name that Keras 2.2.4 has for their module.

They stand in a module of their own, as `kir.layers` offers them too and may be imported first.
"""

import kir.layers  # noqa: F401 - the layers that those of Keras 1 are made of
from kir.layers.keras_1 import AtrousConv1D as AtrousConv1D
from kir.layers.keras_1 import AtrousConv2D as AtrousConv2D
from kir.layers.keras_1 import AtrousConvolution1D as AtrousConvolution1D
from kir.layers.keras_1 import AtrousConvolution2D as AtrousConvolution2D
from kir.layers.keras_1 import ConvRecurrent2D as ConvRecurrent2D
from kir.layers.keras_1 import Highway as Highway
from kir.layers.keras_1 import InputSpec as InputSpec
from kir.layers.keras_1 import Layer as Layer
from kir.layers.keras_1 import MaxoutDense as MaxoutDense
from kir.layers.keras_1 import Recurrent as Recurrent
