"""State that exact resumption needs and Keras's files leave out, by names of kir's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from compiler.variables import hidden
from kir.engine.variable import Variable
from kir.optimizers import TFOptimizer
from runtime.training.random_calls import read_seeds, restore_seeds

# Variables of optimizers that Keras's files hold for some of them, or for none.
_OPTIMIZER_STATE = ("iterations", "m_schedule")


def read(trainer: Any) -> dict[str, np.ndarray]:
    """The state of a model's training, as arrays."""
    state = {name: variable.get_value() for name, variable in _variables(trainer).items()}
    if "random_counter" in state:
        seeds = read_seeds(trainer.model)
        if seeds.size:
            state["seeds"] = seeds
    return state


def write(trainer: Any, state: Mapping[str, Any]) -> None:
    """Restores what `read` gave; ignores what the model has no place for."""
    if "seeds" in state:
        restore_seeds(trainer.model, state["seeds"])
    if trainer.compilation is not None:
        trainer.make_optimizer_state()
    if "random_counter" in state:
        trainer.random_counter.set_value(state["random_counter"])
    for position, weight in enumerate(trainer.model._weights_by_layer()):
        for name in ("biased", "local_step"):
            key = f"weights/{position}/{name}"
            if key in state:
                value = np.asarray(state[key])
                hidden(weight, name, value.shape, weight.type.dtype).set_value(value)
    found = _variables(trainer)
    for name in _OPTIMIZER_STATE:
        if name in state and name in found:
            found[name].set_value(state[name])


def _variables(trainer: Any) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    if trainer.has_random_counter:
        found["random_counter"] = trainer.random_counter
    # By position: the name of a weight depends on what else the process has built.
    for position, weight in enumerate(trainer.model._weights_by_layer()):
        for name, state in weight.__dict__.get("hidden_states", {}).items():
            found[f"weights/{position}/{name}"] = state
    if trainer.compilation is not None:
        optimizer = trainer.compilation.optimizer
        kept = [] if isinstance(optimizer, TFOptimizer) else optimizer.weights
        for name in _OPTIMIZER_STATE:
            variable = getattr(optimizer, name, None)
            if isinstance(variable, Variable) and variable not in kept:
                found[name] = variable
    return found
