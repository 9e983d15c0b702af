"""Optimizers in the words of Keras 3, and their state as it numbers it.

Keras 3 numbers an optimizer's variables: the step, the learning rate (unless a schedule gives it),
then for each weight its slots, as groups of which each has the slots of all weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir import optimizers
from kir.errors import ConfigError
from kir.serde.keras3.entries import Config, entry


class UnknownOptimizerError(Exception):
    """An optimizer that the other version does not have; says which."""


_KEPT = ("momentum", "nesterov", "rho", "beta_1", "beta_2", "epsilon", "amsgrad")
_CLASSES = ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax")

# Groups of slots that stand together weight by weight; Adam's `largest` only with amsgrad.
_GROUPS: Mapping[str, Sequence[Sequence[int]]] = {
    "SGD": ((0,),),
    "RMSprop": ((0,),),
    "Adagrad": ((0,),),
    "Adadelta": ((0, 1),),
    "Adam": ((0, 1), (2,)),
    "Adamax": ((0, 1),),
}


def optimizer_config(optimizer: Any) -> Config:
    """An optimizer for Keras 3.

    Raises:
        UnknownOptimizerError: Keras 3 computes it in another way, or does not have it.
    """
    name = type(optimizer).__name__
    if name not in _CLASSES or getattr(optimizers, name) is not type(optimizer):
        raise UnknownOptimizerError(f"the optimizer {name}")
    given = optimizer.get_config()
    config = {key: value for key, value in given.items() if key in _KEPT}
    rate = given["lr"]
    if given.get("decay"):
        schedule = {
            "initial_learning_rate": rate,
            "decay_steps": 1,
            "decay_rate": given["decay"],
            "staircase": False,
        }
        rate = entry("keras.optimizers.schedules", "InverseTimeDecay", schedule)
    config["learning_rate"] = rate
    if given.get("clipnorm"):
        config["global_clipnorm"] = given["clipnorm"]  # Keras 2.2: one norm over all gradients
    if given.get("clipvalue"):
        config["clipvalue"] = given["clipvalue"]
    if name == "Adagrad":
        config["initial_accumulator_value"] = 0.0
    return entry("keras.optimizers", name, config)


def optimizer_arrays(model: Any) -> list[np.ndarray]:
    """The state of a model's optimizer as Keras 3 numbers it."""
    model._make_train_function()  # only then are there slots
    optimizer = model.optimizer
    given = optimizer.get_config()
    arrays: list[np.ndarray] = [np.asarray(optimizer.iterations.get_value(), np.int32)]
    if not given.get("decay"):
        arrays.append(np.asarray(given["lr"], np.float32))
    for group in _slots(optimizer):
        for of_one_weight in zip(*group, strict=True):
            arrays += [slot.get_value() for slot in of_one_weight]
    return arrays


def set_optimizer_arrays(model: Any, arrays: Sequence[np.ndarray]) -> None:
    """Sets the state of a compiled model's optimizer from what Keras 3 wrote.

    Raises:
        ConfigError: the arrays are not those of this optimizer.
    """
    model._make_train_function()
    optimizer = model.optimizer
    groups = [[*slots] for group in _slots(optimizer) for slots in zip(*group, strict=True)]
    targets = [slot for slots in groups for slot in slots]
    # tf.keras has no learning rate among them, nor has Keras 3 where a schedule gives it.
    first = len(arrays) - len(targets)
    if first not in (1, 2):
        raise ConfigError(
            f"The archive holds {len(arrays)} variables of the optimizer, which has "
            f"{len(targets)} slots."
        )
    given = arrays[first:]
    for slot, array in zip(targets, given, strict=True):
        if array.shape != slot.type.shape:
            raise ConfigError(f"A slot of the optimizer is {slot.type}; the file's {array.shape}.")
    for slot, array in zip(targets, given, strict=True):
        slot.set_value(array)
    optimizer.iterations.set_value(np.asarray(arrays[0]).reshape(()))


def _slots(optimizer: Any) -> list[list[Any]]:
    """Groups of lists of slots, one slot a weight."""
    name = type(optimizer).__name__
    flat = [w for w in optimizer.weights if w is not optimizer.iterations]
    groups = _GROUPS.get(name, ())
    if name == "Adam" and not optimizer.amsgrad:
        flat, groups = flat[: len(flat) * 2 // 3], groups[:1]
    if name == "SGD" and not optimizer.get_config()["momentum"]:
        groups = ()  # there, slots exist only with a momentum
    kinds = max((i for group in groups for i in group), default=-1) + 1
    count = len(flat) // kinds if kinds else 0
    lists = [flat[i * count : (i + 1) * count] for i in range(kinds)]
    return [[lists[i] for i in group] for group in groups]


def named_optimizer(name: str) -> Config:
    """The entry of an optimizer that `compile` was given by its name, with the rates of there."""
    known = {one.lower(): one for one in (*_CLASSES, "Nadam")}
    found = known.get(name.lower(), name)
    return entry("keras.optimizers", found, {"learning_rate": 0.01 if found == "SGD" else 0.001})
