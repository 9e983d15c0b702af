"""Settings on the command line: ``NAME[:KEY=VALUE,...]``, such as ``sgd:lr=0.1,momentum=0.9``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from kir.errors import ArgumentError, ConfigError
from kir.utils.generic_utils import construct, unknown_name

_WORDS = {"true": True, "false": False, "none": None, "null": None}


def parse_setting(text: str) -> tuple[str, dict[str, Any]]:
    """Splits a setting into its name and its arguments.

    A value is a Python number, string or word (``True``, ``none``); anything else is a string.

    Raises:
        ConfigError: a part is not ``KEY=VALUE``.
    """
    name, _, rest = text.partition(":")
    arguments: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip().isidentifier():
            raise ConfigError(
                f"{part!r} in {text!r}: expected KEY=VALUE, as in {name}:key=1,other=2."
            )
        arguments[key.strip()] = _value(value.strip())
    return name.strip(), arguments


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def make_optimizer(text: str, lr: float | None) -> Any:
    """The optimizer of a setting such as ``adam`` or ``sgd:momentum=0.9``.

    Raises:
        ConfigError: an unknown name.
        ArgumentError: an argument that the optimizer does not take, or a rate given twice.
    """
    from kir import optimizers

    name, arguments = parse_setting(text)
    optimizer = optimizers.get(name)  # says what is wrong with the name
    if lr is not None:
        if "lr" in arguments:
            raise ArgumentError(f"--lr {lr} and --optimizer {text!r} both give the rate; give one.")
        arguments["lr"] = lr
    return construct(type(optimizer), arguments)


def make_callback(text: str, classes: Mapping[str, Callable[..., Any]]) -> Any:
    """The callback of a setting such as ``EarlyStopping:patience=3``.

    Raises:
        ConfigError: an unknown name.
        ArgumentError: an argument that the callback does not take, or a missing one.
    """
    name, arguments = parse_setting(text)
    if name not in classes:
        raise unknown_name("callback", name, classes)
    return construct(classes[name], arguments)
