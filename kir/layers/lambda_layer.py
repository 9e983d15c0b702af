"""A layer made of a function.

Keras writes the function's compiled code into its files. Such code runs only in the Python version
that it was compiled by, and loading it means to run what a file says, so kir loads it only where
the user allows it. The function itself is traced into the graph when the layer is called: kir's
own files hold that, and need no code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.engine.replaying import RegionFunction
from kir.errors import ConfigError, DTypeError, ShapeError, UnsafeFileError
from kir.ir import ops
from kir.ir.graph import Graph, Opaque
from kir.utils._functions import reading_config
from kir.utils.generic_utils import (
    deserialize_keras_object,
    func_dump,
    func_load,
    get_custom_objects,
    has_arg,
)


class Lambda(Layer):
    """Applies a function of the user to its input.

    Args:
        function: takes a tensor or a list of tensors first; if it has a parameter `mask`, it gets
            the input's mask there. It may use `K` and TensorFlow.
        output_shape: the result's shape without the batch, or a function from the input's shape to
            it, batch included. Left out, the shape is taken from the function.
        mask: the result's mask, or a function from input and mask to it.
        arguments: further arguments of `function`, by name.

    Shape:
        whatever the function makes of it.

    Raises:
        DTypeError: `output_shape` is neither a sequence nor a function.

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).

    Example:
        >>> from kir.layers import Input, Lambda
        >>> Lambda(lambda x: x ** 2)(Input(shape=(3,))).type.shape
        (None, 3)
    """

    is_traced = True

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = dict(arguments) if arguments else {}
        if mask is not None:
            self.supports_masking = True
        self.mask = mask
        if output_shape is None or callable(output_shape):
            self._output_shape = output_shape
        elif isinstance(output_shape, list | tuple):
            self._output_shape = tuple(output_shape)
        else:
            raise DTypeError(
                f"In Lambda, `output_shape` must be a list, a tuple, or a function; got "
                f"{output_shape!r}."
            )

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The function's result."""
        arguments = dict(self.arguments)
        if _takes_mask(self.function):
            arguments["mask"] = mask
        return self.function(inputs, **arguments)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask that was given, or what the function that was given makes of the input's."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The declared shape, or that of what the function computes.

        Raises:
            ShapeError: the function that declares the shape returns something else than a shape.
        """
        declared = self._output_shape
        if declared is None:
            return super().compute_output_shape(input_shape)
        if not callable(declared):
            first = input_shape[0] if isinstance(input_shape, list) else input_shape
            return ((first[0] if first else None), *declared)
        found = declared(input_shape)
        if not isinstance(found, list | tuple):
            raise ShapeError(
                f"{self._label()}: `output_shape` function must return a tuple or a list of "
                f"tuples; got {found!r}."
            )
        flat = isinstance(found, list) and (not found or not isinstance(found[0], list | tuple))
        return tuple(found) if flat else found

    def _declares_shape(self) -> bool:
        return self._output_shape is not None

    def _shape_source(self) -> str:
        return "`output_shape`"

    def get_config(self) -> dict[str, Any]:
        """The configuration; the function stands in it as compiled code, or by name."""
        function, kind = _encoded(self.function)
        shape, shape_kind = self._output_shape, "raw"
        if callable(shape):
            shape, shape_kind = _encoded(shape)
        return {
            **super().get_config(),
            "function": function,
            "function_type": kind,
            "output_shape": shape,
            "output_shape_type": shape_kind,
            "arguments": {k: _argument(v) for k, v in self.arguments.items()},
        }

    def node_config(self) -> dict[str, Any]:
        """What the graph says: the functions by name, as the node's region holds what they do."""
        shape = self._output_shape
        return {
            **super().get_config(),
            "function": _opaque(self.function),
            "output_shape": _opaque(shape) if callable(shape) else shape,
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """Makes the layer again.

        Args:
            config: what `get_config` gave.
            custom_objects: functions by their names in the config; the function for the layer
                itself by the layer's name.

        Raises:
            UnsafeFileError: the config holds code, which is neither allowed nor replaced.
        """
        given = dict(config)
        known = {**get_custom_objects(), **(custom_objects or {})}
        name = given.get("name")
        kind, shape_kind = given.pop("function_type", None), given.pop("output_shape_type", "raw")
        replacement = known.get(str(name))
        if callable(replacement) and not isinstance(replacement, type):
            given["function"] = replacement
            if shape_kind == "lambda":
                given["output_shape"] = None  # then it is taken from the function
                shape_kind = "raw"
        else:
            given["function"] = _decoded(given.get("function"), kind, name, known)
        if shape_kind != "raw":
            given["output_shape"] = _decoded(given["output_shape"], shape_kind, name, known)
        given["arguments"] = {
            key: np.array(value["value"])
            if isinstance(value, dict) and value.get("type") == "ndarray"
            else value
            for key, value in (given.get("arguments") or {}).items()
        }
        return cls(**given)


class _Array(np.ndarray):
    """An array among a Lambda's arguments; Keras's files say that it is one."""

    def json_value(self) -> dict[str, Any]:
        return {"type": "ndarray", "value": self.tolist()}


def _argument(value: Any) -> Any:
    return value.view(_Array) if type(value) is np.ndarray else value


def _takes_mask(function: Any) -> bool:
    try:
        return has_arg(function, "mask")
    except (TypeError, ValueError):  # written in C, without a signature
        return False


def _is_own(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).split(".")[0] == "kir"


def _encoded(function: Any) -> tuple[Any, str]:
    """A function as a configuration says it, and how."""
    # A lambda has no name by which it could be found again, not even one of kir's own.
    is_named = _is_own(function) and function.__name__ != "<lambda>"
    if isinstance(function, FunctionType) and not is_named:
        return func_dump(function), "lambda"
    return getattr(function, "__name__", type(function).__name__), "function"


def _opaque(function: Any) -> Opaque:
    return Opaque(getattr(function, "__name__", type(function).__name__), function)


def _decoded(value: Any, kind: str | None, name: Any, known: Mapping[str, Any]) -> Any:
    """The function that a configuration means."""
    if isinstance(value, Graph):  # from kir's own files: traced, not code
        return RegionFunction(value, f"Lambda {name!r}")
    if kind == "function":
        return deserialize_keras_object(
            value,
            module_objects=_own_functions(value),
            custom_objects=known,
            printable_module_name="function in Lambda layer",
        )
    if kind == "lambda":
        try:
            with reading_config():
                return func_load(value, globs={"K": K, "np": np, **known})
        except UnsafeFileError as error:
            raise UnsafeFileError(
                f"Lambda {name!r} holds marshalled Python code, which would run on your machine. "
                f"Give the function instead: custom_objects={{{name!r}: function}}; or, if you "
                "trust the file's author, load it inside "
                "`with kir.utils.generic_utils.allow_unsafe_code():`, or in a program that "
                "`kir run --allow-code` runs."
            ) from error
    if kind is None and callable(value):
        return value
    raise ConfigError(f"Lambda {name!r}: unknown function type {kind!r}; expected 'lambda'.")


def _own_functions(name: Any) -> dict[str, Any]:
    """The function of `K` that is called so, if there is one.

    Only those that are recorded as ops: a file shall not call what acts on the session.
    """
    is_op = isinstance(name, str) and ops.find(f"k.{name}") is not None
    found = getattr(K, name, None) if is_op else None
    return {name: found} if callable(found) and not isinstance(found, type) else {}
