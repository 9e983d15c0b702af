"""Models in the style of Keras 2.2: a subclass of Model with layers as attributes and a `call`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kir import settings
from kir.engine.input_layer import Input
from kir.engine.tensor import Tensor
from kir.errors import ConfigError, StateError
from kir.utils.generic_utils import to_list, unpack_singleton

if TYPE_CHECKING:
    from kir.engine.network import Network


def track(network: Network, value: Any) -> None:
    """Notes a layer that became an attribute of a subclassed model.

    Raises:
        StateError: the model's constructor was not called yet.
    """
    layers = network.__dict__.get("_layers")
    if layers is None:
        raise StateError(
            f"{type(network).__name__} has a layer as an attribute before it is a model. Start its "
            "__init__ with super().__init__()."
        )
    if not network.__dict__.get("_is_graph_network") and value not in layers:
        layers.append(value)


def build_for_shapes(network: Network, shapes: Sequence[Any], dtype: str | None = None) -> None:
    """Makes inputs of these shapes, and the outputs by the model's `call`."""
    inputs = [
        Input(batch_shape=tuple(shape), dtype=dtype or settings.floatx(), name=f"input_{i + 1}")
        for i, shape in enumerate(shapes)
    ]
    found = network.call(unpack_singleton(list(inputs)))
    outputs = to_list(found, allow_tuple=True)
    for x in outputs:
        if not isinstance(x, Tensor):
            raise ConfigError(
                f"The call of {network._label()} returned {x!r} ({type(x).__name__}); expected "
                "what layers or functions of the backend gave."
            )
    network.inputs = inputs
    network.outputs = outputs
    network.input_names = [f"input_{i + 1}" for i in range(len(inputs))]
    network.output_names = [f"output_{i + 1}" for i in range(len(outputs))]
    network.built = True


def shapes_of_data(arrays: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The shapes of inputs for arrays of samples; numbers alone are vectors of one element."""
    shapes = [np.shape(a) for a in arrays]
    return [(None, *s[1:]) if len(s) > 1 else (None, 1) for s in shapes]
