"""`tf.metrics`: values over all batches so far, as Keras programs used them for AUC or precision.

Each call holds totals in variables, and returns the value and the value after this batch. In a
metric of a Keras model both are the latter: TensorFlow 1 left open which of the two came first.
Training and evaluation share the totals; compiling a model begins them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from compiler.lowering.captures import current_objective
from compiler.lowering.context import current_context
from compiler.variables import resource
from kir import backend as K
from kir.engine.names import variable_name
from kir.engine.tensor import executing
from kir.engine.variable import Variable
from kir.initializers.draws import Filled
from kir.ir.types import TensorType

Rule = Callable[[Sequence[Any]], Any]


def _total(shape: Any) -> Variable:
    """The variable of this call: the same one in each program of the metric it stands in."""
    scope = current_objective()
    if scope is None:
        return _zeros(shape)
    known: dict[Any, Variable] = scope.output.__dict__.setdefault("_totals", {})
    key = (scope.function, scope.next_number())
    if key not in known:
        known[key] = _zeros(shape)
    return known[key]


def _zeros(shape: Any) -> Variable:
    kind = TensorType("float32", shape)
    return Variable(kind, variable_name("total"), Filled(0, shape, kind.dtype), trainable=False)


def _streaming(increments: Sequence[Any], rule: Rule) -> tuple[Any, Any]:
    """The value of the totals, and their value when these increments are added."""
    totals = [_total(K.int_shape(x)) for x in increments]
    if not executing():
        updates = [K.update_add(t, x) for t, x in zip(totals, increments, strict=True)]
        return rule(totals), rule(updates)
    context = current_context()
    assert context is not None
    if context.is_trial:
        for total in totals:
            total.set_value(np.zeros(K.int_shape(total) or (), "float32"))  # type: ignore[arg-type]
            resource(total)  # which cannot be made while a program is traced
        value = rule(increments)
        return value, value
    sums = [context.read(t) + x for t, x in zip(totals, increments, strict=True)]
    for total, value in zip(totals, sums, strict=True):
        context.assign(total, value)
    value = rule(sums)
    return value, value


def _ratio(parts: Sequence[Any]) -> Any:
    return parts[0] / K.maximum(parts[1], K.epsilon())


def _mean(values: Any, weights: Any = None, *_: Any, **__: Any) -> tuple[Any, Any]:
    values = K.cast(values, "float32")
    ones = K.ones_like(values) if weights is None else K.cast(weights, "float32") + 0 * values
    return _streaming([K.sum(values * ones), K.sum(ones)], _ratio)


def _mean_of(function: Callable[[Any, Any], Any]) -> Callable[..., tuple[Any, Any]]:
    def metric(labels: Any, predictions: Any, weights: Any = None, *_: Any, **__: Any) -> Any:
        return _mean(function(labels, predictions), weights)

    return metric


def _equal(labels: Any, predictions: Any) -> Any:
    return K.cast(K.equal(K.cast(labels, "int64"), K.cast(predictions, "int64")), "float32")


def _root_mean_squared_error(labels: Any, predictions: Any, *_: Any, **__: Any) -> Any:
    squares = K.square(K.cast(predictions, "float32") - K.cast(labels, "float32"))
    count = K.sum(K.ones_like(squares))
    return _streaming([K.sum(squares), count], lambda parts: K.sqrt(_ratio(parts)))


def _counts(labels: Any, predictions: Any, thresholds: Any = None) -> list[Any]:
    """True and false positives, false and true negatives; at each threshold if there are any."""
    truth = K.reshape(K.cast(K.cast(labels, "bool"), "float32"), (1, -1))
    found = K.reshape(K.cast(predictions, "float32"), (1, -1))
    if thresholds is None:
        found = K.cast(K.not_equal(found, 0.0), "float32")
    else:
        limits = K.constant(np.reshape(thresholds, (-1, 1)))
        found = K.cast(K.greater(found + 0 * limits, limits), "float32")
    pairs = [(truth, found), (1 - truth, found), (truth, 1 - found), (1 - truth, 1 - found)]
    return [K.sum(a * b, axis=1) for a, b in pairs]


def _count_metric(rule: Rule) -> Callable[..., tuple[Any, Any]]:
    def metric(labels: Any, predictions: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        counts = _counts(labels, predictions)
        return _streaming(counts, lambda parts: K.sum(rule(parts)))

    return metric


def _auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    *_: Any,
    **__: Any,
) -> tuple[Any, Any]:
    inner = [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
    thresholds = np.array([-1e-7, *inner, 1 + 1e-7], "float32")

    def area(parts: Sequence[Any]) -> Any:
        tp, fp, fn, tn = parts
        recall = (tp + 1e-6) / (tp + fn + 1e-6)
        if curve == "PR":
            x, y = recall, (tp + 1e-6) / (tp + fp + 1e-6)
        else:
            x, y = fp / (fp + tn + 1e-6), recall
        return K.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2.0)

    return _streaming(_counts(labels, predictions, thresholds), area)


METRICS = SimpleNamespace(
    accuracy=_mean_of(_equal),
    auc=_auc,
    false_negatives=_count_metric(lambda c: c[2]),
    false_positives=_count_metric(lambda c: c[1]),
    mean=_mean,
    mean_absolute_error=_mean_of(lambda t, p: K.abs(p - t)),
    mean_squared_error=_mean_of(lambda t, p: K.square(p - t)),
    precision=_count_metric(lambda c: c[0] / K.maximum(c[0] + c[1], K.epsilon())),
    recall=_count_metric(lambda c: c[0] / K.maximum(c[0] + c[2], K.epsilon())),
    root_mean_squared_error=_root_mean_squared_error,
    true_negatives=_count_metric(lambda c: c[3]),
    true_positives=_count_metric(lambda c: c[0]),
)
