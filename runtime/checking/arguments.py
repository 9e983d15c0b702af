"""Checks every argument of a layer by itself, and mends what can be mended to go on checking."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from kir import layers
from kir.engine.base_layer import COMMON_ARGUMENTS
from kir.engine.fields import REQUIRED
from kir.errors import KirError
from kir.legacy.conversion import convert_arguments

# What has no say in the shape of a layer's result, so that its default may stand in for it.
_WITHOUT_EFFECT_ON_SHAPES = (
    *("activation", "initializer", "regularizer", "constraint"),
    *("use_bias", "rate", "dropout", "seed", "trainable", "name"),
    *("momentum", "epsilon", "scale", "center", "stddev", "alpha", "theta"),
)

# Layers inside layers, which have been checked as such.
_INNER = ("layer", "cell", "cells")

Fault = tuple[str, str]


def check_arguments(
    cls: type[Any], config: Mapping[str, Any]
) -> tuple[list[Fault], dict[str, Any] | None]:
    """Checks the config of a layer argument by argument.

    Args:
        cls: the layer's class.
        config: its arguments, in today's spelling or that of Keras 1.

    Returns:
        (the faults, each an argument and a message; the config without them, or None if no guess
        is good enough to go on with)
    """
    fields = getattr(cls, "_fields", {})
    if not fields and cls.__init__ is not layers.Layer.__init__:
        return [], None  # a constructor of its own (Lambda), which only it knows
    with warnings.catch_warnings(), contextlib.suppress(KirError):
        warnings.simplefilter("ignore")
        config = dict(convert_arguments(cls, (), config)[1])
    faults: list[Fault] = []
    mended: dict[str, Any] | None = dict(config)
    missing = [
        n for n, f in fields.items() if f.default is REQUIRED and n not in (*config, *_INNER)
    ]
    for key in [k for k in config if k not in fields and k not in COMMON_ARGUMENTS]:
        value = mended.pop(key) if mended is not None else None
        near = get_close_matches(str(key), [*missing, *fields, *COMMON_ARGUMENTS], n=1)
        faults.append((str(key), _unknown(cls, key, near)))
        if near and near[0] in missing and mended is not None:
            missing.remove(near[0])  # one mistake, not two
            mended[near[0]] = value
    for name in missing:
        faults.append((name, f"{cls.__name__} misses the required argument `{name}`."))
        mended = None
    for name, message in _wrong_values(fields, mended if mended is not None else config):
        faults.append((name, message))
        if mended is not None:
            harmless = name.endswith(_WITHOUT_EFFECT_ON_SHAPES)
            mended = {k: v for k, v in mended.items() if k != name} if harmless else None
    return faults, mended


def _wrong_values(fields: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in config.items():
        convert = fields[name].convert if name in fields and name not in _INNER else None
        if convert is None:
            continue
        try:
            convert(name, value)
        except KirError as error:
            yield name, str(error)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            yield name, f"`{name}` is {value!r:.80}, which does not fit: {error}."


def _unknown(cls: type[Any], key: object, near: list[str]) -> str:
    hint = f"Did you mean `{near[0]}`?" if near else f"It takes {', '.join(cls._fields) or 'none'}."
    return f"{cls.__name__} does not know the argument `{key}`. {hint}"
