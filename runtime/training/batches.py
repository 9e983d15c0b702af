"""Checked data, ready to be cut into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.programs.objective import OutputObjective, fed_inputs, target_type
from compiler.tensorflow import tf
from kir import losses
from kir.engine import data_arrays
from kir.engine.training_utils import check_target
from kir.errors import ConfigError
from kir.utils.generic_utils import slice_arrays


@dataclass
class Batches:
    """Inputs, targets and sample weights of one data set.

    Attributes:
        inputs, targets: one array for each input, and for each output with a loss.
        weights: an array for each such output, or None where every sample counts alike.
        dtypes: dtype of each array in the order of the program's inputs.
    """

    inputs: list[Any]
    targets: list[Any]
    weights: list[Any]
    input_dtypes: list[str]
    target_types: list[Any]
    temporal: list[bool]

    @property
    def count(self) -> int:
        """The number of samples."""
        return data_arrays.sample_count(self.inputs or self.targets)

    @property
    def is_weighted(self) -> bool:
        """Whether samples count differently."""
        return any(w is not None for w in self.weights)

    @property
    def shapes(self) -> tuple[Any, ...]:
        """What batches have in common that may run in one call."""
        return (self.is_weighted, *(a.shape for a, _ in self.arrays()))

    @property
    def byte_count(self) -> int:
        """Bytes that the data take on the device."""
        return sum(int(np.prod(a.shape)) * 4 for a in (*self.inputs, *self.targets))

    def arrays(self, is_weighted: bool | None = None) -> list[tuple[Any, str]]:
        """(array, dtype) in the order of the program's inputs."""
        weighted = self.is_weighted if is_weighted is None else is_weighted
        found = list(zip(self.inputs, self.input_dtypes, strict=True))
        weights = self.full_weights() if weighted else self.weights
        for target, weight, kind in zip(self.targets, weights, self.target_types, strict=True):
            found.append((target, kind.dtype))
            if weighted:
                found.append((weight, kind.dtype))
        return found

    def full_weights(self) -> list[Any]:
        """The weights, with ones where every sample counts alike."""
        return [
            np.ones(target.shape[: 2 if temporal else 1], kind.dtype) if weight is None else weight
            for target, weight, kind, temporal in zip(
                self.targets, self.weights, self.target_types, self.temporal, strict=True
            )
        ]

    def tensors(self, rows: Any = None, is_weighted: bool | None = None) -> list[Any]:
        """Tensors of all samples, or of those that `rows` names."""
        found = []
        for array, dtype in self.arrays(is_weighted):
            part = take(array, slice(None) if rows is None else rows)
            found.append(tf.constant(np.asarray(part, dtype=dtype)))
        return found

    def split(self, at: int) -> tuple[Batches, Batches]:
        """The samples before `at`, and the rest."""
        return self._part(0, at), self._part(at, None)

    def _part(self, start: int, stop: int | None) -> Batches:
        return Batches(
            slice_arrays(self.inputs, start, stop),
            slice_arrays(self.targets, start, stop),
            [None if w is None else w[start:stop] for w in self.weights],
            self.input_dtypes,
            self.target_types,
            self.temporal,
        )


def take(array: Any, rows: Any) -> Any:
    """The rows of an array; of HDF5 data in one reading."""
    part: Any
    if isinstance(array, np.ndarray) or hasattr(array, "tocsr") or isinstance(rows, slice):
        part = array[rows]
    else:
        # A file gives rows in ascending order, each once.
        distinct, places = np.unique(np.asarray(rows), return_inverse=True)
        part = np.asarray(array[distinct.tolist()])[places]
    return part.toarray() if hasattr(part, "toarray") else part


def join(parts: Sequence[Batches], is_weighted: bool) -> list[Any]:
    """Tensors of several batches of the same shapes, one behind the other."""
    together = zip(*(p.arrays(is_weighted) for p in parts), strict=True)
    return [
        tf.constant(np.concatenate([array for array, _ in column]).astype(column[0][1], copy=False))
        for column in together
    ]


def standardize_batches(
    model: Any,
    objectives: Sequence[OutputObjective],
    x: Any,
    y: Any,
    sample_weight: Any,
    class_weight: Any,
    batch_size: int | None,
) -> Batches:
    """Checks data against a model.

    Raises:
        ConfigError, ShapeError, DTypeError: they do not fit; says which array and what is needed.
    """
    label = model._label()
    active = [o for o in objectives if o.takes_data]
    inputs = standardize_inputs(model, x)
    names = [o.name for o in active]
    shapes = [_target_shape(o) for o in active]
    targets = data_arrays.standardize(y, names, shapes, "target", label)
    sample = data_arrays.weights_by_output(sample_weight, names, "sample_weight", label)
    by_class = data_arrays.weights_by_output(class_weight, names, "class_weight", label)
    weights = [
        data_arrays.combine_weights(t, s, c, o.is_temporal, o.name)
        for t, s, c, o in zip(targets, sample, by_class, active, strict=True)
    ]
    data_arrays.check_lengths(inputs, targets, weights)
    for target, objective in zip(targets, active, strict=True):
        shape = objective.output.type.shape or ()
        check_target(target, objective.loss, shape, f"Output {objective.name!r}")
    found = Batches(
        inputs,
        targets,
        weights,
        [t.type.dtype for t in fed_inputs(model)],
        [target_type(o) for o in active],
        [o.is_temporal for o in active],
    )
    check_stateful(model, found.count, batch_size)
    return found


def standardize_inputs(model: Any, x: Any) -> list[Any]:
    """A model's inputs, checked."""
    fed = fed_inputs(model)
    names = [t._keras_history[0].name for t in fed]
    shapes = [t._keras_shape for t in fed]
    return data_arrays.standardize(x, names, shapes, "input", model._label())


def check_stateful(model: Any, count: int, batch_size: int | None) -> None:
    """A stateful model needs full batches; raises ConfigError where the last is smaller."""
    if batch_size and model.stateful and count and count % batch_size:
        raise ConfigError(
            "In a stateful network, you should only pass inputs with a number of samples that can "
            f"be divided by the batch size. Found: {count} samples. Batch size: {batch_size} "
            f"({model._label()})."
        )


def _target_shape(objective: OutputObjective) -> tuple[int | None, ...] | None:
    shape = objective.output.type.shape
    if shape is None:
        return None
    if objective.loss is losses.sparse_categorical_crossentropy:
        return (*shape[:-1], 1)
    name = getattr(objective.loss, "__name__", None)
    if name is None or getattr(losses, name, None) is not objective.loss:
        return None  # a user's own loss may take targets of any shape
    return shape
