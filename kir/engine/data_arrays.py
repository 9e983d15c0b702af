"""Arrays that a user passes to `fit` and its kin, brought into the order and shape of a model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from kir.engine.tensor import Tensor
from kir.engine.variable import Variable
from kir.errors import ArgumentError, ConfigError, DTypeError, MissingTargetError, ShapeError

Shape = tuple[int | None, ...] | None


def to_array(value: Any) -> Any:
    """Something array-like as an array; HDF5 data and the like stay as they are.

    Raises:
        ShapeError: a list whose entries have different lengths.
        ConfigError: a symbolic tensor, which has no values.
    """
    if value is None or isinstance(value, np.ndarray):
        return value
    if isinstance(value, Variable):
        return value.get_value()
    if isinstance(value, Tensor):
        raise ConfigError(
            f"The data are {value!r}, which is symbolic and has no values. Build the model on it "
            "with Input(tensor=...), or compile it with target_tensors=..., and pass no data."
        )
    if hasattr(value, "tocsr"):  # SciPy's sparse matrices, by rows
        return value.tocsr()
    if hasattr(value, "iloc"):  # pandas
        return value.values
    if isinstance(value, list | tuple):
        try:
            return np.asarray(value)
        except ValueError as error:
            raise ShapeError(
                "The data are a list whose entries have different lengths; expected numbers in "
                "one shape. Pad them, e.g. with kir.preprocessing.sequence.pad_sequences."
            ) from error
    if hasattr(value, "numpy") and hasattr(value, "dtype"):  # TensorFlow
        return value.numpy()
    if hasattr(value, "shape"):
        return value
    return np.asarray(value)


def standardize(
    data: Any, names: Sequence[str], shapes: Sequence[Shape] | None, what: str, label: str
) -> list[Any]:
    """A list of arrays, one for each name.

    Args:
        data: one array, a list of them, or a dict by name.
        names: the model's inputs or outputs, in order.
        shapes: what each array's shape must be, None for any; the first size does not count.
        what: ``'input'`` or ``'target'``, for messages.
        label: the model, for messages.

    Raises:
        ConfigError: too many or too few arrays.
        MissingTargetError: no targets where they are needed.
        ShapeError: an array does not fit.
    """
    if not names:
        if data is not None and not (hasattr(data, "__len__") and len(data) == 0):
            raise ConfigError(
                f"{label} takes no {what} data, but got some: every {what} is a tensor already."
            )
        return []
    if data is None:
        raise (MissingTargetError if what == "target" else ConfigError)(
            f"{label} needs {what} data for {', '.join(map(repr, names))}; got None."
        )
    arrays = _select(data, names, what, label)
    arrays = [np.expand_dims(a, 1) if a.ndim == 1 else a for a in map(_checked, arrays)]
    for name, array, shape in zip(names, arrays, shapes or (), strict=False):
        if shape is not None:
            _check_shape(name, array, shape, what, label)
    return arrays


def _checked(value: Any) -> Any:
    array = to_array(value)
    if array is None:
        raise ConfigError("Got None where an array of data is expected.")
    if not hasattr(array, "ndim"):
        array = np.asarray(array)
    if isinstance(array, np.ndarray) and array.dtype.kind in "OUS":
        raise DTypeError(
            f"The data are an array of dtype {array.dtype}, such as text or rows of different "
            "lengths; expected numbers in one shape."
        )
    return array


def _select(data: Any, names: Sequence[str], what: str, label: str) -> list[Any]:
    if isinstance(data, Mapping):
        missing = [n for n in names if n not in data]
        if missing:
            raise ConfigError(
                f"{label}: no data for {what} {missing[0]!r}; the dict has "
                f"{', '.join(map(repr, data))}, expected {', '.join(map(repr, names))}."
            )
        return [data[n] for n in names]
    if isinstance(data, list | tuple):
        arrays = list(data)
        if len(names) == 1 and arrays and isinstance(arrays[0], Number):
            return [np.asarray(arrays)]
        if len(arrays) == len(names):
            return arrays
        shapes = [np.shape(a) for a in arrays[:4]]
        hint = ""
        if len(names) == 1 and arrays and isinstance(arrays[0], list | tuple):
            hint = " A list stands for several arrays: pass np.array(data) for one."
        raise ConfigError(
            f"{label} takes {len(names)} {what} arrays ({', '.join(map(repr, names))}); got a "
            f"list of {len(arrays)}, of shapes {shapes}.{hint}"
        )
    if len(names) > 1:
        raise ConfigError(
            f"{label} takes {len(names)} {what} arrays ({', '.join(map(repr, names))}); got one, "
            f"of shape {np.shape(data)}. Pass a list of arrays or a dict by name."
        )
    return [data]


def _check_shape(
    name: str, array: Any, shape: tuple[int | None, ...], what: str, label: str
) -> None:
    got = tuple(array.shape)
    if len(got) != len(shape):
        raise ShapeError(
            f"{label}: {what} {name!r} has {len(shape)} axes, {_show(shape)}; got an array of "
            f"shape {got}."
        )
    if any(w is not None and g != w for g, w in zip(got[1:], shape[1:], strict=True)):
        raise ShapeError(
            f"{label}: {what} {name!r} has the shape {_show(shape)}; got an array of shape {got}."
        )


def _show(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("samples" if i == 0 else str(d) for i, d in enumerate(shape)) + ")"


def sample_count(arrays: Sequence[Any]) -> int:
    """The number of samples."""
    return int(arrays[0].shape[0]) if arrays else 0


def check_lengths(inputs: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any]) -> None:
    """All arrays must have as many samples as the first.

    Raises:
        ConfigError: they have not.
    """
    counts = {
        what: sorted({int(a.shape[0]) for a in arrays if a is not None})
        for what, arrays in (("input", inputs), ("target", targets), ("sample weight", weights))
    }
    for what, found in counts.items():
        if len(found) > 1:
            raise ConfigError(
                f"All {what} arrays must have the same number of samples; got {found}."
            )
    present = [(what, found[0]) for what, found in counts.items() if found]
    for what, count in present[1:]:
        if count != present[0][1]:
            raise ConfigError(
                f"There are {present[0][1]} {present[0][0]} samples and {count} {what} samples; "
                "expected as many of both."
            )


def weights_by_output(given: Any, names: Sequence[str], what: str, label: str) -> list[Any]:
    """Sample or class weights as a list, one entry for each output.

    Raises:
        ArgumentError, ConfigError: a list of another length, or an unknown output.
    """
    if given is None or (hasattr(given, "__len__") and len(given) == 0):
        return [None for _ in names]
    if len(names) == 1:
        if isinstance(given, list) and len(given) == 1:
            return list(given)
        if isinstance(given, dict) and names[0] in given:
            return [given[names[0]]]
        return [given]
    if isinstance(given, list):
        if len(given) != len(names):
            raise ConfigError(
                f"{label} has {len(names)} outputs; got a list of {len(given)} {what} arrays."
            )
        return given
    if isinstance(given, dict):
        return [given.get(n) for n in names]
    raise ArgumentError(
        f"{label} has several outputs, so `{what}` should be a list or a dict by output name; got "
        f"{type(given).__name__}."
    )


def combine_weights(
    target: np.ndarray,
    sample_weight: Any,
    class_weight: Any,
    is_temporal: bool,
    name: str,
) -> np.ndarray | None:
    """Sample weights of one output; None where every sample counts alike.

    Raises:
        ShapeError, ConfigError: the weights do not fit the target.
    """
    if class_weight is not None and not isinstance(class_weight, Mapping):
        # Keras 2.2 passes over it without a word.
        warnings.warn(
            f"class_weight is a dict from class number to weight; {class_weight!r} is ignored.",
            stacklevel=6,
        )
        class_weight = None
    if class_weight is not None and is_temporal and np.ndim(target) > 2:
        raise ConfigError(f"class_weight is not supported for targets of rank 3 and more ({name}).")
    if sample_weight is not None:
        if class_weight is not None:
            # Keras 2.2 says so too, in a warning of its own.
            warnings.warn(
                "Both sample_weight and class_weight were given: class_weight is ignored.",
                stacklevel=6,
            )
        weights = np.asarray(to_array(sample_weight))
        _check_weights(weights, target, is_temporal, name)
        return weights.astype("float32")
    if class_weight is not None:
        return _class_weights(target, class_weight, name).astype("float32")
    return None


def _check_weights(weights: np.ndarray, target: np.ndarray, is_temporal: bool, name: str) -> None:
    if is_temporal:
        if target.ndim < 3:
            raise ShapeError(
                f"Output {name!r} has temporal sample weights, so its target should have rank 3 at "
                f"least, (samples, timesteps, ...); got the shape {target.shape}."
            )
        if weights.ndim != 2:
            raise ShapeError(
                f"Temporal sample weights of {name!r} should be (samples, timesteps); got the "
                f"shape {weights.shape}."
            )
    elif weights.ndim != 1:
        raise ShapeError(
            f"Sample weights of {name!r} should be one number a sample; got the shape "
            f"{weights.shape}. For weights of each time step compile with "
            "sample_weight_mode='temporal'."
        )
    if weights.shape != target.shape[: weights.ndim]:
        raise ShapeError(
            f"Sample weights of {name!r} have the shape {weights.shape}; expected "
            f"{target.shape[: weights.ndim]} as the target has."
        )


def _class_weights(target: np.ndarray, class_weight: Mapping[Any, Any], name: str) -> np.ndarray:
    if target.ndim > 2:
        raise ConfigError(f"class_weight is not supported for targets of rank 3 and more ({name}).")
    if target.ndim == 2 and target.shape[1] > 1:
        classes = np.argmax(target, axis=1)
    else:
        classes = target.reshape(-1)
    known = set(np.unique(classes).tolist())
    missing = known - set(class_weight)
    if missing:
        raise ConfigError(
            f"class_weight has no weight for the classes {sorted(missing)} that occur in the data "
            f"of {name!r}; expected one for each class."
        )
    lookup = {c: float(class_weight[c]) for c in known}
    return np.asarray([lookup[c] for c in classes.tolist()])
