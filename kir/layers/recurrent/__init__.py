"""Recurrent layers and their cells."""

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
