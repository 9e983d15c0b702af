"""`tf.layers`: functions that make a layer and call it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from compiler.tensorflow_1.variables import current_scope
from kir import layers
from kir.errors import ConfigError, MissingAttributeError
from kir.settings import on_clear_session

_KINDS = {
    "average_pooling1d": layers.AveragePooling1D,
    "average_pooling2d": layers.AveragePooling2D,
    "conv1d": layers.Conv1D,
    "conv2d": layers.Conv2D,
    "conv2d_transpose": layers.Conv2DTranspose,
    "conv3d": layers.Conv3D,
    "dense": layers.Dense,
    "dropout": layers.Dropout,
    "flatten": layers.Flatten,
    "max_pooling1d": layers.MaxPooling1D,
    "max_pooling2d": layers.MaxPooling2D,
    "separable_conv2d": layers.SeparableConv2D,
}
# The layers that were given a name, by their full name.
_KNOWN: dict[str, Any] = {}
on_clear_session(_KNOWN.clear)


def _calling(kind: str, make: Any) -> Callable[..., Any]:
    parameters = list(inspect.signature(make).parameters)
    defaults = {"rate": 0.5} if kind == "dropout" else {}

    def call(
        inputs: Any,
        *args: Any,
        name: str | None = None,
        reuse: Any = None,
        training: Any = False,
        **kwargs: Any,
    ) -> Any:
        scope, is_shared = current_scope()
        full = f"{scope}/{name}".lstrip("/") if name else None
        is_shared = is_shared or bool(reuse)
        if is_shared and full is None:
            raise ConfigError(
                f"tf.layers.{kind}: a layer without a name cannot be used again. Give it a name, "
                "the same one each time, or make a layer of keras.layers once and call it twice."
            )
        if full in _KNOWN and not is_shared:
            raise ConfigError(
                f"Variables of tf.layers.{kind} '{full}' already exist. Set reuse=True or "
                "tf.AUTO_REUSE in the variable_scope around it to get them again."
            )
        layer = _KNOWN.get(full) if full else None
        if layer is None:
            given = {**defaults, **dict(zip(parameters, args, strict=False)), **kwargs}
            layer = make(**{k: v for k, v in given.items() if v is not None})
            if full:
                _KNOWN[full] = layer
        return layer(inputs, training=training) if kind == "dropout" else layer(inputs)

    call.__name__ = kind
    call.__doc__ = f"`tf.layers.{kind}`: the arguments are those of keras.layers.{make.__name__}."
    return call


def __getattr__(name: str) -> Any:
    if name in NAMES:
        return NAMES[name]
    raise MissingAttributeError(f"kir offers no tf.layers.{name}. Use keras.layers.")


NAMES = {kind: _calling(kind, make) for kind, make in _KINDS.items()}
