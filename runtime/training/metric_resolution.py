"""The metrics of an output, from what `compile` was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.programs.forward import signature
from compiler.programs.objective import Metric, OutputObjective, target_type
from compiler.tensorflow import tf
from kir import losses, metrics
from kir.engine.base_layer import Layer
from kir.engine.tensor import execution

# For each short name: (binary, sparse, categorical) function.
_CHOSEN_BY_OUTPUT: dict[str, tuple[str, tuple[Callable[..., Any], ...]]] = {
    name: (short, functions)
    for names, short, functions in (
        (
            ("accuracy", "acc"),
            "acc",
            (
                metrics.binary_accuracy,
                metrics.sparse_categorical_accuracy,
                metrics.categorical_accuracy,
            ),
        ),
        (
            ("crossentropy", "ce"),
            "ce",
            (
                metrics.binary_crossentropy,
                metrics.sparse_categorical_crossentropy,
                metrics.categorical_crossentropy,
            ),
        ),
    )
    for name in names
}


def metrics_of(
    objective: OutputObjective, plain: Sequence[Any], weighted: Sequence[Any]
) -> list[Metric]:
    """The metrics of one output, named as Keras does but for the output's name.

    Args:
        objective: the output.
        plain: names, functions or stateful layers.
        weighted: those that sample weights apply to.
    """
    found: list[Metric] = []
    for entries, is_weighted in ((plain, False), (weighted, True)):
        prefix = "weighted_" if is_weighted else ""
        for entry in entries:
            name, function = _function(objective, entry)
            is_stateful = _is_stateful(function)
            keys = None if is_stateful else _result_keys(function, objective)
            if keys is None:
                found.append(Metric(prefix + name, function, is_weighted, is_stateful))
            else:
                found += [Metric(prefix + k, _Entry(function, k), is_weighted) for k in keys]
    return found


def _function(objective: OutputObjective, entry: Any) -> tuple[str, Any]:
    if isinstance(entry, str) and entry in _CHOSEN_BY_OUTPUT:
        short, (binary, sparse, categorical) = _CHOSEN_BY_OUTPUT[entry]
        shape = objective.output.type.shape or ()
        if shape[-1:] == (1,) or objective.loss is losses.binary_crossentropy:
            return short, binary
        if objective.loss is losses.sparse_categorical_crossentropy:
            return short, sparse
        return short, categorical
    function: Any = metrics.get(entry)
    name = getattr(function, "name", None) or getattr(function, "__name__", None)
    return str(name or type(function).__name__), function


def _is_stateful(function: Any) -> bool:
    return isinstance(function, Layer) and bool(function.stateful)


@dataclass(frozen=True)
class _Entry:
    """One entry of the dict that a metric returns."""

    function: Callable[[Any, Any], Mapping[str, Any]]
    key: str

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return self.function(y_true, y_pred)[self.key]


def _result_keys(function: Any, objective: OutputObjective) -> list[str] | None:
    """The keys of what a user's metric returns, if that is a dict: found by tracing it once."""
    if str(getattr(function, "__module__", "")).startswith("kir."):
        return None
    keys: list[list[str] | None] = [None]

    def probe(y_true: Any, y_pred: Any) -> Any:
        with execution():
            result = function(y_true, y_pred)
        keys[0] = [str(k) for k in result] if isinstance(result, Mapping) else None
        return tf.constant(0)

    specs = [signature(t) for t in (target_type(objective), objective.output.type)]
    state = np.random.get_state()
    try:
        tf.function(probe, autograph=False).get_concrete_function(*specs)
    except Exception:
        # What is wrong with the function is reported when the program is made of it.
        return None
    finally:
        np.random.set_state(state)
    return keys[0]
