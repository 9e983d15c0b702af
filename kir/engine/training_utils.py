"""How Keras prepares data for training, as functions of Keras's names.

`fit` and its kin do the same by `kir.engine.data_arrays`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kir import backend as K
from kir import losses
from kir.engine import data_arrays
from kir.errors import ConfigError, DTypeError, ShapeError
from kir.user_warnings import warn_user
from kir.utils.generic_utils import to_list

__all__ = [
    "batch_shuffle",
    "check_array_length_consistency",
    "check_loss_and_target_compatibility",
    "check_num_samples",
    "collect_metrics",
    "iter_sequence_infinite",
    "make_batches",
    "standardize_class_weights",
    "standardize_input_data",
    "standardize_sample_or_class_weights",
    "standardize_sample_weights",
    "standardize_single_array",
    "standardize_weights",
    "weighted_masked_objective",
]


def standardize_single_array(x: Any) -> Any:
    """An array with a batch axis and at least one other: a vector becomes a column.

    Args:
        x: an array, a tensor, or None.

    Shape:
        (batch,) -> (batch, 1); others as they are.
    """
    array = data_arrays.to_array(x)
    return np.expand_dims(array, 1) if array is not None and array.ndim == 1 else array


def standardize_input_data(
    data: Any,
    names: Sequence[str],
    shapes: Sequence[Any] | None = None,
    check_batch_axis: bool = True,
    exception_prefix: str = "",
) -> list[Any]:
    """Data as a list of arrays, one for each name, in the shapes that are wanted.

    Args:
        data: one array, a list of them, or a dict by name.
        names: what the arrays are for.
        shapes: with the batch axis; None for any.
        check_batch_axis: whether the first size has to fit too.
        exception_prefix: what the arrays are, for messages.

    Raises:
        ConfigError: too many or too few arrays.
        ShapeError: an array of another shape.
    """
    if not names:
        return []
    if data is None:
        return [None for _ in names]
    what = exception_prefix or "data"
    found = data_arrays.standardize(data, names, shapes, what, "Keras")
    for name, array, shape in zip(names, found, shapes or (), strict=False):
        size = shape[0] if check_batch_axis and shape else None
        if size is not None and size != array.shape[0]:
            raise ShapeError(
                f"Error when checking {what}: expected {name} to have shape {tuple(shape)} but got "
                f"array with shape {array.shape}."
            )
    return found


def standardize_sample_or_class_weights(
    x_weight: Any, output_names: Sequence[str], weight_type: str
) -> list[Any]:
    """Weights as a list, one entry for each output.

    Args:
        x_weight: a list, a dict by output name, or the entry of the only output.
        output_names: the outputs.
        weight_type: what the weights are, for messages.
    """
    return data_arrays.weights_by_output(x_weight, output_names, weight_type, "The model")


def standardize_class_weights(class_weight: Any, output_names: Sequence[str]) -> list[Any]:
    """Class weights as a list, one entry for each output.

    Args:
        class_weight: None, a dict from class to weight, or for several outputs a list or a dict by
            output name.
        output_names: the names of the outputs.
    """
    return standardize_sample_or_class_weights(class_weight, output_names, "class_weight")


def standardize_sample_weights(sample_weight: Any, output_names: Sequence[str]) -> list[Any]:
    """Sample weights as a list, one entry for each output.

    Args:
        sample_weight: None, an array, or for several outputs a list or a dict by output name.
        output_names: the names of the outputs.
    """
    return standardize_sample_or_class_weights(sample_weight, output_names, "sample_weight")


def standardize_weights(
    y: Any, sample_weight: Any = None, class_weight: Any = None, sample_weight_mode: Any = None
) -> np.ndarray:
    """The weight of each sample, or of each time step.

    Args:
        y: the targets.
        sample_weight: an array (samples,); (samples, timesteps) if temporal.
        class_weight: dict from class number to weight.
        sample_weight_mode: None or ``'temporal'``.

    Raises:
        ConfigError, ShapeError: the weights do not fit.
    """
    if sample_weight_mode not in (None, "temporal"):
        raise ConfigError(
            f'sample_weight_mode should be None or "temporal". Found: {sample_weight_mode!r}.'
        )
    is_temporal = sample_weight_mode == "temporal"
    found = data_arrays.combine_weights(y, sample_weight, class_weight, is_temporal, "y")
    return np.ones(y.shape[: 2 if is_temporal else 1], K.floatx()) if found is None else found


def check_array_length_consistency(inputs: Any, targets: Any, weights: Any = None) -> None:
    """All arrays must have as many samples as the first.

    Args:
        inputs: an array or a list of arrays; None, which has no samples, where there is none.
        targets: likewise.
        weights: likewise; sample weights.

    Raises:
        ConfigError: they have not.
    """
    data_arrays.check_counts(*map(_sample_counts, (inputs, targets, weights)))


def _sample_counts(arrays: Any) -> set[int]:
    return {0 if a is None else int(a.shape[0]) for a in to_list(arrays)}


def check_loss_and_target_compatibility(
    targets: Sequence[Any], loss_fns: Sequence[Any], output_shapes: Sequence[Any]
) -> None:
    """Targets must have the shapes that common losses take.

    Args:
        targets: an array for each output.
        loss_fns: a loss function for each output.
        output_shapes: the shape of each output, with the batch axis.

    Raises:
        ConfigError: class numbers for a loss that takes one-hot targets.
        ShapeError: a size that differs from the output's.
    """
    for target, loss, shape in zip(targets, loss_fns, output_shapes, strict=True):
        if target is not None and loss is not None:
            check_target(target, loss, shape, "The output")


def check_target(target: Any, loss: Any, shape: Sequence[int | None], label: str) -> None:
    """One target for one loss; see `check_loss_and_target_compatibility`."""
    if loss is losses.categorical_crossentropy and target.shape[-1] == 1:
        raise ConfigError(
            f"You are passing a target array of shape {target.shape} while using as loss "
            f"`categorical_crossentropy` ({label}); it expects one-hot targets (samples, classes). "
            "Use keras.utils.to_categorical(y), or the loss `sparse_categorical_crossentropy`, "
            "which expects class numbers."
        )
    if loss not in (
        losses.mean_squared_error,
        losses.binary_crossentropy,
        losses.categorical_crossentropy,
    ):
        return
    for got, wanted in zip(target.shape[1:], shape[1:], strict=False):
        if wanted is not None and got != wanted:
            raise ShapeError(
                f"A target array with shape {target.shape} was passed for an output of shape "
                f"{tuple(shape)} ({label}) while using as loss `{loss.__name__}`, which expects "
                "targets to have the same shape as the output."
            )


def collect_metrics(metrics: Any, output_names: Sequence[str]) -> list[list[Any]]:
    """The metrics of each output, from a list for all or a dict by name.

    Args:
        metrics: a list, or a dict by output name.
        output_names: the names of the outputs. Metrics of another name are passed over, with a
            warning.

    Raises:
        DTypeError: neither a list nor a dict.
    """
    if not metrics:
        return [[] for _ in output_names]
    if isinstance(metrics, list | tuple):
        return [list(metrics) for _ in output_names]
    if isinstance(metrics, Mapping):
        for name in metrics:
            if name not in output_names:
                warn_user(  # Keras 2.2.4 passes over it without a word.
                    f"The metrics of {name!r} are ignored: no output is called so; the outputs are "
                    f"{', '.join(map(repr, output_names))}."
                )
        return [to_list(metrics.get(name, [])) for name in output_names]
    raise DTypeError(
        "Type of `metrics` argument not understood. Expected a list or dictionary, found: "
        f"{metrics!r}."
    )


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """(first sample, the one behind the last) of each batch.

    Args:
        size: samples in all.
        batch_size: samples in a batch; the last one may hold fewer.
    """
    return [(i, min(i + batch_size, size)) for i in range(0, size, batch_size)]


def batch_shuffle(index_array: np.ndarray, batch_size: int) -> np.ndarray:
    """Shuffles whole batches; the samples that fill none stay last.

    Args:
        index_array: sample numbers.
        batch_size: samples in a batch.

    Returns:
        A new array of the same numbers.
    """
    count = len(index_array) // batch_size
    last = index_array[count * batch_size :]
    blocks = index_array[: count * batch_size].reshape(count, batch_size)
    np.random.shuffle(blocks)
    return np.concatenate([blocks.reshape(-1), last])


def check_num_samples(
    ins: Sequence[Any],
    batch_size: int | None = None,
    steps: int | None = None,
    steps_name: str = "steps",
) -> int | None:
    """The number of samples; None where only steps are counted.

    Args:
        ins: arrays.
        batch_size: samples in a batch.
        steps: steps in all, where they are counted instead.
        steps_name: what the caller calls `steps`, for messages.

    Raises:
        ConfigError: both a batch size and a number of steps, or neither arrays nor steps.
    """
    if steps is not None and batch_size is not None:
        raise ConfigError(f"If {steps_name} is set, the `batch_size` must be None.")
    if not ins or any(K.is_tensor(x) for x in ins):
        if steps is None:
            raise ConfigError(tensor_steps_message(steps_name))
        return None
    return int(ins[0].shape[0]) if hasattr(ins[0], "shape") else None


def tensor_steps_message(steps_name: str) -> str:
    """What to say of data as tensors without a number of steps."""
    return (
        "If your data is in the form of symbolic tensors, you should specify the "
        f"`{steps_name}` argument (instead of `batch_size`): each step takes the whole tensors."
    )


def iter_sequence_infinite(seq: Any) -> Iterator[Any]:
    """The batches of a Sequence, over and over.

    Args:
        seq: a `Sequence`.
    """
    while True:
        yield from (seq[i] for i in range(len(seq)))


def weighted_masked_objective(fn: Callable[[Any, Any], Any] | None) -> Any:
    """A loss or metric as a function of targets, predictions, sample weights and mask.

    The result is a scalar: the mean, divided by the mean of the mask and by the fraction of the
    weights that are not zero.

    Args:
        fn: ``(y_true, y_pred) -> scores``; None for None.
    """
    if fn is None:
        return None

    def weighted(y_true: Any, y_pred: Any, weights: Any, mask: Any = None) -> Any:
        score = fn(y_true, y_pred)
        if mask is not None:
            mask = K.cast(mask, K.floatx())
            score = score * mask / K.mean(mask)
        if weights is not None:
            extra = (K.ndim(score) or 0) - (K.ndim(weights) or 0)
            if extra > 0:
                score = K.mean(score, axis=list(range(-extra, 0)))
            score = score * weights
            score = score / K.mean(K.cast(K.not_equal(weights, 0), K.floatx()))
        return K.mean(score)

    return weighted
