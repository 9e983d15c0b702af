"""Several cells on top of each other, as one cell."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir.engine.base_layer import Layer
from kir.engine.fields import Field
from kir.engine.layer_weights import assign_weights
from kir.engine.variable import Variable, compute_initial_values
from kir.errors import ConfigError
from kir.layers.recurrent.cells import check_cell, output_size, state_sizes, varies_with_phase
from kir.utils.generic_utils import has_arg


def cell_config(cell: Any) -> dict[str, Any]:
    """Class name and config of a cell."""
    return {"class_name": type(cell).__name__, "config": cell.get_config()}


def deserialize_cell(entry: Any, custom_objects: Mapping[str, Any] | None) -> Any:
    """The cell of a ``{"class_name": ..., "config": ...}``; a cell is returned as it is."""
    from kir.layers import deserialize  # the table of all layers is made from this module

    return deserialize(entry, custom_objects) if isinstance(entry, Mapping) else entry


def _cells(name: str, value: Any) -> list[Any]:
    if not isinstance(value, Sequence) or not value:
        raise ConfigError(f"`{name}` is {value!r}; expected a list of cells.")
    return list(value)


class StackedRNNCells(Layer):
    """Cells on top of each other, as one cell: each takes the result of the one before.

    Args:
        cells: cells, the first is nearest to the input.
        reverse_state_order: (by keyword) lists the states from the last cell to the first, as
            Keras did before 2.2; it stands in no config, as in Keras.

    Shape:
        (batch, features) and the states of all cells -> (batch, units of the last cell) and new
        states; dtype: that of the input.

    Raises:
        ConfigError: `cells` is no list of cells.

    Reference:
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    cells: list[Any] = Field(  # type: ignore[assignment]
        convert=_cells, serialize=lambda cells: [cell_config(c) for c in cells]
    )

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        self.reverse_state_order = kwargs.pop("reverse_state_order", False)
        if self.reverse_state_order:
            warnings.warn(
                "StackedRNNCells(reverse_state_order=True) is deprecated, and no file keeps it. "
                "Use the natural order of states, from the first cell to the last.",
                stacklevel=4,
            )

    def _after_init(self) -> None:
        for cell in self.cells:
            check_cell(cell, self._label())

    # -- states

    def in_state_order(self) -> list[Any]:
        """The cells in the order in which their states are listed."""
        return self.cells[::-1] if self.reverse_state_order else self.cells

    @property
    def state_size(self) -> tuple[int, ...]:
        return tuple(size for cell in self.in_state_order() for size in state_sizes(cell))

    @property
    def output_size(self) -> int:
        return output_size(self.cells[-1])

    def split_states(self, states: Sequence[Any]) -> list[list[Any]]:
        """The states of each cell, in the order of the cells."""
        groups, start = [], 0
        for cell in self.in_state_order():
            count = len(state_sizes(cell))
            groups.append(list(states[start : start + count]))
            start += count
        return groups[::-1] if self.reverse_state_order else groups

    def join_states(self, groups: Sequence[Sequence[Any]]) -> list[Any]:
        """The opposite of `split_states`."""
        ordered = groups[::-1] if self.reverse_state_order else groups
        return [state for group in ordered for state in group]

    def call(self, inputs: Any, states: Any, constants: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """One step of all cells; their results and new states."""
        new_states = []
        for cell, group in zip(self.cells, self.split_states(states), strict=True):
            given = {k: v for k, v in kwargs.items() if has_arg(cell.call, k)}
            if constants is not None and has_arg(cell.call, "constants"):
                given["constants"] = constants
            inputs, group = cell.call(inputs, group, **given)
            new_states.append(list(group))
        return inputs, self.join_states(new_states)

    # -- weights

    def build(self, input_shape: Any) -> None:
        constants: list[Any] = []
        if isinstance(input_shape, list):
            input_shape, *constants = input_shape
        for cell in self.cells:
            if isinstance(cell, Layer):
                takes_constants = constants and has_arg(cell.call, "constants")
                cell.build([input_shape, *constants] if takes_constants else input_shape)
                cell.built = True
            input_shape = (input_shape[0], output_size(cell))
        self.built = True

    def _layers(self) -> list[Layer]:
        return [cell for cell in self.cells if isinstance(cell, Layer)]

    @property
    def trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        if not self.trainable:
            return []
        return [w for cell in self._layers() for w in cell.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        frozen = [w for cell in self._layers() for w in cell.non_trainable_weights]
        if self.trainable:
            return frozen
        return [w for cell in self._layers() for w in cell.trainable_weights] + frozen

    def _weights_by_cell(self) -> list[Variable]:
        return [w for cell in self._layers() for w in cell.weights]

    def get_weights(self) -> list[np.ndarray]:
        """The values of all weights, cell by cell."""
        weights = self._weights_by_cell()
        compute_initial_values(weights)
        return [w.get_value() for w in weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of all weights, in the order of `get_weights()`."""
        assign_weights(self._label(), self._weights_by_cell(), weights)

    # -- losses, randomness

    @property
    def losses(self) -> list[Any]:
        return [loss for cell in self._layers() for loss in cell.losses]

    def get_losses_for(self, inputs: Any = None) -> list[Any]:
        return [loss for cell in self._layers() for loss in cell.get_losses_for(inputs)]

    def varies_with_phase(self) -> bool:
        return any(map(varies_with_phase, self.cells))

    def seed_count(self) -> int:
        """Number of dropout masks of all cells."""
        return sum(getattr(cell, "seed_count", int)() for cell in self.cells)

    def draw_seeds(self) -> tuple[int, ...]:
        return tuple(seed for cell in self._layers() for seed in cell.draw_seeds())

    # -- configuration

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        rest = dict(config)
        cells = [deserialize_cell(entry, custom_objects) for entry in rest.pop("cells")]
        return cls(cells, **rest)
