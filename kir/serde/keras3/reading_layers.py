"""Arguments of single layers, from Keras 3 to Keras 2.2.4.

Every key is looked at: one that has no counterpart must hold a value that means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kir.layers
from kir.errors import ConfigError, UnsupportedError
from kir.serde.keras3.entries import Config, function_name
from kir.utils.generic_utils import unknown_name

_ARGUMENTS = {
    "LeakyReLU": {"negative_slope": "alpha"},
    "InputLayer": {"batch_shape": "batch_input_shape"},
}

_ANY = None
# Keys without a counterpart, and the values that they may have.
_HARMLESS: Mapping[str, tuple[Any, ...] | None] = {
    "activity_regularizer": (None,),
    "autocast": _ANY,
    "build_input_shape": _ANY,
    "data_format": ("channels_last", None),
    "dilation_rate": (1, [1], [1, 1], [1, 1, 1]),
    "dtype": _ANY,
    "groups": (1,),
    "implementation": _ANY,
    "input_shape": _ANY,
    "keepdims": (False,),
    "lora_alpha": (None,),
    "lora_rank": (None,),
    "noise_shape": (None,),
    "optional": (False,),
    "output_padding": (None,),
    "quantization_config": (None,),
    "quantization_mode": (None,),
    "ragged": (False,),
    "renorm": (False,),
    "renorm_clipping": _ANY,
    "renorm_momentum": _ANY,
    "seed": _ANY,
    "sparse": (False,),
    "synchronized": _ANY,
    "time_major": (False,),
    "use_cudnn": _ANY,
    "virtual_batch_size": (None,),
    "zero_output_for_mask": _ANY,  # looked at when it is known whether there is a mask
}

_SCALED = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "normal"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "normal"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "normal"),
}
_OTHER_NAMES = {
    "OrthogonalInitializer": "Orthogonal",
    "IdentityInitializer": "Identity",
    "L1": "L1L2",
    "L2": "L1L2",
}

_INPUT = ("batch_input_shape", "dtype", "sparse", "name")


def layer_arguments(class_name: str, config: Mapping[str, Any], label: str) -> Config:
    """The config of Keras 2.2.4 for one layer that holds no other.

    Args:
        class_name: of the layer, in both.
        config: its config in the form of Keras 3.
        label: the layer, for messages.

    Raises:
        ConfigError: the layer does not exist here, or has an argument that means nothing here.
        UnsupportedError: it computes something else here.
    """
    cls = getattr(kir.layers, class_name, None)
    if not isinstance(cls, type) or not issubclass(cls, kir.layers.Layer):
        names = [n for n in kir.layers.__dict__ if n[0].isupper()]
        raise unknown_name("layer", class_name, names)
    known = {*getattr(cls, "_fields", ()), "name", "trainable"}
    if class_name == "InputLayer":
        known = set(_INPUT)
    elif class_name == "StackedRNNCells":
        known.add("cells")
    names = _ARGUMENTS.get(class_name, {})
    found: Config = {}
    for key, value in config.items():
        own = names.get(key, key)
        if own in known:
            found[own] = _value(own, value, label)
        else:
            _check_harmless(key, value, label)
    _check_numbers(class_name, found, label)
    if class_name != "InputLayer":
        dtype = _dtype(config.get("dtype"))
        if dtype not in (None, "float32"):
            found["dtype"] = dtype
    elif "dtype" in found:
        found["dtype"] = _dtype(found["dtype"])
    return found


def _check_harmless(key: str, value: Any, label: str) -> None:
    if key not in _HARMLESS:
        raise ConfigError(
            f"{label}: its argument {key} = {value!r:.80} has no counterpart in Keras 2.2.4."
        )
    usual = _HARMLESS[key]
    if usual is not None and value not in usual:
        raise ConfigError(
            f"{label}: {key} = {value!r:.80} has no counterpart in Keras 2.2.4; only "
            f"{' or '.join(map(repr, usual))} is read."
        )


def _check_numbers(class_name: str, config: Config, label: str) -> None:
    """Refuses what has the same name and computes something else."""
    if class_name == "UpSampling2D" and config.get("interpolation", "nearest") != "nearest":
        raise UnsupportedError(
            f"{label}: the interpolation {config['interpolation']!r} of Keras 3 takes other points "
            "between the pixels than that of Keras 2.2.4; only 'nearest' is read."
        )
    if class_name == "Activation" and config.get("activation") == "hard_sigmoid":
        raise UnsupportedError(
            f"{label}: hard_sigmoid has the slope 1/6 in Keras 3 and 0.2 in Keras 2.2.4, and the "
            "layer has no weights that could be scaled."
        )


def _value(key: str, value: Any, label: str) -> Any:
    kind = key.rpartition("_")[2]
    if kind == "activation":
        return value if value is None else function_name(value) or value
    if kind in ("initializer", "regularizer", "constraint"):
        return _small_object(kind, value, label)
    if key == "axis" and isinstance(value, list) and len(value) == 1:
        return value[0]  # BatchNormalization's, of tf.keras
    return value


def _small_object(kind: str, value: Any, label: str) -> Any:
    if value is None or isinstance(value, str):
        return value
    name = function_name(value)
    if name is not None:
        return name
    if not isinstance(value, Mapping) or not isinstance(value.get("config"), Mapping):
        raise ConfigError(f"{label}: this is no {kind}: {value!r:.120}.")
    class_name, config = str(value.get("class_name")), dict(value["config"])
    if class_name in _SCALED:
        scale, mode, distribution = _SCALED[class_name]
        config = {"scale": scale, "mode": mode, "distribution": distribution}
        class_name = "VarianceScaling"
    elif class_name == "VarianceScaling":
        config = {k: config.get(k) for k in ("scale", "mode", "distribution")}
        if str(config["distribution"]).endswith("normal"):
            config["distribution"] = "normal"
    config.pop("seed", None)  # Keras 3 writes it as an object of its own
    if kind == "initializer":
        config = {k: v for k, v in config.items() if k not in ("input_axes", "output_axes")}
    return {"class_name": _OTHER_NAMES.get(class_name, class_name), "config": config}


def _dtype(value: Any) -> Any:
    """The type of the weights: a name, or a policy of Keras 3."""
    if isinstance(value, Mapping):
        config = value.get("config")
        value = config.get("name") if isinstance(config, Mapping) else None
    if isinstance(value, str) and value.startswith("mixed_"):
        return "float32"
    return value if isinstance(value, str) or value is None else None
