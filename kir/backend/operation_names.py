"""What the operations of TensorFlow 1 were called in the graphs of Keras 2.2.4.

Programs look for a model's ends by these names (``dense_2/Softmax``), and so do those that read its
frozen graph. They follow from the layer and from how it was called; nothing keeps them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# By the name of the function; applied to matrices. Anything else is called as it is here.
_ACTIVATIONS = {
    "elu": "Elu",
    "exponential": "Exp",
    "hard_sigmoid": "clip_by_value",
    "linear": "",
    "relu": "Relu",
    "selu": "mul_1",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
}


_JOINED = {"ave": "truediv", "concat": "concat", "mul": "mul", "sum": "add"}

# Of the backend, where the name is not that of the function.
_FUNCTIONS = {
    "concatenate": "concat",
    "divide": "truediv",
    "dot": "MatMul",
    "multiply": "mul",
    "negative": "Neg",
    "permute_dimensions": "transpose",
    "subtract": "sub",
}


def _activation(layer: Any, rank: int) -> str:
    name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    if name == "softmax" and rank > 2:
        return "truediv"
    return _ACTIVATIONS.get(name, name)


def _after(computed: Callable[[Any, int], str]) -> Callable[[Any, int], str]:
    """The activation of what was computed before, if there is one."""
    return lambda layer, rank: _activation(layer, rank) or computed(layer, rank)


def _dense(layer: Any, rank: int) -> str:
    if layer.use_bias:
        return "add" if rank in (3, 5) else "BiasAdd"
    return "MatMul" if rank == 2 else "Reshape_2"


def _convolution(name: str) -> Callable[[Any, int], str]:
    def computed(layer: Any, rank: int) -> str:
        if layer.use_bias:
            return "BiasAdd" if rank == 4 else "add"
        return f"{name}/Squeeze" if rank == 3 else name

    return _after(computed)


def _rectifier(layer: Any, rank: int) -> str:
    slope, bound, threshold = (
        None if n is None else float(n)
        for n in (layer.negative_slope, layer.max_value, layer.threshold)
    )
    if slope:
        return "sub" if threshold or bound is not None else "LeakyRelu"
    if bound is not None and (threshold or bound != 6):
        return "clip_by_value"
    return "mul" if threshold else "Relu6" if bound == 6 else "Relu"


def _phase_dependent(layer: Any, rank: int) -> str:
    rate = getattr(layer, "rate", None)
    return "cond/Merge" if rate is None or 0 < rate < 1 else "Identity"


def _merge(name: str) -> Callable[[Any, int], str]:
    def computed(layer: Any, rank: int) -> str:
        count = len(layer._inbound_nodes[0].input_tensors) - 1 if layer._inbound_nodes else 1
        return name if count == 1 else f"{name}_{count - 1}"

    return computed


def _recurrent(layer: Any, rank: int) -> str:
    return "transpose_1" if layer.return_sequences else "TensorArrayReadV3"


_LAYERS: dict[str, str | Callable[[Any, int], str]] = {
    "Activation": lambda layer, rank: _activation(layer, rank) or "Identity",
    "ActivityRegularization": "Identity",
    "Add": _merge("add"),
    "AlphaDropout": _phase_dependent,
    "Average": "truediv",
    "AveragePooling1D": "Squeeze",
    "AveragePooling2D": "AvgPool",
    "AveragePooling3D": "AvgPool3D",
    "BatchNormalization": "cond/Merge",
    "Bidirectional": lambda layer, rank: _JOINED.get(layer.merge_mode, "ReverseV2"),
    "Concatenate": "concat",
    "Conv1D": _convolution("convolution"),
    "Conv2D": _convolution("convolution"),
    "Conv2DTranspose": _convolution("conv2d_transpose"),
    "Conv3D": _convolution("convolution"),
    "Conv3DTranspose": _convolution("conv3d_transpose"),
    "Cropping1D": "strided_slice",
    "Cropping2D": "strided_slice",
    "Cropping3D": "strided_slice",
    "Dense": _after(_dense),
    "DepthwiseConv2D": _convolution("depthwise"),
    "Dropout": _phase_dependent,
    "ELU": lambda layer, rank: "Elu" if float(layer.alpha) == 1 else "Select",
    "Embedding": "embedding_lookup/Identity",
    "Flatten": "Reshape",
    "GaussianDropout": _phase_dependent,
    "GaussianNoise": "cond/Merge",
    "GlobalAveragePooling1D": "Mean",
    "GlobalAveragePooling2D": "Mean",
    "GlobalAveragePooling3D": "Mean",
    "GlobalMaxPooling1D": "Max",
    "GlobalMaxPooling2D": "Max",
    "GlobalMaxPooling3D": "Max",
    "GRU": _recurrent,
    "LeakyReLU": "LeakyRelu",
    "LSTM": _recurrent,
    "Masking": "mul",
    "MaxPooling1D": "Squeeze",
    "MaxPooling2D": "MaxPool",
    "MaxPooling3D": "MaxPool3D",
    "Maximum": _merge("Maximum"),
    "Minimum": _merge("Minimum"),
    "Multiply": _merge("mul"),
    "PReLU": "add",
    "Permute": "transpose",
    "ReLU": _rectifier,
    "RepeatVector": "Tile",
    "Reshape": "Reshape",
    "RNN": _recurrent,
    "SeparableConv2D": _convolution("separable_conv2d"),
    "SimpleRNN": _recurrent,
    "Softmax": lambda layer, rank: "Softmax" if rank == 2 else "truediv",
    "SpatialDropout1D": _phase_dependent,
    "SpatialDropout2D": _phase_dependent,
    "SpatialDropout3D": _phase_dependent,
    "Subtract": "sub",
    "ThresholdedReLU": "mul",
    "TimeDistributed": "Reshape_1",
    "UpSampling1D": "concat",
    "UpSampling2D": "ResizeNearestNeighbor",
    "ZeroPadding1D": "Pad",
    "ZeroPadding2D": "Pad",
    "ZeroPadding3D": "Pad",
}


def operation_name(tensor: Any) -> str:
    """The name of the operation that computed a tensor, with the scopes around it.

    Where nobody knows it the name ends with that of the layer's class or of the function.

    Args:
        tensor: a symbolic tensor or a variable.
    """
    node = getattr(tensor, "producer", None)
    if node is None:
        return str(tensor.name).split(":")[0]
    if node.layer is None:
        return node.name or _of_function(node.op)
    scope = getattr(node, "scope", "") or node.layer.name
    inside: list[Any] = list(node.region.outputs) if node.region is not None else []
    if tensor.index < len(inside) and inside[tensor.index].producer is not None:
        return f"{scope}/{operation_name(inside[tensor.index])}"
    return f"{scope}/{_suffix(node.layer, tensor)}"


def _suffix(layer: Any, tensor: Any) -> str:
    kind = type(layer).__name__
    known = _LAYERS.get(kind, kind) if type(layer).__module__.startswith("kir.") else kind
    return known if isinstance(known, str) else known(layer, tensor.type.rank or 0)


def _of_function(op: str) -> str:
    dialect, _, path = op.partition(".")
    name = path.rpartition(".")[2]
    if dialect == "k" and name in ("add", *_FUNCTIONS):
        return _FUNCTIONS.get(name, name)
    return "".join(word.capitalize() for word in name.split("_"))
