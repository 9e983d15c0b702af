"""How a declared function of the backend is called: computed, or recorded in the graph.

A declaration is a signature with documentation and no body. The decorator `op` makes it work:

- With a symbolic argument (a tensor of the graph or a variable) the call becomes a node
  ``k.<name>`` and the result is symbolic.
- Otherwise, and always while a program is being built, the function of the same name in the
  executor's backend computes the result.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kir import settings
from kir.backend.checks import Check
from kir.backend.static import fold_shape
from kir.engine.executor import executor
from kir.engine.tensor import Tensor, contains_symbolic, executing, record
from kir.engine.variable import Variable
from kir.ir import ops
from kir.ir.graph import Node, Ref, Weight
from kir.ir.types import TensorType, check_dtype

# From the call's arguments, operands replaced by their types, to the result's type; a list of
# types where the function returns several tensors; None where the rule does not know.
Rule = Callable[..., "TensorType | list[TensorType] | None"]

# Parameters that hold a tensor's sizes.
SHAPE_PARAMETERS = frozenset({"shape", "noise_shape", "output_shape"})

# The ops that draw random numbers: two nodes of them are never the same, and each run draws anew.
RANDOM_OPS: set[str] = set()
_RANDOM_FUNCTIONS = ("tf.random.", "tf.compat.v1.random", "tf.compat.v1.trunc", "tf.nn.dropout")


def is_random(op: str) -> bool:
    """Whether the op draws random numbers."""
    return op in RANDOM_OPS or op.startswith(_RANDOM_FUNCTIONS)


def substitute(value: Any, operands: Any) -> Any:
    """`value` with every `Ref(i)` in it replaced by `operands[i]`."""
    if isinstance(value, Ref):
        return operands[value.index]
    if isinstance(value, list | tuple):
        return type(value)(substitute(v, operands) for v in value)
    if isinstance(value, dict):
        return {k: substitute(v, operands) for k, v in value.items()}
    return value


def plain(value: Any) -> Any:
    """A call's argument in a form that an attribute can hold; symbolic values stay."""
    if isinstance(value, list | tuple):
        items = [plain(v) for v in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, Tensor | Weight):
        return value
    if hasattr(value, "assign") and hasattr(value, "handle"):
        return adopt_variable(value)
    if hasattr(value, "numpy"):
        return np.asarray(value.numpy())  # a tensor of TensorFlow that has a value
    if type(value).__name__ == "TensorShape":
        return list(value)
    return value


def adopt_variable(value: Any) -> Variable:
    """A variable of TensorFlow's as one of the language, which keeps its values there."""
    known: Variable | None = getattr(value, "_kir_variable", None)
    if known is None:
        kind = TensorType(value.dtype.base_dtype.name, tuple(value.shape))
        known = Variable(kind, value.name, None, trainable=bool(value.trainable))
        known.resource = value
        value._kir_variable = known
    return known


def read_variables(value: Any) -> Any:
    """`value` with everything symbolic in it replaced by what it is in the running program."""
    if isinstance(value, Weight | Tensor):
        return executor().read(value)
    if isinstance(value, list | tuple):
        return type(value)(map(read_variables, value))
    return value


def compute(name: str, arguments: Mapping[str, Any]) -> Any:
    """Applies the executor's function `name`."""
    return getattr(executor().backend, name)(**arguments)


def type_rule(rule: Rule | None) -> Any:
    """The rule in the form that `record` takes."""
    if rule is None:
        return None
    return lambda attributes, types: rule(
        **{name: substitute(value, types) for name, value in attributes.items()}
    )


def define(name: str, rule: Rule | None, defaults: Mapping[str, Any]) -> None:
    """Enters ``k.<name>`` in the registry of ops."""

    def infer(node: Node) -> list[TensorType]:
        types = [v.type for v in node.inputs]
        found = rule and rule(**{k: substitute(v, types) for k, v in node.attributes.items()})
        if found is None:
            return [v.type for v in node.outputs]
        return found if isinstance(found, list) else [found]

    ops.register(ops.OpDef(f"k.{name}", infer if rule else None, dict(defaults)))


def op(
    rule: Rule | None = None,
    *,
    floating: bool = False,
    seeded: bool = False,
    symbolic: bool = False,
    checks: Mapping[str, Check] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a function of the backend.

    Args:
        rule: infers the result's type from the arguments; without one the executor traces.
        floating: the default of `dtype` is `floatx()`.
        seeded: the default of `seed` is drawn from NumPy's generator when the function is called.
        symbolic: the call is recorded even if none of its arguments is symbolic: its value is to
            be computed anew in each run.
        checks: of arguments by name, for the caller to hear of a mistake where it was made.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        signature = inspect.signature(function)
        names = tuple(signature.parameters)
        defaults = {
            p.name: p.default
            for p in signature.parameters.values()
            if p.default is not p.empty and p.name != "name"
        }
        define(name, rule, defaults)
        if seeded:
            RANDOM_OPS.add(f"k.{name}")
        infer = type_rule(rule)
        known = frozenset(names)
        required = known - defaults.keys() - {"name"}
        shaped = known & SHAPE_PARAMETERS
        typed, formatted = "dtype" in known, "data_format" in known

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = dict(zip(names, args, strict=False))
            if (
                len(args) > len(names)
                or not kwargs.keys() <= known
                or not given.keys().isdisjoint(kwargs)
                or not required <= given.keys() | kwargs.keys()
            ):
                signature.bind(*args, **kwargs)  # raises what Python raises
            arguments = {**defaults, **given, **kwargs}
            arguments.pop("name", None)
            if typed:
                dtype = arguments["dtype"]
                if dtype is not None:
                    arguments["dtype"] = check_dtype(dtype)
                elif floating:
                    arguments["dtype"] = settings.floatx()
            if formatted:
                arguments["data_format"] = settings.normalize_data_format(arguments["data_format"])
            for parameter, check in (checks or {}).items():
                check(arguments[parameter])
            if seeded and arguments["seed"] is None:
                arguments["seed"] = np.random.randint(10_000_000)
            if executing():
                return compute(name, {k: read_variables(v) for k, v in arguments.items()})
            for key in shaped:
                arguments[key] = fold_shape(arguments[key])
            if symbolic or contains_symbolic(list(arguments.values())):
                return record(
                    f"k.{name}", {k: plain(arguments[k]) for k in names if k != "name"}, infer
                )
            return compute(name, arguments)

        return call

    return decorate
