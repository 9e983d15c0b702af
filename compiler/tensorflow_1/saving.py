"""`tf.train.Saver`: variables in checkpoints of TensorFlow 1's format, by their names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compiler.tensorflow import tf
from compiler.tensorflow_1.variables import global_variables
from kir import backend as K
from kir.engine.variable import Variable
from kir.errors import ConfigError, MissingFileError

v1 = tf.compat.v1


class Saver:
    """Saves and restores variables.

    Args:
        var_list: variables, or a dict of them by the names to save them under; None is all.
        max_to_keep: how many of the last checkpoints to keep; 0 or None is all.
        kwargs: further arguments of TensorFlow's, which have no meaning here.
    """

    def __init__(self, var_list: Any = None, *_: Any, max_to_keep: int | None = 5, **kwargs: Any):
        self._given = var_list
        self.max_to_keep = max_to_keep
        self.last_checkpoints: list[str] = []

    def _variables(self) -> dict[str, Variable]:
        given = global_variables() if self._given is None else self._given
        if isinstance(given, Mapping):
            return dict(given)
        found = {v.name.split(":")[0]: v for v in given}
        if not found:
            raise ConfigError("tf.train.Saver: there are no variables to save.")
        return found

    def save(self, sess: Any, save_path: str, global_step: Any = None, *_: Any, **__: Any) -> str:
        """Writes a checkpoint; returns its path without the suffixes."""
        path = os.fspath(save_path)
        if global_step is not None:
            step = K.get_value(global_step) if isinstance(global_step, Variable) else global_step
            path = f"{path}-{int(step)}"
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        variables = self._variables()
        tf.raw_ops.SaveV2(
            prefix=path,
            tensor_names=list(variables),
            shape_and_slices=[""] * len(variables),
            tensors=[tf.constant(v.get_value()) for v in variables.values()],
        )
        self._note(path)
        return path

    def _note(self, path: str) -> None:
        kept = [p for p in self.last_checkpoints if p != path] + [path]
        limit = self.max_to_keep or len(kept)
        for old in kept[:-limit]:
            v1.train.remove_checkpoint(old)
        self.last_checkpoints = kept[-limit:]
        v1.train.update_checkpoint_state(os.path.dirname(path) or ".", path, self.last_checkpoints)

    def restore(self, sess: Any, save_path: str) -> None:
        """Gives the variables the values of a checkpoint."""
        path = os.fspath(save_path)
        if not v1.train.checkpoint_exists(path):
            raise MissingFileError(f"There is no checkpoint {path!r}.")
        reader = tf.train.load_checkpoint(path)
        variables = self._variables()
        missing = [name for name in variables if not reader.has_tensor(name)]
        if missing:
            raise ConfigError(
                f"The checkpoint {path!r} has no variable {missing[0]!r}; it has "
                f"{', '.join(sorted(reader.get_variable_to_shape_map()))}."
            )
        _assign(variables, [reader.get_tensor(name) for name in variables])


def _assign(variables: Mapping[str, Variable], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables.values(), values, strict=True):
        variable.set_value(value)
