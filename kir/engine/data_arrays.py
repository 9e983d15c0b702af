"""Arrays that a user passes to `fit` and its kin, brought into the order and shape of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from kir.engine.streams import gives_batches
from kir.engine.tensor import Tensor
from kir.engine.variable import Variable
from kir.errors import ArgumentError, ConfigError, DTypeError, MissingTargetError, ShapeError
from kir.user_warnings import warn_user

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
                f"Error when checking model {what}: expected no data, but got: "
                f"{_describe(data)}. Every {what} of {label} is a tensor already."
            )
        return []
    if data is None:
        raise (MissingTargetError if what == "target" else ConfigError)(
            f"{label} needs {what} data for {', '.join(map(repr, names))}; got None."
        )
    _check_no_batches(data)
    arrays = _select(data, names, what, label)
    arrays = [np.expand_dims(a, 1) if a.ndim == 1 else a for a in map(_checked, arrays)]
    for name, array, shape in zip(names, arrays, shapes or (), strict=False):
        if shape is not None:
            _check_shape(name, array, shape, what, label)
    return arrays


def _check_no_batches(data: Any) -> None:
    # Nothing that gives batches without end is to be tried as an array.
    if gives_batches(data):
        raise ConfigError(
            f"Expected arrays of data; got a {type(data).__name__}, which gives batches. Pass it "
            "alone, to fit, evaluate or predict."
        )


def _checked(value: Any) -> Any:
    _check_no_batches(value)
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
                f'No data provided for "{missing[0]}". Need data for each key in: {list(names)}, '
                f"the {what} names of {label}; the dict has {', '.join(map(repr, data))}."
            )
        return [data[n] for n in names]
    if isinstance(data, list | tuple):
        arrays = list(data)
        if len(names) == 1 and arrays and isinstance(arrays[0], Number):
            return [np.asarray(arrays)]
        if len(arrays) == len(names):
            return arrays
        shapes = [tuple(np.shape(a)) for a in arrays[:4]]
        hint = ""
        if len(names) == 1 and arrays and isinstance(arrays[0], list | tuple):
            hint = " A list stands for several arrays: pass np.array(data) for one."
        raise ConfigError(
            f"Error when checking model {what}: the list of Numpy arrays that you are passing to "
            f"your model is not the size the model expected. Expected to see {len(names)} array(s) "
            f"({label}: {', '.join(map(repr, names))}), but instead got the following list of "
            f"{len(arrays)} arrays: shapes {shapes}.{hint}"
        )
    if len(names) > 1:
        raise ConfigError(
            f"Error when checking model {what}: {label} expects a list of {len(names)} Numpy "
            f"arrays ({', '.join(map(repr, names))}); got one of shape {np.shape(data)}. Pass a "
            "list of arrays or a dict by name."
        )
    return [data]


def _describe(data: Any) -> str:
    return f"an array of shape {np.shape(data)}" if hasattr(data, "shape") else repr(data)


def _check_shape(
    name: str, array: Any, shape: tuple[int | None, ...], what: str, label: str
) -> None:
    got = tuple(array.shape)
    if len(got) != len(shape):
        raise ShapeError(
            f"Error when checking {what}: expected {name} to have {len(shape)} dimensions, but got "
            f"array with shape {got}. {label} takes {_show(shape)} there."
        )
    if any(w is not None and g != w for g, w in zip(got[1:], shape[1:], strict=True)):
        raise ShapeError(
            f"Error when checking {what}: expected {name} to have shape {tuple(shape[1:])} but got "
            f"array with shape {got[1:]}. {label} takes {_show(shape)} there; got {got}."
        )


def _show(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("samples" if i == 0 else str(d) for i, d in enumerate(shape)) + ")"


def sample_count(arrays: Sequence[Any]) -> int:
    """The number of samples."""
    return int(arrays[0].shape[0]) if arrays else 0


def check_lengths(inputs: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any]) -> None:
    """All arrays must have as many samples as the first; None is passed over.

    Raises:
        ConfigError: they have not.
    """
    check_counts(
        *({int(a.shape[0]) for a in g if a is not None} for g in (inputs, targets, weights))
    )


def check_counts(inputs: set[int], targets: set[int], weights: set[int]) -> None:
    """Input, target and sample weight arrays must be of one length; an empty set is passed over.

    Args:
        inputs: the different numbers of samples that the input arrays have.
        targets: likewise for the targets.
        weights: likewise for the sample weights.

    Raises:
        ConfigError: they are not.
    """
    kinds = (("input arrays (x)", inputs), ("target arrays (y)", targets))
    for what, counts in (*kinds, ("sample_weight arrays", weights)):
        if len(counts) > 1:
            raise ConfigError(
                f"All {what} should have the same number of samples; got {sorted(counts)}."
            )
    for what, counts, against, others in (
        ("input", inputs, "target", targets),
        ("sample_weight", weights, "target", targets),
        ("sample_weight", weights, "input", inputs),
    ):
        if counts and others and counts != others:
            (count,), (other,) = counts, others
            raise ConfigError(
                f"{what.capitalize()} arrays should have the same number of samples as {against} "
                f"arrays. Found {count} {what} samples and {other} {against} samples."
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
                f"Provided `{what}` was a list of {len(given)} elements, but the model has "
                f"{len(names)} outputs ({label}: {', '.join(map(repr, names))}). Give one entry "
                "for each, or a dict by output name."
            )
        return given
    if isinstance(given, dict):
        return [given.get(n) for n in names]
    raise ArgumentError(
        f"The model has multiple outputs ({label}: {', '.join(map(repr, names))}), so `{what}` "
        "should be either a list or a dict by output name. Provided "
        f"`{what}` type not understood: {type(given).__name__}."
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
        warn_user(
            f"class_weight is a dict from class number to weight; {class_weight!r} is ignored.",
        )
        class_weight = None
    if is_temporal and target.ndim < 3:
        raise _temporal_target_error(target, name)
    if class_weight is not None and is_temporal and np.ndim(target) > 2:
        raise _class_weight_error(name)
    if sample_weight is not None:
        if class_weight is not None:
            # Keras 2.2 says so too, in a warning of its own.
            warn_user(
                "Found both `sample_weight` and `class_weight`: `class_weight` argument will be "
                "ignored.",
            )
        weights = np.asarray(to_array(sample_weight))
        _check_weights(weights, target, is_temporal, name)
        return weights.astype("float32")
    if class_weight is not None:
        return _class_weights(target, class_weight, name).astype("float32")
    return None


def _check_weights(weights: np.ndarray, target: np.ndarray, is_temporal: bool, name: str) -> None:
    if is_temporal:
        if weights.ndim != 2:
            raise ShapeError(
                f"Found a sample_weight array with shape {weights.shape} for {name!r}. In order to "
                "use timestep-wise sample weighting, it should be a 2D array (samples, timesteps)."
            )
    elif weights.ndim != 1:
        raise ShapeError(
            f"Found a sample_weight array with shape {weights.shape} for {name!r}; expected a 1D "
            "array, one number a sample. In order to use timestep-wise sample weights, you should "
            'specify sample_weight_mode="temporal" in compile().'
        )
    if weights.shape != target.shape[: weights.ndim]:
        raise ShapeError(
            f"Found a sample_weight array with shape {weights.shape} for {name!r}, whose target "
            f"has the shape {target.shape}: sample_weight cannot be broadcast. Expected "
            f"{target.shape[: weights.ndim]}."
        )


def _temporal_target_error(target: np.ndarray, name: str) -> ShapeError:
    """What is wrong with weights of time steps for a target that has none."""
    return ShapeError(
        f"Found a sample_weight array for an input with shape {target.shape}, the target of "
        f"{name!r}. Timestep-wise sample weighting (sample_weight_mode='temporal') is restricted "
        "to outputs that are at least 3D, i.e. (samples, timesteps, ...)."
    )


def _class_weight_error(name: str) -> ConfigError:
    return ConfigError(
        f"`class_weight` not supported for 3+ dimensional targets, such as those of {name!r}. "
        "Give `sample_weight` instead, with sample_weight_mode='temporal'."
    )


def _class_weights(target: np.ndarray, class_weight: Mapping[Any, Any], name: str) -> np.ndarray:
    if target.ndim > 2:
        raise _class_weight_error(name)
    if target.ndim == 2 and target.shape[1] > 1:
        classes = np.argmax(target, axis=1)
    else:
        classes = target.reshape(-1)
    known = set(np.unique(classes).tolist())
    missing = known - set(class_weight)
    if missing:
        raise ConfigError(
            f"`class_weight` must contain all classes in the data. The classes {missing} exist in "
            f"the data but not in `class_weight` (targets of {name!r})."
        )
    lookup = {c: float(class_weight[c]) for c in known}
    return np.asarray([lookup[c] for c in classes.tolist()])
