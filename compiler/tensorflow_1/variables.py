"""Variables of TensorFlow 1: those of `K`."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from compiler.lowering.context import current_context
from compiler.tensorflow import tf
from compiler.tensorflow_1.accounts import all_variables
from compiler.tensorflow_1.graphs import group
from kir import backend as K
from kir.backend.session import Operation
from kir.engine.tensor import executing
from kir.engine.variable import Variable
from kir.errors import ConfigError
from kir.settings import on_clear_session

v1 = tf.compat.v1

# What `get_variable` made, by full name; and the names of the scopes around the caller.
_KNOWN: dict[str, Variable] = {}
_SCOPES: list[tuple[str, bool]] = []
on_clear_session(_KNOWN.clear)


class _IsVariable(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Variable | tf.Variable)


class VariableClass(metaclass=_IsVariable):
    """`tf.Variable`: makes a variable of the language."""

    def __new__(  # type: ignore[misc]
        cls,
        initial_value: Any = None,
        trainable: bool = True,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """Makes the variable; the arguments are TensorFlow's."""
        value = initial_value() if callable(initial_value) else initial_value
        value = K.get_value(value) if hasattr(value, "dtype") else np.asarray(value)
        if dtype is not None:
            kind = tf.as_dtype(dtype).name
        else:
            # TensorFlow takes Python's numbers for float32 and int32.
            kind = {"float64": "float32", "int64": "int32"}.get(value.dtype.name, value.dtype.name)
            kind = kind if not hasattr(initial_value, "dtype") else value.dtype.name
        made: Variable = K.variable(value, dtype=kind, name=name, constraint=constraint)
        made.trainable = trainable
        return made


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = "float32",
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    **_: Any,
) -> Variable:
    """`tf.get_variable`: the variable of this name in the scope, made if there is none."""
    full = "/".join([*(scope for scope, _ in _SCOPES), name])
    if full in _KNOWN:
        if not any(reuse for _, reuse in _SCOPES):
            raise ConfigError(
                f"Variable {full} already exists. Set reuse=True or tf.AUTO_REUSE in the "
                "variable_scope around it to get it again."
            )
        return _KNOWN[full]
    if initializer is None:
        initializer = v1.glorot_uniform_initializer()
    sizes = tf.TensorShape(shape).as_list() if shape is not None else None
    value = initializer(sizes, dtype=dtype) if callable(initializer) else initializer
    made = VariableClass(value, trainable=trainable, name=name, dtype=dtype)
    _KNOWN[full] = made
    return made


def current_scope() -> tuple[str, bool]:
    """The names of the scopes around the caller, joined by ``/``, and whether they reuse."""
    return "/".join(scope for scope, _ in _SCOPES), any(reuse for _, reuse in _SCOPES)


@contextlib.contextmanager
def variable_scope(
    name_or_scope: Any = None, default_name: Any = None, *_: Any, reuse: Any = None, **__: Any
) -> Iterator[Any]:
    """`tf.variable_scope`: a part of the names of the variables inside."""
    name = str(name_or_scope or default_name or "scope")
    _SCOPES.append((name, bool(reuse)))
    try:
        with K.name_scope(name):
            yield name
    finally:
        _SCOPES.pop()


def _assigning(update: Callable[..., Any], function: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    def assign(ref: Any, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(ref, Variable):
            return function(ref, value)
        context = current_context()
        if context is None or not executing():
            return update(ref, value)
        # In a loss, say: the program that is being built makes the assignment when its step ends.
        _, new_value = update(ref, value)
        context.assign(ref, new_value)
        return new_value

    return assign


def _scattering(change: Callable[..., Any], function: Any) -> Callable[..., Any]:
    """`tf.scatter_update` and its kin: new values for some rows of a variable."""

    @functools.wraps(function)
    def scatter(ref: Any, indices: Any, updates: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(ref, Variable):
            return function(ref, indices, updates)
        rows = tf.expand_dims(indices, -1)
        return K.update(ref, change(K.identity(ref), rows, updates))

    return scatter


def variables_initializer(var_list: Any = None, *_: Any, **__: Any) -> Operation:
    """`tf.variables_initializer`: nothing is left to do, as variables always have a value."""
    return group()


def global_variables(scope: str | None = None) -> list[Variable]:
    """`tf.global_variables`: all variables whose names start with `scope`."""
    return [v for v in all_variables() if scope is None or re.match(scope, v.name)]


def trainable_variables(scope: str | None = None) -> list[Variable]:
    """`tf.trainable_variables`: those of them that training changes."""
    return [v for v in global_variables(scope) if v.trainable]


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """`tf.get_collection`: of variables; other collections are empty."""
    keys = v1.GraphKeys
    if key == keys.TRAINABLE_VARIABLES:
        return trainable_variables(scope)
    return global_variables(scope) if key == keys.GLOBAL_VARIABLES else []


NAMES = {
    "Variable": VariableClass,
    "all_variables": global_variables,
    "assign": _assigning(K.update, v1.assign),
    "assign_add": _assigning(K.update_add, v1.assign_add),
    "assign_sub": _assigning(K.update_sub, v1.assign_sub),
    "get_collection": get_collection,
    "get_variable": get_variable,
    "global_variables": global_variables,
    "global_variables_initializer": variables_initializer,
    "initialize_all_variables": variables_initializer,
    "initialize_variables": variables_initializer,
    "local_variables_initializer": variables_initializer,
    "scatter_add": _scattering(tf.tensor_scatter_nd_add, v1.scatter_add),
    "scatter_sub": _scattering(tf.tensor_scatter_nd_sub, v1.scatter_sub),
    "scatter_update": _scattering(tf.tensor_scatter_nd_update, v1.scatter_update),
    "tables_initializer": variables_initializer,
    "trainable_variables": trainable_variables,
    "variable_scope": variable_scope,
    "variables_initializer": variables_initializer,
}
