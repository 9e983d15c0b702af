"""A train function that the program put in the place of the model's own.

Programs of the Keras 2 era change how a model learns by setting `model.train_function`. Steps then
run one by one, each through that function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compiler.tensorflow import tf
from kir.utils.generic_utils import to_list


class OwnSteps:
    """Stands in for the train program.

    Args:
        function: from the list of the inputs, the targets and the sample weights, with the
            learning phase behind them if the model depends on it, to the list of logs.
        input_count: how many of the arrays are inputs.
        has_phase: whether the learning phase is passed.
    """

    is_weighted = True

    def __init__(
        self, function: Callable[[Sequence[Any]], Any], input_count: int, has_phase: bool
    ) -> None:
        self.function = function
        self.input_count = input_count
        self.phase = [1.0] if has_phase else []

    def run_batch(self, inputs: Sequence[Any]) -> Any:
        """One step; returns the logs as a tensor."""
        arrays = [x.numpy() for x in inputs]
        data, rest = arrays[: self.input_count], arrays[self.input_count :]
        logs = self.function([*data, *rest[::2], *rest[1::2], *self.phase])
        return tf.constant(np.array([float(v) for v in to_list(logs)]))
