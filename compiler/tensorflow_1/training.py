"""TensorFlow 1's optimizers: also of losses that are symbolic values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import compiler.lowering.rules  # noqa: F401 - registers how TFOptimizer steps
from compiler.lowering.optimizers import step_of_gradients
from compiler.tensorflow import tf
from kir import backend as K
from kir.backend.session import Operation
from kir.engine.tensor import is_symbolic
from kir.engine.variable import Variable
from kir.errors import ConfigError
from kir.ir.graph import Value, topological_order
from kir.optimizers import TFOptimizer

v1 = tf.compat.v1


def variables_of(loss: Value) -> list[Variable]:
    """The trainable variables that a value depends on, in the order in which they are met."""
    found: dict[Variable, None] = {}
    for node in topological_order([loss]):
        for value in (*node.inputs, *node.weights):
            if isinstance(value, Variable) and value.trainable:
                found.setdefault(value)
    return list(found)


class _Symbolic:
    """Beside a native optimizer: takes symbolic losses and gradients too."""

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """An operation that takes a step down the gradient of `loss`."""
        if not is_symbolic(loss):
            return super().minimize(loss, global_step, var_list, *args, **kwargs)  # type: ignore[misc]
        return self.apply_gradients(self.compute_gradients(loss, var_list), global_step)

    def compute_gradients(self, loss: Any, var_list: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Pairs (gradient, variable)."""
        if not is_symbolic(loss):
            return super().compute_gradients(loss, var_list, *args, **kwargs)  # type: ignore[misc]
        chosen = list(var_list) if var_list is not None else variables_of(loss)
        if not chosen:
            raise ConfigError(
                f"{type(self).__name__}: the loss depends on no variable that can be trained."
            )
        return list(zip(K.gradients(loss, chosen), chosen, strict=True))

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, *args: Any) -> Any:
        """An operation that takes a step down these gradients."""
        pairs = list(grads_and_vars)
        if not any(is_symbolic(g) or isinstance(v, Variable) for g, v in pairs):
            return super().apply_gradients(pairs, global_step, *args)  # type: ignore[misc]
        pairs = [(g, v) for g, v in pairs if g is not None]
        updates = step_of_gradients(TFOptimizer(self), *_columns(pairs))
        if isinstance(global_step, Variable):
            updates.append(K.update_add(global_step, 1))
        return Operation(updates)


def _columns(pairs: Sequence[tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    return [g for g, _ in pairs], [v for _, v in pairs]


def _optimizers() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in dir(v1.train):
        native = getattr(v1.train, name, None)
        base = v1.train.Optimizer
        if isinstance(native, type) and issubclass(native, base) and native is not base:
            found[name] = type(name, (_Symbolic, native), {"__doc__": native.__doc__})
    return found


def start_queue_runners(*_: Any, **__: Any) -> list[Any]:
    """The threads that fill a graph's queues: none, as kir's inputs need no queue."""
    return []


NAMES = {**_optimizers(), "start_queue_runners": start_queue_runners}
