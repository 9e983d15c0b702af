"""Recurrent layers and their cells."""

from kir._lazy import lazy_names
from kir.engine.base_layer import Layer as Layer
from kir.engine.input_spec import InputSpec as InputSpec
from kir.layers.recurrent.arguments import standardize_args as standardize_args
from kir.layers.recurrent.base import RNN as RNN
from kir.layers.recurrent.cells import GRUCell as GRUCell
from kir.layers.recurrent.cells import LSTMCell as LSTMCell
from kir.layers.recurrent.cells import SimpleRNNCell as SimpleRNNCell
from kir.layers.recurrent.layers import GRU as GRU
from kir.layers.recurrent.layers import LSTM as LSTM
from kir.layers.recurrent.layers import SimpleRNN as SimpleRNN
from kir.layers.recurrent.stacked import StackedRNNCells as StackedRNNCells
from kir.legacy.recurrent import Recurrent as Recurrent

# What Keras's module offers because it imports it, and what cells in its style take from it.
__getattr__ = lazy_names(
    __name__,
    {
        "_generate_dropout_mask": "kir.layers.recurrent.arguments:generate_dropout_mask",
        "_standardize_args": "kir.layers.recurrent.arguments:standardize_args",
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
