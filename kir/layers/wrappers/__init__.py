"""Layers around a layer: over time steps, and in both directions of time."""

from kir._lazy import lazy_names
from kir.engine.base_layer import Layer as Layer
from kir.engine.input_spec import InputSpec as InputSpec
from kir.layers.wrappers.base import Wrapper as Wrapper
from kir.layers.wrappers.bidirectional import Bidirectional as Bidirectional
from kir.layers.wrappers.time_distributed import TimeDistributed as TimeDistributed

# What Keras's module offers because it imports it.
__getattr__ = lazy_names(
    __name__,
    {
        "K": "kir.backend",
        "has_arg": "kir.utils.generic_utils:has_arg",
    },
)
