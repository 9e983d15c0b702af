"""Typed fields of a layer declaration.

A layer lists its parameters as fields; `Layer.__init_subclass__` collects them, and from them
come the constructor with Keras's signature, `get_config` with Keras's keys, the checks, and the
defaults that the textual form leaves out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kir import activations, constraints, initializers, regularizers, settings
from kir.errors import ArgumentError, ConfigError

if TYPE_CHECKING:
    from kir.engine.base_layer import Layer

REQUIRED: Any = inspect.Parameter.empty


class Field:
    """One parameter of a layer.

    Attributes:
        name: set when the class is created.
        default: what the signature shows; `REQUIRED` if there is none.
        convert: from (layer, given value) to what the layer keeps; raises ConfigError.
        serialize: from what the layer keeps to what its config says.
    """

    __slots__ = ("convert", "default", "in_config", "name", "serialize")

    def __init__(
        self,
        default: Any = REQUIRED,
        convert: Callable[[str, Any], Any] | None = None,
        serialize: Callable[[Any], Any] | None = None,
        in_config: bool = True,
    ) -> None:
        self.name = ""
        self.default = default
        self.convert = convert
        self.serialize = serialize
        self.in_config = in_config

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


def field(default: Any = REQUIRED) -> Any:
    """A parameter that is kept as it is given."""
    return Field(default)


def int_field(default: Any = REQUIRED, minimum: int | None = None, optional: bool = False) -> Any:
    """A whole number, at least `minimum`; None too if `optional`."""

    def convert(name: str, value: Any) -> Any:
        if optional and value is None:
            return None
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            else:
                raise ArgumentError(
                    f"`{name}` is {value!r} ({type(value).__name__}); expected a whole number."
                )
        if minimum is not None and value < minimum:
            raise ConfigError(
                f"`{name}` is {value}; expected a whole number of at least {minimum}."
            )
        return int(value)

    return Field(default, convert)


def fraction_field(default: Any = REQUIRED) -> Any:
    """A rate that is clipped to [0, 1], as Keras does."""

    def convert(name: str, value: Any) -> Any:
        if isinstance(value, str) or not np.isscalar(value):
            raise ArgumentError(f"`{name}` is {value!r}; expected a fraction between 0 and 1.")
        return min(1.0, max(0.0, value))  # type: ignore[type-var]

    return Field(default, convert)


def choice_field(default: Any, choices: Sequence[str | None]) -> Any:
    """One of a few lower-case words."""

    def convert(name: str, value: Any) -> str:
        word = value.lower() if isinstance(value, str) else value
        if word not in choices:
            raise ConfigError(
                f"The `{name}` argument must be one of {', '.join(map(repr, choices))}. Received: "
                f"{value}."
            )
        return word

    return Field(default, convert)


def padding_field(choices: Sequence[str] = ("valid", "same")) -> Any:
    """How the borders of a window are treated."""
    return choice_field("valid", choices)


def data_format_field(default: str | None = None, in_config: bool = True) -> Any:
    """`channels_last` or `channels_first`; None stands for `K.image_data_format()`."""

    def convert(name: str, value: Any) -> str:
        if value is None:
            return settings.image_data_format()
        word = value.lower() if isinstance(value, str) else value
        if word not in ("channels_first", "channels_last"):
            raise ConfigError(
                f'The `{name}` argument must be one of "channels_first", "channels_last". '
                f"Received: {value}."
            )
        return word

    return Field(default, convert, in_config=in_config)


def ints_field(count: int, default: Any = REQUIRED, minimum: int = 1) -> Any:
    """`count` whole numbers; one number stands for `count` equal ones."""

    def convert(name: str, value: Any) -> tuple[int, ...] | None:
        if value is None and default is None:
            return None
        return int_tuple(name, value, count, minimum)

    return Field(default, convert)


def int_tuple(name: str, value: Any, count: int, minimum: int = 1) -> tuple[int, ...]:
    """`value` as a tuple of `count` whole numbers.

    Raises:
        ConfigError: too few or many of them, or one is no whole number or too small.
    """
    if isinstance(value, int | np.integer):
        result: tuple[int, ...] = (int(value),) * count
    else:
        try:
            # A tuple stays the same object: YAML marks equal objects as aliases.
            result = tuple(value)
        except TypeError:
            result = ()
    if len(result) != count or any(
        isinstance(v, bool) or not isinstance(v, int | np.integer) or v < minimum for v in result
    ):
        raise ConfigError(
            f"The `{name}` argument must be a tuple of {count} integers (or one integer for all), "
            f"each at least {minimum}. Received: {value!r}."
        )
    return result


def activation_field(default: Any = None) -> Any:
    """An activation by name or as a function; None is the identity."""
    return Field(default, lambda name, value: activations.get(value), activations.serialize)


def initializer_field(default: str) -> Any:
    """An initializer by name, by config or as a function."""
    return Field(default, lambda name, value: initializers.get(value), initializers.serialize)


def regularizer_field(in_config: bool = True) -> Any:
    """A regularizer by name, by config or as a function; None is none."""
    return Field(
        None, lambda name, value: regularizers.get(value), regularizers.serialize, in_config
    )


def constraint_field() -> Any:
    """A constraint by name, by config or as a function; None is none."""
    return Field(None, lambda name, value: constraints.get(value), constraints.serialize)


def collect(cls: type) -> dict[str, Field]:
    """The fields of a class: its bases' first, then its own, in the order of declaration.

    A field that the class sets to a plain value is no parameter any more. `_argument_order` of the
    class, if there is one, is the order of the signature.
    """
    found: dict[str, Field] = {}
    for base in reversed(cls.__bases__):
        found.update(getattr(base, "_fields", {}))
    own = {k: v for k, v in cls.__dict__.items() if isinstance(v, Field)}
    for name in [n for n in found if n in cls.__dict__]:
        del found[name]  # fixed, or declared again: then it moves to its new place
    for name in own:
        delattr(cls, name)  # instances hold the values; the class must not shadow a missing one
    found.update(own)
    order = cls.__dict__.get("_argument_order", found)
    assert set(order) == set(found), f"{cls.__name__}._argument_order does not fit its fields"
    return {name: found[name] for name in order}


def constructor(fields: dict[str, Field]) -> Callable[..., None]:
    """An `__init__` with the fields as parameters, then Keras's common keyword arguments."""
    names = tuple(fields)

    def initialize(self: Layer, *args: Any, **kwargs: Any) -> None:
        given = self._bind_arguments(fields, names, args, kwargs)
        self._init_common(kwargs)
        for name, spec in fields.items():
            if name not in given:
                continue  # the layer took it for itself
            value = given[name]
            if spec.convert is not None:
                try:
                    value = spec.convert(name, value)
                except (ConfigError, ArgumentError) as error:
                    error.args = (f"{type(self).__name__} {self.name!r}: {error}",)
                    raise
            setattr(self, name, value)
        self._after_init()

    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [
        inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=f.default)
        for n, f in fields.items()
    ]
    parameters.append(inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD))
    initialize.__name__ = "__init__"
    initialize.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return initialize
