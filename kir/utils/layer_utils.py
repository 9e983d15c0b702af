"""The table that `model.summary()` prints, and helpers that look at layers and their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kir.errors import ConfigError, KirError


def count_params(weights: Sequence[Any]) -> int:
    """The number of scalars in a list of weights.

    Args:
        weights: variables; one that is listed twice counts once.
    """
    return sum(int(np.prod(w.type.shape)) for w in dict.fromkeys(weights))


def is_sequential_like(model: Any) -> bool:
    """Whether every layer has one input and one call: no column of connections is needed then."""
    if type(model).__name__ == "Sequential" or not model._is_graph_network:
        return True
    nodes: list[Any] = []
    for at_depth in model._nodes_by_depth.values():
        if len(at_depth) > 1 or len(at_depth[0].inbound_layers) > 1:
            return False
        nodes += at_depth
    return all(sum(node in nodes for node in layer._inbound_nodes) <= 1 for layer in model.layers)


class _Table:
    def __init__(self, widths: Sequence[int], print_fn: Callable[[str], Any]) -> None:
        self.widths = widths
        self.print_fn = print_fn

    def row(self, cells: Sequence[Any]) -> None:
        line = ""
        for i, cell in enumerate(cells):
            if i > 0:
                line = line[:-1] + " "
            line += str(cell)
            line = line[: self.widths[i]]
            line += " " * (self.widths[i] - len(line))
        self.print_fn(line)


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
) -> None:
    """Prints the layers of a model with output shapes, numbers of parameters and connections.

    Args:
        model: a built model.
        line_length: characters in a line.
        positions: where the columns end: fractions of the line, or characters.
        print_fn: gets each line; None is `print`.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    show = print_fn if print_fn is not None else print
    if hasattr(model, "_check_trainable_weights_consistency"):  # not a plain `Network`
        model._check_trainable_weights_consistency()
    simple = is_sequential_like(model)
    if simple:
        line_length = line_length or 65
        positions = positions or [0.45, 0.85, 1.0]
        header = ["Layer (type)", "Output Shape", "Param #"]
    else:
        line_length = line_length or 98
        positions = positions or [0.33, 0.55, 0.67, 1.0]
        header = ["Layer (type)", "Output Shape", "Param #", "Connected to"]
    ends = [int(line_length * p) if positions[-1] <= 1 else int(p) for p in positions]
    table = _Table(ends, show)
    relevant = (
        set() if simple else {n for at_depth in model._nodes_by_depth.values() for n in at_depth}
    )
    show("_" * line_length)
    table.row(header)
    show("=" * line_length)
    layers = model.layers
    for i, layer in enumerate(layers):
        rows = [[f"{layer.name} ({type(layer).__name__})", _shape(layer), layer.count_params()]]
        if not simple:
            links = _connections(layer, relevant)
            rows[0].append(links[0] if links else "")
            rows += [["", "", "", link] for link in links[1:]]
        for row in rows:
            table.row(row)
        show(("=" if i == len(layers) - 1 else "_") * line_length)
    trainable = count_params(model._collected_trainable_weights)
    frozen = count_params(model.non_trainable_weights)
    show(f"Total params: {trainable + frozen:,}")
    show(f"Trainable params: {trainable:,}")
    show(f"Non-trainable params: {frozen:,}")
    show("_" * line_length)


def _shape(layer: Any) -> Any:
    try:
        return layer.output_shape
    except (KirError, AttributeError):
        return "multiple"


def _connections(layer: Any, relevant: set[Any]) -> list[str]:
    return [
        f"{inbound.name}[{index}][{tensor_index}]"
        for node in layer._inbound_nodes
        if node in relevant
        for inbound, index, tensor_index in zip(
            node.inbound_layers, node.node_indices, node.tensor_indices, strict=True
        )
    ]


def get_source_inputs(tensor: Any, layer: Any = None, node_index: int | None = None) -> Any:
    """The tensors made by `Input` that a tensor is computed from, each once.

    Args:
        tensor: what a layer returned; anything else is returned as it is.
        layer: the layer that made it; None is what the tensor itself says.
        node_index: which call of the layer made it.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    if not hasattr(tensor, "_keras_history"):
        return tensor
    if layer is None or node_index:
        layer, node_index, _ = tensor._keras_history
    if not layer._inbound_nodes:
        return [tensor]
    found: dict[Any, None] = {}
    stack = [layer._inbound_nodes[node_index or 0]]
    seen = set(stack)
    while stack:
        node = stack.pop()
        if not node.inbound_layers:
            found.update(dict.fromkeys(node.input_tensors))
        calls = zip(node.inbound_layers, node.node_indices, strict=True)
        before = [inbound._inbound_nodes[index] for inbound, index in calls]
        new = [n for n in dict.fromkeys(before) if n not in seen]
        seen.update(new)
        stack.extend(reversed(new))
    return list(found)


_TURNED = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")


def convert_all_kernels_in_model(model: Any) -> None:
    """Turns the kernels of all convolutions around, between Theano's and TensorFlow's convention.

    Args:
        model: the model whose weights are changed.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    from kir.utils.conv_utils import convert_kernel

    for layer in model.layers:
        if type(layer).__name__ in _TURNED:
            layer.kernel.set_value(convert_kernel(layer.kernel.get_value()))


def convert_dense_weights_data_format(
    dense: Any,
    previous_feature_map_shape: Sequence[int],
    target_data_format: str = "channels_first",
) -> None:
    """Reorders the kernel of a dense layer behind a Flatten, for images of the other data format.

    Args:
        dense: the layer whose kernel is changed.
        previous_feature_map_shape: shape of what Flatten gets, in the target format.
        target_data_format: ``'channels_first'`` or ``'channels_last'``: what the images will be.

    Raises:
        ConfigError: another data format.
    """
    if target_data_format not in ("channels_first", "channels_last"):
        raise ConfigError(
            f"`target_data_format` is {target_data_format!r}; expected 'channels_first' or "
            "'channels_last'."
        )
    kernel, *bias = dense.get_weights()
    if target_data_format == "channels_first":
        channels, *sizes = previous_feature_map_shape
        pictures, order = kernel.reshape(*sizes, channels, -1), (2, 0, 1, 3)
    else:
        *sizes, channels = previous_feature_map_shape
        pictures, order = kernel.reshape(channels, *sizes, -1), (1, 2, 0, 3)
    dense.set_weights([np.transpose(pictures, order).reshape(kernel.shape), *bias])
