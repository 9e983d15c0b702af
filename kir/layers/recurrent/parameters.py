"""Parameters of recurrent layers: the cell, and those that a layer shares with its cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kir.engine.base_layer import Layer
from kir.engine.fields import Field, regularizer_field
from kir.layers.recurrent.cells import check_cell
from kir.layers.recurrent.stacked import StackedRNNCells, cell_config

LOOP_FIELDS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll")


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return StackedRNNCells(value)
    check_cell(value, f"`{name}`")
    return value


def cell_field() -> Any:
    """A cell, or a list of cells, which are stacked."""
    return Field(convert=_cell, serialize=cell_config)


class CellAttribute:
    """A parameter of a layer that is its cell's: reading and setting it goes to the cell."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, owner: type) -> Any:
        if layer is None:
            return self
        cell = layer.__dict__.get("cell")
        # Until there is a cell the value waits in the layer.
        return layer.__dict__[self.name] if cell is None else getattr(cell, self.name)

    def __set__(self, layer: Any, value: Any) -> None:
        cell = layer.__dict__.get("cell")
        if cell is None:
            layer.__dict__[self.name] = value
        else:
            setattr(cell, self.name, value)


def layer_fields(
    cell: type[Layer], loop: Mapping[str, Field], last: Sequence[str]
) -> tuple[dict[str, Field], tuple[str, ...]]:
    """The parameters of a layer made of one kind of cell, and their order in the config.

    Args:
        cell: the class of the cell.
        loop: where the parameters of the loop are declared.
        last: parameters that stand at the end of the signature.
    """
    found: dict[str, Field] = {}
    for name, spec in cell._fields.items():
        found[name] = spec
        if name == "bias_regularizer":
            found["activity_regularizer"] = regularizer_field()
            found["activity_regularizer"].name = "activity_regularizer"
    order = (*LOOP_FIELDS, *found)
    found.update({name: loop[name] for name in LOOP_FIELDS})
    for name in last:
        found[name] = found.pop(name)
    return found, order
