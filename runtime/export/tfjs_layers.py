"""What TensorFlow.js has of Keras's layers, and the config of a model in the form that it takes.

The rules are those of @tensorflow/tfjs 4.22, found by running every layer in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kir import activations, layers
from kir.errors import ExportError
from kir.ir.graph import Node
from kir.utils.conv_utils import deconv_length
from runtime.export.checks import layer_calls

CLASSES = frozenset(
    """
    Activation ActivityRegularization Add AlphaDropout Average AveragePooling1D AveragePooling2D
    AveragePooling3D BatchNormalization Bidirectional Concatenate Conv1D Conv2D Conv2DTranspose
    Conv3D Conv3DTranspose ConvLSTM2D Cropping2D Dense DepthwiseConv2D Dot Dropout ELU Embedding
    Flatten GRU GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalMaxPooling1D GlobalMaxPooling2D LSTM LeakyReLU Masking MaxPooling1D MaxPooling2D
    MaxPooling3D Maximum Minimum Multiply PReLU Permute RNN ReLU RepeatVector Reshape
    SeparableConv2D SimpleRNN Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
    ThresholdedReLU TimeDistributed UpSampling2D ZeroPadding2D
    """.split()  # noqa: SIM905 - a line each would fill the page
)
CELLS = (layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell)

_ACTIVATIONS = frozenset(
    {
        activations.elu,
        activations.hard_sigmoid,
        activations.linear,
        activations.relu,
        activations.selu,
        activations.sigmoid,
        activations.softmax,
        activations.softplus,
        activations.softsign,
        activations.tanh,
    }
)

_ONE_AXIS = (
    layers.Conv1D,
    layers.MaxPooling1D,
    layers.AveragePooling1D,
    layers.GlobalMaxPooling1D,
    layers.GlobalAveragePooling1D,
)


def _rank(node: Node) -> int:
    return node.inputs[0].type.rank or 0


def _has_mask(node: Node) -> bool:
    return any(m is not None for m in node.masks)


def _enlarges(op: Any) -> bool:
    """Whether a transposed convolution's size is another than TensorFlow.js computes."""
    more = op.output_padding or (None,) * op.rank
    sizes = zip(op.strides, op.kernel_size, more, strict=True)
    return any(deconv_length(7, s, k, op.padding, m) != deconv_length(7, s, k, op.padding, None)
               for s, k, m in sizes)  # fmt: skip


def _unknown_activation(op: Any) -> bool:
    parts = [op, getattr(op, "cell", None)]
    names = ("activation", "recurrent_activation")
    found = [getattr(part, name, None) for part in parts for name in names]
    return any(f is not None and f not in _ACTIVATIONS for f in found)


# Class(es), what is wrong, why, and what to do.
_Rule = tuple[Any, Callable[[Any, Node], bool], str, str]
_RULES: tuple[_Rule, ...] = (
    (
        layers.Layer,
        lambda op, node: _unknown_activation(op),
        "its activation is none of TensorFlow.js's",
        "Use another one of Keras's activations, except exponential.",
    ),
    (
        layers.Layer,
        lambda op, node: bool(node.arguments.get("training")) and op.varies_with_phase(),
        "it is called with training=True",
        "Leave the argument out.",
    ),
    (
        _ONE_AXIS,
        lambda op, node: op.data_format == "channels_first",
        "TensorFlow.js takes channels_last only here",
        "Permute the axes before and after it.",
    ),
    (
        layers.SeparableConv2D,
        lambda op, node: op.data_format == "channels_first" and op.use_bias,
        "with the channels first TensorFlow.js adds its bias to the wrong axis",
        "Use channels_last.",
    ),
    (
        layers.Conv1D,
        lambda op, node: op.padding == "causal",
        "TensorFlow.js has no padding='causal'",
        "Export to another format.",
    ),
    (
        (layers.Conv2DTranspose, layers.Conv3DTranspose),
        lambda op, node: _enlarges(op) or any(r != 1 for r in op.dilation_rate),
        "TensorFlow.js knows neither its output_padding nor its dilation_rate",
        "Use UpSampling2D and a convolution.",
    ),
    (
        layers.BatchNormalization,
        lambda op, node: _rank(node) > 4 or op.axis % _rank(node) not in (_rank(node) - 1,),
        "TensorFlow.js normalizes the last axis only, of at most four",
        "Use channels_last.",
    ),
    (
        layers.ELU,
        lambda op, node: float(op.alpha) != 1.0,
        "TensorFlow.js has alpha=1 only",
        "Use alpha=1.",
    ),
    (
        layers.ReLU,
        lambda op, node: bool(op.threshold or op.negative_slope),
        "TensorFlow.js knows no threshold and no negative_slope",
        "Use LeakyReLU or ThresholdedReLU.",
    ),
    (
        layers.Softmax,
        lambda op, node: _rank(node) > 2 and op.axis % _rank(node) != _rank(node) - 1,
        "TensorFlow.js takes the softmax over the last axis only",
        "Permute the axes before and after it.",
    ),
    (
        layers.Flatten,
        lambda op, node: None in (node.inputs[0].type.shape or ())[1:],
        "TensorFlow.js flattens known shapes only, and its input is {type}",
        "Give the model a full input shape, and Reshape no -1.",
    ),
    (
        layers.Dot,
        lambda op, node: any((v.type.rank or 0) > 3 for v in node.inputs),
        "TensorFlow.js takes at most three axes",
        "Reshape its inputs.",
    ),
    (
        layers.GlobalAveragePooling1D,
        lambda op, node: _has_mask(node),
        "its input has a mask, which TensorFlow.js does not heed",
        "Take the mask away.",
    ),
    (
        layers.RNN,
        lambda op, node: bool(getattr(op.cell, "reset_after", False)),
        "TensorFlow.js has no reset_after=True",
        "Export to onnx or tflite.",
    ),
    (
        layers.RNN,
        lambda op, node: type(op) is layers.RNN and type(op.cell) not in CELLS,
        "TensorFlow.js loads only the cells SimpleRNNCell, LSTMCell and GRUCell, one in a layer",
        "Stack layers instead of cells.",
    ),
    (
        layers.RNN,
        lambda op, node: bool(op.unroll) and _has_mask(node),
        "TensorFlow.js does not unroll, and its masked steps then give another result",
        "Use unroll=False.",
    ),
    (
        layers.Bidirectional,
        lambda op, node: type(op.layer) is layers.RNN,
        "TensorFlow.js cannot read the class RNN inside it",
        "Use LSTM, GRU or SimpleRNN.",
    ),
)


def check_layers(model: Any) -> None:
    """Whether TensorFlow.js computes what each layer of a model does.

    Raises:
        ExportError: it does not; says which layer, why, and what to do.
    """
    for node in layer_calls(model):
        op = node.layer
        name = f"{type(op).__name__} {op.name!r}"
        if not _is_known(op) or node.effects is not None:
            raise ExportError(
                f"{name} cannot be exported to TensorFlow.js, which has no layer of this class. "
                "Build it from other layers, or export to onnx or savedmodel."
            )
        for classes, is_wrong, reason, mend in _RULES:
            if isinstance(op, classes) and is_wrong(op, node):
                why = reason.format(type=node.inputs[0].type)
                raise ExportError(f"{name} cannot be exported to TensorFlow.js: {why}. {mend}")


def _is_known(op: Any) -> bool:
    cls = type(op)
    return cls.__name__ in CLASSES and cls.__module__.startswith("kir.layers")


# -- configs

# In training only they differ from what TensorFlow.js has.
_STAND_INS = {"SpatialDropout2D": "Dropout", "SpatialDropout3D": "Dropout"}


def adapt_config(network: Any, config: dict[str, Any]) -> None:
    """Changes a model's config in place so that TensorFlow.js computes the same from it.

    Constraints go, as TensorFlow.js applies them to weights that it loads, and so do activity
    regularizers, of which it has none.
    """
    for entry in config["config"]["layers"]:
        name = entry["config"]["name"]
        found = [layer for layer in network.layers if layer.name == name]
        _adapt_layer(entry, found[0] if found else None)


def _adapt_layer(entry: dict[str, Any], op: Any) -> None:
    config = entry["config"]
    if getattr(op, "is_network", False):
        adapt_config(op, entry)
        return
    _drop(config)
    kind = entry["class_name"]
    if kind in _STAND_INS:
        entry["class_name"] = _STAND_INS[kind]
        config.pop("data_format", None)
    elif kind == "ActivityRegularization":
        entry["class_name"] = "Activation"
        entry["config"] = {k: config[k] for k in ("name", "trainable")} | {"activation": "linear"}
    elif kind == "Reshape":
        sizes = op._inbound_nodes[0].outputs[0].type.shape[1:]
        if None not in sizes:
            # TensorFlow.js leaves a size of -1 open, and some layers need to know it.
            config["target_shape"] = [int(n) for n in sizes]
    elif kind == "Concatenate":
        # TensorFlow.js misreads negative axes other than -1.
        config["axis"] %= op._inbound_nodes[0].outputs[0].type.rank
    inner = config.get("layer")
    if isinstance(inner, dict):
        _adapt_layer(inner, op.layer)


def _drop(value: Any) -> None:
    if isinstance(value, dict):
        for key in value:
            if key.endswith("_constraint") or key == "activity_regularizer":
                value[key] = None
            elif key != "layer":
                _drop(value[key])
