"""Configs of single layers, from tf.keras and Keras 3 to Keras 2.2.4."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kir.errors import ConfigError
from kir.serde.upgrading import keras_1, newer_layers, objects
from kir.serde.upgrading.origins import Dialect, Origin
from kir.serde.upgrading.report import Kind, Report

# What every layer's constructor takes besides its own parameters.
_COMMON = frozenset({"name", "trainable", "batch_input_shape", "dtype"})
_EXTRA = {
    "Bidirectional": {"num_constants"},
    "Lambda": {"function_type", "output_shape_type"},
    "RNN": {"num_constants"},
}
_GATED = ("LSTM", "GRU", "LSTMCell", "GRUCell", "ConvLSTM2D", "ConvLSTM2DCell")
_WRITERS = ("keras", "tf_keras", "tensorflow", "tf")
_FLOAT32 = ("float32", "float32_ref", "_infer", "infer_float32_vars", "infer_with_float32_vars")


@dataclass
class Context:
    """What the upgrade of every layer needs to know.

    Attributes:
        origin: what wrote the config.
        table: the layer classes of this library, by name.
        custom: the names of the user's own objects, which are left alone.
        report: takes the changes.
        has_masks: whether a layer of the whole config makes masks.
    """

    origin: Origin
    table: Mapping[str, Any]
    custom: frozenset[str]
    report: Report
    has_masks: bool = False
    _accepted: dict[str, frozenset[str]] = field(default_factory=dict)

    def accepted(self, class_name: str) -> frozenset[str]:
        """The arguments that a built-in class takes."""
        if class_name not in self._accepted:
            parameters = inspect.signature(self.table[class_name]).parameters.values()
            names = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
            extra = _EXTRA.get(class_name, set())
            self._accepted[class_name] = frozenset(names | _COMMON | extra)
        return self._accepted[class_name]


Recurse = Callable[[Any], Any]


def upgrade_layer(entry: Mapping[str, Any], context: Context, recurse: Recurse) -> dict[str, Any]:
    """The class and config of a layer, which is no network, as Keras 2.2.4 writes it.

    Args:
        entry: ``{"class_name": ..., "config": {...}}`` and what else the writer put there.
        context: see there.
        recurse: upgrades a layer inside the layer.

    Raises:
        ConfigError: the layer or one of its arguments has no equal here.
    """
    given = entry.get("config")
    if not isinstance(given, Mapping):
        return dict(entry)  # malformed, which is reported where the layer is made
    config = dict(given)
    written = objects.plain_name(entry.get("class_name"), context.custom)
    label = f"{written} {config.get('name')!r}"
    if written in context.custom:
        return objects.make_entry(written, _upgrade_custom(config, label, context))
    name = _class_name(entry, written, label, context)
    if name is None:
        return objects.make_entry(written, config)
    if context.origin.dialect <= Dialect.KERAS_1:
        name, config = keras_1.upgrade_config(name, config, context.report, label)
    try:
        return objects.make_entry(name, _upgrade_builtin(name, config, label, context, recurse))
    except ConfigError as error:
        if label not in str(error):
            raise ConfigError(f"{label}: {error}") from error
        raise


def _class_name(entry: Mapping[str, Any], written: Any, label: str, context: Context) -> str | None:
    """The built-in class's name here; None leaves an unknown one to whoever makes the layer."""
    name: Any = newer_layers.CLASSES.get(written, written)
    if context.origin.dialect <= Dialect.KERAS_1:
        name = keras_1.CLASSES.get(name, name)
    if name != written:
        context.report.add(Kind.RENAMED, label, f"is called {name} here")
    if isinstance(name, str) and isinstance(context.table.get(name), type):
        return str(context.table[name].__name__)  # a layer may have several names
    if context.origin.dialect <= Dialect.KERAS_1:
        keras_1.check_class(name, label)
    module = str(entry.get("module") or "").split(".")[0]
    if module in _WRITERS:
        raise ConfigError(
            f"{label}: Keras 2.2.4 has no layer {written}. Pass a class that does the same: "
            f"custom_objects={{{written!r}: YourClass}}."
        )
    return None


def _upgrade_custom(config: dict[str, Any], label: str, context: Context) -> dict[str, Any]:
    """A user's layer: only what every layer's config has is turned around."""
    _rename_batch_shape(config, label, context)
    if isinstance(config.get("dtype"), Mapping):
        config["dtype"] = _variable_dtype(objects.dtype_name(config["dtype"]))
    return config


def _upgrade_builtin(
    name: str, config: dict[str, Any], label: str, context: Context, recurse: Recurse
) -> dict[str, Any]:
    for (owner, old), new in newer_layers.KEYS.items():
        if owner == name and old in config:
            config[new] = config.pop(old)
            context.report.add(Kind.RENAMED, label, f"{old} is {new} here")
    _rename_batch_shape(config, label, context)
    _upgrade_dtype(config, label, context)
    _SPECIAL.get(name, _nothing_special)(config, label, context)
    for key, value in config.items():
        config[key] = _upgrade_value(key, value, context, recurse)
    if name in _GATED:
        _add_gate_defaults(name, config, label, context)
    if "zero_output_for_mask" in config:
        _check_zero_output(config, label, context)
    accepted = context.accepted(name)
    for key in [key for key in config if key not in accepted]:
        _drop(name, key, config, label, context)
    return config


def _rename_batch_shape(config: dict[str, Any], label: str, context: Context) -> None:
    if "batch_shape" in config:
        config["batch_input_shape"] = config.pop("batch_shape")
        context.report.add(Kind.RENAMED, label, "batch_shape is batch_input_shape here")


def _upgrade_value(key: str, value: Any, context: Context, recurse: Recurse) -> Any:
    if value is None:
        return None
    if key.endswith("_initializer"):
        return objects.upgrade_initializer(value)
    if key.endswith("_regularizer"):
        return objects.upgrade_regularizer(value)
    if key.endswith("_constraint"):
        return objects.upgrade_constraint(value)
    if key in ("activation", "recurrent_activation"):
        return objects.upgrade_activation(value, context.origin.dialect)
    if key in ("layer", "cell") and isinstance(value, Mapping):
        return recurse(value)
    if key == "cells" and isinstance(value, list | tuple):
        return [recurse(cell) for cell in value]
    return value


def _upgrade_dtype(config: dict[str, Any], label: str, context: Context) -> None:
    """Only inputs have a dtype here; the weights have `K.floatx()`."""
    if "dtype" not in config:
        return
    dtype = objects.dtype_name(config["dtype"])
    if dtype not in _FLOAT32 and str(dtype).startswith(("mixed", "float", "bfloat")):
        context.report.add(
            Kind.ASSUMED, label, f"was computed with the dtype {dtype}; here in float32"
        )
    # A policy is none of the input's.
    has_shape = "batch_input_shape" in config or "input_shape" in config
    if has_shape:
        config["dtype"] = _variable_dtype(dtype)
    else:
        del config["dtype"]


def _variable_dtype(dtype: Any) -> Any:
    return "float32" if dtype is None or str(dtype).startswith(("mixed", "_", "infer")) else dtype


def _add_gate_defaults(name: str, config: dict[str, Any], label: str, context: Context) -> None:
    """What the writer's version had by default, where it differs from Keras 2.2.4's."""
    defaults: dict[str, Any] = {}
    if context.origin.gates_are_sigmoids and "ConvLSTM" not in name:
        defaults["recurrent_activation"] = "sigmoid"
    if context.origin.resets_after and name.startswith("GRU"):
        defaults["reset_after"] = True
    for key, value in defaults.items():
        if key not in config:
            config[key] = value
            context.report.add(
                Kind.ASSUMED, label, f"{key}={value!r}, the default of {context.origin}"
            )


def _check_zero_output(config: dict[str, Any], label: str, context: Context) -> None:
    """Whether masked steps give zeros matters where there are masks."""
    if config["zero_output_for_mask"] and config.get("return_sequences") and context.has_masks:
        context.report.add(
            Kind.ASSUMED,
            label,
            "gave zeros at masked steps (zero_output_for_mask); here it gives the step before",
        )
    del config["zero_output_for_mask"]


def _drop(name: str, key: str, config: dict[str, Any], label: str, context: Context) -> None:
    value = config.pop(key)
    if key in newer_layers.UNUSED.get(name, ()):
        return
    plain = list(value) if isinstance(value, tuple) else value
    is_harmless = value is None or plain in newer_layers.HARMLESS.get(key, ())
    if key not in newer_layers.IGNORED and not is_harmless:
        raise ConfigError(
            f"{label}: {key}={value!r} has no equal in {name} of Keras 2.2.4. Pass a class that "
            f"takes it: custom_objects={{{name!r}: YourClass}}."
        )
    if value is not None:
        context.report.add(Kind.DROPPED, label, f"{key}={value!r}, which changes nothing here")


def _nothing_special(config: dict[str, Any], label: str, context: Context) -> None:
    """Most layers."""


def _batch_normalization(config: dict[str, Any], label: str, context: Context) -> None:
    axis = config.get("axis")
    if isinstance(axis, list | tuple):
        if len(axis) != 1:
            raise ConfigError(f"{label}: axis={axis!r}; Keras 2.2.4 keeps one axis.")
        config["axis"] = axis[0]


def _softmax(config: dict[str, Any], label: str, context: Context) -> None:
    axis = config.get("axis")
    if isinstance(axis, list | tuple) and len(axis) == 1:
        config["axis"] = axis[0]


def _bidirectional(config: dict[str, Any], label: str, context: Context) -> None:
    """Keras 2.2.4 derives the backward layer from the forward one."""
    backward = config.pop("backward_layer", None)
    forward = config.get("layer")
    if (
        isinstance(forward, Mapping)
        and context.has_masks
        and context.origin.dialect >= Dialect.TF_KERAS
    ):
        inner = forward.get("config")
        if isinstance(inner, Mapping) and inner.get("return_sequences"):
            context.report.add(
                Kind.ASSUMED, label, "gave zeros at masked steps; here it gives the step before"
            )
    if backward is None or not isinstance(forward, Mapping):
        return
    if _essence(backward, True) != _essence(forward, False):
        raise ConfigError(
            f"{label}: its backward layer differs from its forward layer in more than the "
            "direction, which Keras 2.2.4 cannot say. Use two layers, one of them with "
            "go_backwards=True, and a merge layer."
        )
    prefix = "forward_"
    inner = dict(forward["config"])
    if str(inner.get("name", "")).startswith(prefix):
        inner["name"] = inner["name"][len(prefix) :]
    inner.pop("zero_output_for_mask", None)  # Bidirectional sets it, and it was looked at above
    config["layer"] = {**forward, "config": inner}


def _essence(entry: Mapping[str, Any], is_backward: bool) -> Any:
    """What of one direction the other has too."""
    config = dict(entry.get("config") or {})
    if bool(config.pop("go_backwards", False)) is not is_backward:
        return None if is_backward else ()  # unequal
    for key in ("name", "build_config", "seed"):
        config.pop(key, None)
    return entry.get("class_name"), _without_object_ids(config)


def _without_object_ids(value: Any) -> Any:
    """A config without the numbers by which Keras 3 tells which objects are one."""
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if k not in ("shared_object_id", "seed")}
        return {key: _without_object_ids(v) for key, v in kept.items()}
    return value


def _lambda(config: dict[str, Any], label: str, context: Context) -> None:
    """A function is code, or named; both stay what they are."""
    function = config.get("function")
    if not isinstance(function, Mapping):
        return
    inner = function.get("config")
    if function.get("class_name") == "__lambda__" and isinstance(inner, Mapping):
        config["function"] = [inner.get("code"), inner.get("defaults"), inner.get("closure")]
        config["function_type"] = "lambda"
    elif isinstance(inner, str):
        config["function"] = inner
        config["function_type"] = "function"
    if isinstance(config.get("mask"), Mapping):
        raise ConfigError(f"{label}: its mask is a function; name the layer in custom_objects.")
    config.setdefault("output_shape_type", "raw")


def _upsampling(config: dict[str, Any], label: str, context: Context) -> None:
    word = config.get("interpolation", "nearest")
    if word != "nearest" and context.origin.dialect >= Dialect.TF_KERAS:
        raise ConfigError(
            f"{label}: interpolation={word!r} places the pixels otherwise than Keras 2.2.4 does, "
            "so that the numbers would differ. Pass a class of your own in custom_objects."
        )


_SPECIAL: dict[str, Callable[[dict[str, Any], str, Context], None]] = {
    "BatchNormalization": _batch_normalization,
    "Bidirectional": _bidirectional,
    "Lambda": _lambda,
    "Softmax": _softmax,
    "UpSampling2D": _upsampling,
}
