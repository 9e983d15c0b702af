"""Cells of recurrent layers: how each computes one time step.

A rule turns a cell into two functions. `project` is the part of a step that needs no state, such as
the product of the inputs and the kernel: a layer applies it to all time steps at once, before its
loop. `step` is the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.lowering.context import Call, Context
from compiler.lowering.loops import Dot, Kernel, Step
from compiler.lowering.registry import cell_rule
from compiler.tensorflow import tf
from kir.errors import KirError
from kir.utils.generic_utils import has_arg


@dataclass(frozen=True)
class Steps:
    """A cell in a program: its weights are read, its dropout masks drawn.

    Attributes:
        project: from the inputs of a time step (batch, ...), or of all (timesteps, batch, ...),
            to what `step` takes.
        step: (projected inputs, states, products) -> (output, new states).
        kernels: what `step` multiplies by.
        is_closed: whether `step` reaches weights through its kernels alone.
    """

    project: Callable[[Any], Any]
    step: Step
    kernels: Sequence[Kernel] = ()
    is_closed: bool = False

    def dot(self, x: Any, number: int) -> Any:
        """``x @ kernel + bias``."""
        return self.kernels[number].times(x)


@dataclass(frozen=True)
class CellCall:
    """What a cell's rule sees.

    Attributes:
        call: weights, phase and seeds of this cell.
        sizes: the shape of the inputs of a time step; scalar tensors where it is unknown.
        dtype: of the inputs.
        constants: tensors that the cell gets in each step.
    """

    call: Call
    sizes: Sequence[Any]
    dtype: Any
    constants: Sequence[Any] = ()

    @property
    def weights(self) -> Any:
        """Current values, by the names that the cell declares."""
        return self.call.weights

    def of(self, cell: Any, sizes: Sequence[Any], seeds: tuple[int, ...]) -> CellCall:
        """The same for a cell that is part of this layer or cell."""
        inner = Call(cell, self.call.context, [], self.call.arguments, seeds)
        return CellCall(inner, sizes, self.dtype, self.constants)


def steps_of(cell: Any, call: CellCall) -> Steps:
    """A cell's two functions: by its class's rule, or by its own `call`."""
    rule = cell_rule(type(cell))
    found: Steps = _user_steps(cell, call) if rule is None else rule(cell, call)
    return found


def _user_steps(cell: Any, call: CellCall) -> Steps:
    """A user's cell: called with the tensors of a step."""
    given: dict[str, Any] = {}
    if has_arg(cell.call, "training"):
        given["training"] = call.call.arguments.get("training")
    if call.constants and has_arg(cell.call, "constants"):
        given["constants"] = list(call.constants)
    for name in ("_dropout_mask", "_recurrent_dropout_mask"):
        # Cells in Keras's style keep their masks; those of another program are of no use here.
        if getattr(cell, name, None) is not None:
            setattr(cell, name, None)

    def step(x: Any, states: list[Any], dot: Dot) -> tuple[Any, list[Any]]:
        try:
            output, new_states = cell.call(x, states, **given)
        except KirError:
            raise
        except Exception as error:
            error.add_note(f"In the call of the cell {type(cell).__name__} on {x.shape}.")
            raise
        return output, list(new_states)

    return Steps(lambda x: x, step)


def call_cell(
    cls: type, cell: Any, inputs: Any, arguments: dict[str, Any], context: Context
) -> Any:
    """One step of a cell by the rule of `cls`: what `cell.call(inputs, states)` does."""
    x = tf.convert_to_tensor(inputs)
    states = [tf.convert_to_tensor(s) for s in arguments["states"]]
    given = {"training": arguments.get("training")}
    call = Call(cell, context, [], given, cell.draw_seeds())
    rule = cell_rule(cls)
    assert rule is not None
    steps: Steps = rule(cell, CellCall(call, sizes_of(x), x.dtype))
    output, new_states = steps.step(steps.project(x), states, steps.dot)
    return output, list(new_states)


def sizes_of(x: Any) -> list[Any]:
    """The shape of a tensor; scalar tensors where a size is unknown."""
    static = x.shape.as_list()
    if None not in static:
        return static
    dynamic = tf.shape(x)
    return [dynamic[i] if n is None else n for i, n in enumerate(static)]
