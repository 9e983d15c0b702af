"""Arguments of layers as Keras 0.3 and 1 wrote them."""

from __future__ import annotations

import warnings
from typing import Any

from kir.errors import ArgumentError, ConfigError
from kir.legacy.conversion import INTERFACES
from kir.serde.upgrading.report import Kind, Report

CLASSES = {
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "TimeDistributed",
}
"""Classes that have another name since Keras 2."""

# Dropped by Keras 2, with nothing to take their place.
_GONE = {
    "ParametricSoftplus": "alpha * softplus(beta * x)",
    "SReLU": "four learned slopes and thresholds",
    "AutoEncoder": "a model trained on its input",
}
# Sizes of the input that a `batch_input_shape` says as well. An Embedding's are its own.
_SIZES = ("input_dim", "input_length")
_OWN_SIZES = ("Embedding", "Highway", "MaxoutDense")


def upgrade_config(
    name: str, config: dict[str, Any], report: Report, label: str
) -> tuple[str, dict[str, Any]]:
    """A layer's class and config with the arguments of Keras 2.

    Args:
        name: the class's name since Keras 2.
        config: the arguments as Keras 1 wrote them.
        report: takes the changes.
        label: the layer, for messages.

    Raises:
        ConfigError: what the layer does has no equal since Keras 2.
    """
    for key in ("cache_enabled", "weights"):
        config.pop(key, None)
    if config.get("input_dtype") is not None:
        config["dtype"] = config["input_dtype"]
    config.pop("input_dtype", None)
    if "atrous_rate" in config:
        config["dilation_rate"] = config.pop("atrous_rate")
    if name == "TimeDistributed" and "layer" not in config:
        return name, _time_distributed_dense(config, report, label)
    _drop_sizes(name, config)
    if "forget_bias_init" in config:
        config["unit_forget_bias"] = config.pop("forget_bias_init") in ("one", "ones")
    if name == "SimpleRNN":
        config.pop("consume_less", None)
    elif config.get("consume_less") == "cpu":
        config["consume_less"] = "mem"  # the same numbers; the other is deprecated
    rate = config.pop("dropout", 0.0) if name == "Embedding" else 0.0
    if rate:
        report.add(
            Kind.ASSUMED,
            label,
            f"dropout={rate!r} of an Embedding, which acted in training, is left out",
        )
    return name, _converted(name, config, report, label)


def check_class(name: Any, label: str) -> None:
    """Refuses layers that Keras 2 dropped.

    Raises:
        ConfigError: it is one of them.
    """
    if name in _GONE:
        raise ConfigError(
            f"{label}: Keras 2 has no layer {name} ({_GONE[name]}). Pass a class that does the "
            f"same: custom_objects={{{name!r}: YourClass}}."
        )


def _converted(name: str, config: dict[str, Any], report: Report, label: str) -> dict[str, Any]:
    interface = INTERFACES.get(name)
    if interface is None:
        return config
    before = set(config)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the report says it
            _, converted = interface.convert(name, (), config)
    except ArgumentError as error:
        raise ConfigError(f"{label}: {error}") from error
    old, new = sorted(before - set(converted)), sorted(set(converted) - before)
    if old:
        said = f"{', '.join(old)} of Keras 1"
        report.add(
            Kind.RENAMED, label, said + (f": {', '.join(new)} here" if new else " is left out")
        )
    return converted


def _drop_sizes(name: str, config: dict[str, Any]) -> None:
    if name in _OWN_SIZES:
        return
    has_shape = any(config.get(key) is not None for key in ("batch_input_shape", "input_shape"))
    if name == "Dense" and config.get("input_dim") is not None and not has_shape:
        config["batch_input_shape"] = (None, config["input_dim"])
        has_shape = True
    for key in _SIZES:
        if has_shape or (config.get("input_dim") is None):
            config.pop(key, None)


def _time_distributed_dense(config: dict[str, Any], report: Report, label: str) -> dict[str, Any]:
    """A layer of its own in Keras 1, with the weights of the Dense inside."""
    outer = {key: config.pop(key) for key in ("batch_input_shape", "dtype") if key in config}
    sizes = [config.pop(key, None) for key in ("input_length", "input_dim")]
    if sizes[1] is not None and outer.get("batch_input_shape") is None:
        outer["batch_input_shape"] = (None, *sizes)
    name = config.pop("name", None)
    outer |= {"name": name, "trainable": config.pop("trainable", True)}
    inner = {"name": f"{name}_dense", **config}
    report.add(Kind.RENAMED, label, "is TimeDistributed(Dense) here")
    return {**outer, "layer": {"class_name": "Dense", "config": inner}}
