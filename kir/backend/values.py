"""Variables, placeholders, their values and what can be asked of them without computing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from kir import settings
from kir.backend import random, sparse
from kir.backend import type_rules as rules
from kir.backend.recording import compute, define, type_rule
from kir.backend.static import fold_shape
from kir.engine import names
from kir.engine.executor import executor
from kir.engine.static_shape import plain_sizes
from kir.engine.tensor import Symbolic, Tensor, executing, record
from kir.engine.variable import Variable, compute_initial_values
from kir.errors import ConfigError, DTypeError
from kir.ir.graph import Value, Weight
from kir.ir.types import TensorType, check_dtype


def _new(array: np.ndarray, name: str | None) -> Variable:
    """A variable that takes `array` over: no one else may write to it."""
    kind = TensorType(array.dtype.name, array.shape)
    made = Variable(kind, names.variable_name(name or "Variable"), None)
    made.set_value(array)
    return made


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Makes a variable.

    Args:
        value: the initial value: an array, a number, nested lists, a tensor, or a sparse SciPy
            matrix (which gives a constant sparse tensor).
        dtype: the element type; default `floatx()`.
        name: its name; made unique by a number.
        constraint: applied to the variable by optimizers after an update.

    Shape:
        -> the shape of `value`; dtype: `dtype`.
    """
    kind = settings.floatx() if dtype is None else check_dtype(dtype)
    if hasattr(value, "tocoo"):
        entries = value.tocoo()
        indices = np.stack([entries.row, entries.col], axis=1).astype("int64")
        return sparse.sparse_constant(indices, entries.data.astype(kind), tuple(entries.shape))
    if isinstance(value, Value) or hasattr(value, "numpy"):
        value = get_value(value)
    made = _new(np.asarray(value).astype(kind), name)
    made.constraint = constraint
    return made


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Makes a tensor whose value is given when a function is run.

    Args:
        shape: its shape, None for unknown sizes.
        ndim: the number of axes, if no shape is given.
        dtype: the element type; default `floatx()`.
        sparse: whether it is sparse.
        name: its name; made unique by a number.

    Shape:
        -> `shape`; dtype: `dtype`.
    """
    kind = settings.floatx() if dtype is None else check_dtype(dtype)
    if shape is not None:
        sizes: Any = tuple(None if n == -1 else n for n in plain_sizes(shape))
    else:
        sizes = None if ndim is None else (None,) * ndim
    return Tensor(TensorType(kind, sizes, bool(sparse)), names.variable_name(name or "Placeholder"))


def is_placeholder(x: Any) -> bool:
    """Whether `x` is a placeholder: a tensor that a function must be fed.

    Args:
        x: anything.
    """
    return isinstance(x, Tensor) and (x.producer is None or x.producer.op == "keras.InputLayer")


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor or a variable, symbolic or of TensorFlow.

    Args:
        x: anything.
    """
    return isinstance(x, Symbolic) or _is_foreign(x)


def _is_foreign(x: Any) -> bool:
    """Whether `x` is TensorFlow's; asked without importing it."""
    return any(c.__module__.split(".")[0] == "tensorflow" for c in type(x).__mro__) and hasattr(
        x, "dtype"
    )


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` was returned by `Input` or a layer.

    Args:
        x: a tensor or variable.

    Raises:
        ConfigError: `x` is no tensor at all.
    """
    if not is_tensor(x):
        raise ConfigError(
            f"Unexpectedly found an instance of type `{type(x)}`. Expected a symbolic tensor "
            "instance."
        )
    return hasattr(x, "_keras_history")


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """Returns the static shape as a tuple with None for unknown sizes; None without a rank.

    Args:
        x: a tensor or variable.
    """
    if isinstance(x, Symbolic):
        known = getattr(x, "_keras_shape", None)
        return known if known is not None else x.type.shape
    if hasattr(x, "_keras_shape"):
        return x._keras_shape  # type: ignore[no-any-return]
    if getattr(getattr(x, "shape", None), "rank", 0) is None:
        return None
    return tuple(x.shape)


def ndim(x: Any) -> int | None:
    """Returns the number of axes; None where it is not known.

    Args:
        x: a tensor or variable.
    """
    if isinstance(x, Symbolic):
        return x.type.rank
    sizes = int_shape(x)
    return None if sizes is None else len(sizes)


def dtype(x: Any) -> str:
    """Returns the name of the element type, such as 'float32'.

    Args:
        x: a tensor or variable.
    """
    if isinstance(x, Symbolic):
        return x.type.dtype
    return str(x.dtype.name)


def count_params(x: Any) -> int:
    """Returns the number of elements; sizes that are not known count as 1.

    Args:
        x: a tensor or variable.
    """
    return math.prod(n for n in int_shape(x) or () if n is not None)


def get_variable_shape(x: Any) -> tuple[int | None, ...] | None:
    """Returns the shape of a variable as a tuple.

    Args:
        x: a variable.
    """
    return int_shape(x)


def eval(x: Any) -> Any:
    """Computes a tensor or variable and returns its value as an array.

    Args:
        x: a tensor that needs no fed placeholder.

    Shape:
        `x` of any shape -> an array of that shape and dtype.

    Raises:
        DTypeError: `x` is no tensor.
    """
    if isinstance(x, Variable):
        return x.get_value()
    if isinstance(x, Value):
        if x.type.sparse:
            x = sparse.to_dense(x)
        return executor().function([], [x], [], "eval")([])[0]
    if sparse.is_sparse(x):
        x = compute("to_dense", {"tensor": x})
    if hasattr(x, "numpy"):
        return x.numpy()
    if isinstance(x, np.ndarray | np.generic | int | float | bool):
        return np.asarray(x)
    raise DTypeError(f"K.eval: {x!r} is no tensor.")


def get_value(x: Any) -> Any:
    """Returns the value of a variable as an array.

    Args:
        x: a variable.

    Shape:
        any shape -> an array of that shape and dtype.

    Raises:
        DTypeError: `x` is no variable or tensor.
    """
    return eval(x)


def batch_get_value(ops: Iterable[Any]) -> list[Any]:
    """Returns the values of several variables, in one go.

    Args:
        ops: variables.

    Returns:
        A list of arrays, in the order of `ops`.

    Raises:
        DTypeError: one of them is no variable or tensor.
    """
    found = list(ops)
    compute_initial_values([v for v in found if isinstance(v, Variable)])
    return [eval(v) for v in found]


def set_value(x: Any, value: Any) -> None:
    """Sets the value of a variable.

    Args:
        x: a variable.
        value: an array of its shape.

    Raises:
        DTypeError: `x` is no variable.
    """
    if isinstance(x, Variable):
        x.set_value(value)
    elif hasattr(x, "assign"):
        x.assign(value)
    else:
        raise DTypeError(f"K.set_value: {x!r} is no variable.")


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """Sets the values of several variables.

    Args:
        tuples: pairs (variable, value).

    Raises:
        DTypeError: one of them is no variable.
    """
    for x, value in tuples:
        set_value(x, value)


# --- variables of a given content -----------------------------------------------------------

define("zeros", rules.filled, {})
define("ones", rules.filled, {})


def _filled(op: str, number: int, shape: Any, dtype: Any, name: str | None) -> Any:
    kind = settings.floatx() if dtype is None else check_dtype(dtype)
    if executing():
        return compute(op, {"shape": shape, "dtype": kind})
    shape = fold_shape(shape)
    sizes = rules.shape_argument(shape if not isinstance(shape, Value) else shape.type)
    if sizes is not None and all(sizes):
        return _new(np.full(sizes, number, kind), name)  # type: ignore[arg-type]
    return record(f"k.{op}", {"shape": shape, "dtype": kind}, type_rule(rules.filled))


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Makes a variable of zeros; a tensor if `shape` holds symbolic sizes.

    Args:
        shape: its shape.
        dtype: the element type; default `floatx()`.
        name: its name.

    Shape:
        -> `shape`; dtype: `dtype`.
    """
    return _filled("zeros", 0, shape, dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Makes a variable of ones; a tensor if `shape` holds symbolic sizes.

    Args:
        shape: its shape.
        dtype: the element type; default `floatx()`.
        name: its name.

    Shape:
        -> `shape`; dtype: `dtype`.
    """
    return _filled("ones", 1, shape, dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Any:
    """Makes a variable that holds the identity matrix.

    Args:
        size: the number of rows.
        dtype: the element type; default `floatx()`.
        name: its name.

    Shape:
        -> (size, size); dtype: `dtype`.
    """
    kind = settings.floatx() if dtype is None else check_dtype(dtype)
    if executing():
        return compute("eye", {"size": size, "dtype": kind})
    return _new(np.eye(size, dtype=kind), name)


def random_uniform_variable(
    shape: Any, low: Any, high: Any, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Any:
    """Makes a variable drawn from the uniform distribution over ``[low, high)``.

    Args:
        shape: its shape.
        low: the lower limit.
        high: the upper limit.
        dtype: the element type; default `floatx()`.
        name: its name.
        seed: an integer; default one drawn from NumPy's generator.

    Shape:
        -> `shape`; dtype: `dtype`.
    """
    return variable(random.random_uniform(shape, low, high, dtype, _wide_seed(seed)), dtype, name)


def random_normal_variable(
    shape: Any, mean: Any, scale: Any, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Any:
    """Makes a variable drawn from a normal distribution.

    Args:
        shape: its shape.
        mean: the mean.
        scale: the standard deviation.
        dtype: the element type; default `floatx()`.
        name: its name.
        seed: an integer; default one drawn from NumPy's generator.

    Shape:
        -> `shape`; dtype: `dtype`.
    """
    return variable(random.random_normal(shape, mean, scale, dtype, _wide_seed(seed)), dtype, name)


def _wide_seed(seed: int | None) -> int:
    # Keras 2.2: the seeds of variables come from another range than those of tensors.
    return np.random.randint(1_000_000_000) if seed is None else seed


# --- updates --------------------------------------------------------------------------------


def _update_type(x: Any, **_: Any) -> TensorType | None:
    return rules.type_of(x)


for _name in ("update", "update_add", "update_sub", "moving_average_update"):
    define(_name, _update_type, {})


def _update(op: str, x: Any, parameter: str, value: Any) -> Any:
    if not isinstance(x, Weight):
        raise DTypeError(f"K.{op}: {x!r} is no variable.")
    if executing():
        return x, compute(op, {"x": executor().read(x), parameter: value})  # type: ignore[arg-type]
    if not isinstance(value, Value):
        value = np.asarray(value, dtype=x.type.dtype)
    return record(f"k.{op}", {"x": x, parameter: value}, type_rule(_update_type))


def update(x: Any, new_x: Any) -> Any:
    """Sets a variable when the result is computed, or when it is among a function's updates.

    Args:
        x: a variable.
        new_x: a tensor of its shape.

    Shape:
        `new_x`: the shape and dtype of `x`.

    Raises:
        DTypeError: `x` is no variable.
    """
    return _update("update", x, "new_x", new_x)


def update_add(x: Any, increment: Any) -> Any:
    """Adds to a variable, ``x + increment``, at the time that `update` says.

    Args:
        x: a variable.
        increment: a tensor or number to add.

    Shape:
        `increment`: the shape and dtype of `x`, or what broadcasts to them.

    Raises:
        DTypeError: `x` is no variable.
    """
    return _update("update_add", x, "increment", increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtracts from a variable, ``x - decrement``, at the time that `update` says.

    Args:
        x: a variable.
        decrement: a tensor or number to subtract.

    Shape:
        `decrement`: the shape and dtype of `x`, or what broadcasts to them.

    Raises:
        DTypeError: `x` is no variable.
    """
    return _update("update_sub", x, "decrement", decrement)


def moving_average_update(x: Any, value: Any, momentum: float) -> Any:
    """Updates a moving average: ``x * momentum + value * (1 - momentum)``, corrected at the start.

    Keras 2.2: the average is corrected for having begun at zero, with a hidden state of its own:
    after the first update `x` is `value`, whatever it was before.

    Args:
        x: the variable that holds the average.
        value: the new observation.
        momentum: the weight of the past, a fraction of 1.

    Shape:
        `value`: the shape and dtype of `x`.
    """
    arguments = {"x": x, "value": value, "momentum": momentum}
    return record("k.moving_average_update", arguments, type_rule(_update_type))


class _Initialization:
    manual = False


def manual_variable_initialization(value: bool) -> None:
    """Tells whether variables are to be initialised by the program itself.

    Variables here always have their initial value; the flag is kept for programs that set it.

    Args:
        value: a bool.

    Raises:
        ConfigError: `value` is no bool.
    """
    if value not in (True, False):
        raise ConfigError(f"manual_variable_initialization: {value!r}; expected a bool.")
    _Initialization.manual = bool(value)
