"""The layer that runs a cell over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.engine.fields import field
from kir.engine.input_spec import InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.engine.names import variable_name
from kir.engine.tensor import Tensor, contains_symbolic, executing
from kir.engine.variable import Variable
from kir.errors import ConfigError, MissingAttributeError, ShapeError
from kir.initializers import Zeros, draw_initial_value
from kir.ir.graph import Value
from kir.ir.types import Shape, TensorType
from kir.layers.recurrent import cells as cell_module
from kir.layers.recurrent.arguments import as_operand, standardize_args
from kir.layers.recurrent.cells import output_size, state_sizes
from kir.layers.recurrent.parameters import (
    LOOP_FIELDS,
    CellAttribute,
    cell_field,
    layer_fields,
)
from kir.layers.recurrent.stacked import deserialize_cell
from kir.utils.generic_utils import has_arg, to_list


class RNN(Layer):
    """Runs a cell over the time steps of a sequence.

    Call arguments:
        initial_state: tensors to start from, one for each state; else zeros.
        constants: tensors that the cell gets in every step.
        mask: (batch, timesteps); a masked step keeps the states and repeats the previous result.
        training: the phase; None is the program's.

    Args:
        cell: an object with `call(inputs, states) -> (output, new_states)` and `state_size` (a
            whole number, or one for each state), such as `LSTMCell`; it may have `build`,
            `output_size`, and take `training` and `constants` in `call`. A list of cells is
            stacked.
        return_sequences: the results of all time steps, or of the last.
        return_state: returns the last states too.
        go_backwards: starts with the last time step; results are in the order of computation.
        stateful: the states of a batch are where the next one starts.
        unroll: a copy of the step for each time step instead of a loop.

    Shape:
        (batch, timesteps, features) -> (batch, size), or (batch, timesteps, size).

    Reference:
        https://keras.io/layers/recurrent (Keras 2.2.4). Keras 2.2: before the first step that is
        not masked the result is the initial state in a loop, and zeros with unroll=True.
    """

    cell: Any = cell_field()
    return_sequences: bool = field(False)
    return_state: bool = field(False)
    go_backwards: bool = field(False)
    stateful: bool = field(False)
    unroll: bool = field(False)

    _config_order = (*LOOP_FIELDS, "cell")
    cell_class: ClassVar[type[Layer] | None] = None
    input_axes: ClassVar[str] = "(batch, timesteps, features)"
    supports_masking = True
    call = LoweredCall("inputs", mask=None, training=None, initial_state=None, constants=None)

    def __init_subclass__(
        cls, cell: type[Layer] | None = None, last: Sequence[str] = (), **kwargs: Any
    ) -> None:
        """Makes a layer of one kind of cell, whose parameters are the layer's.

        Args:
            cell: the class of the cell.
            last: parameters that stand at the end of the signature.
            **kwargs: for the base class.
        """
        if cell is not None:
            cls.cell_class = cell
            cls._fields, cls._config_order = layer_fields(cell, RNN._fields, last)
            for name in cell._fields:
                setattr(cls, name, CellAttribute(name))
        super().__init_subclass__(**kwargs)

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        if "input_shape" not in kwargs and "input_dim" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))

    def _after_init(self) -> None:
        made = type(self).cell_class
        if made is not None:
            self.cell = made(**{name: self.__dict__.pop(name) for name in made._fields})
        self.input_spec = [InputSpec(ndim=self.input_axes.count(",") + 1)]
        self.state_spec: list[InputSpec] | None = None
        self.constants_spec: list[InputSpec] | None = None
        self._states: list[Variable | None] | None = None
        self._num_constants: int | None = None
        # Initial states and constants of the call under way that no layer made.
        self._foreign_operands: list[Value] = []
        self._cell_seeds: tuple[int, ...] | None = None

    # -- weights: those of the cell

    def build(self, input_shape: Any) -> None:
        several = isinstance(input_shape, list) and isinstance(input_shape[0], list | tuple)
        shape = tuple(input_shape[0] if several else input_shape)
        # Of pictures the cell knows which axis must be known.
        if len(shape) != self.input_spec[0].ndim or (len(shape) == 3 and shape[-1] is None):
            raise ShapeError(
                f"{self._label()}: input has the shape {shape}; expected {self.input_axes} with a "
                "known number of features."
            )
        if isinstance(self.cell, Layer):
            step = (shape[0], *shape[2:])
            constants = [spec.shape for spec in self.constants_spec or ()]
            self.cell.build([step, *constants] if constants else step)
            self.cell.built = True
        batch = shape[0] if self.stateful else None
        self.input_spec = [InputSpec(shape=(batch, None, *shape[2:]))]
        self.state_spec = self._spec_of_states(TensorType(K.floatx(), shape))
        self._built_shape = shape
        self.built = True
        if self.stateful:
            self.reset_states()

    @property
    def trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        if not self.trainable or not isinstance(self.cell, Layer):
            return []
        return self.cell.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        if not isinstance(self.cell, Layer):
            return []
        return self.cell.non_trainable_weights if self.trainable else self.cell.weights

    def _regularization_losses(self) -> list[Any]:
        found = super()._regularization_losses()
        return [*self.cell.losses, *found] if isinstance(self.cell, Layer) else found

    # -- states

    @property
    def states(self) -> list[Variable | None]:
        """The states of a stateful layer; None for each that does not exist yet."""
        if self._states is None:
            return [None for _ in state_sizes(self.cell)]
        return self._states

    @states.setter
    def states(self, states: list[Variable | None]) -> None:
        self._states = states

    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer.

        Args:
            states: one array of shape (batch, size) for each state; None is zeros.

        Raises:
            MissingAttributeError: the layer is not stateful.
            ConfigError: another number of arrays, another shape, or no fixed batch size.
        """
        if not self.stateful:
            raise MissingAttributeError(
                f"{self._label()}: Layer must be stateful. Make it with stateful=True."
            )
        variables = self._state_variables()
        arrays = [np.zeros(s.type.shape) for s in variables]  # type: ignore[arg-type]
        if states is not None:
            arrays = to_list(states)
        if len(arrays) != len(variables):
            raise ConfigError(
                f"{self._label()} expects {len(variables)} states, but it received {len(arrays)} "
                "state values."
            )
        for index, (state, array) in enumerate(zip(variables, arrays, strict=True)):
            if np.shape(array) != state.type.shape:
                raise ConfigError(
                    f"State {index} is incompatible with layer {self.name}: expected shape="
                    f"{state.type.shape}, found shape={np.shape(array)} ({self._label()})."
                )
        for state, array in zip(variables, arrays, strict=True):
            state.set_value(array)

    def _state_variables(self) -> list[Variable]:
        """The states; makes them, with zeros, where there are none yet."""
        if self._states is None or None in self._states:
            shape = self._built_shape if self.built else (None,)
            if shape[0] is None:
                raise ConfigError(
                    f"{self._label()}: If a RNN is stateful, it needs to know its batch size. Give "
                    "the first layer batch_input_shape=(batch, timesteps, ...), or Input a "
                    "batch_shape."
                )
            self._states = [
                Variable(
                    kind,
                    variable_name("Variable"),
                    draw_initial_value(Zeros(), kind.shape, kind.dtype),  # type: ignore[arg-type]
                    trainable=False,
                )
                for kind in self._state_types(TensorType(K.floatx(), shape))
            ]
        return self._states  # type: ignore[return-value]

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """The states that a call starts from where none are given: zeros."""
        zero = K.expand_dims(K.sum(K.zeros_like(inputs), axis=(1, 2)))
        return [K.tile(zero, [1, size]) for size in state_sizes(self.cell)]

    # -- calls

    def __call__(
        self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any
    ) -> Any:
        """Applies the layer to a symbolic tensor.

        Args:
            inputs: the sequence; or a list of it, the initial states and the constants.
            initial_state: tensors to start from.
            constants: tensors that the cell gets in every step.
            **kwargs: `mask`, `training`.

        Raises:
            ConfigError: some of the states and constants were made by layers, others were not; a
                wrong number of states; constants for a cell that takes none.
        """
        inputs, states, constants = standardize_args(
            inputs, initial_state, constants, self._num_constants
        )
        more = [*(states or ()), *(constants or ())]
        if executing() or not contains_symbolic([inputs, *more]):
            given = {"initial_state": states, "constants": constants}
            kwargs |= {name: value for name, value in given.items() if value is not None}
            return super().__call__(inputs, **kwargs)
        if constants is not None:
            self._check_constants(constants)
        if states is not None and len(states) != len(state_sizes(self.cell)):
            raise ConfigError(
                f"{self._label()} has {len(state_sizes(self.cell))} states; got an initial_state "
                f"of {len(states)} tensors."
            )
        made_by_layers = [hasattr(x, "_keras_history") for x in more]
        if len(set(made_by_layers)) > 1:
            raise ConfigError(
                f"{self._label()}: initial_state and constants are in part results of layers and "
                "in part other tensors. Pass the latter through an Input or a Lambda layer."
            )
        if all(made_by_layers):
            return super().__call__([inputs, *more] if more else inputs, **kwargs)
        self._foreign_operands = [as_operand(x) for x in more]
        try:
            return super().__call__(inputs, **kwargs)
        finally:
            self._foreign_operands = []

    def _check_constants(self, constants: Sequence[Any]) -> None:
        if not has_arg(self.cell.call, "constants"):
            raise ConfigError(
                f"{self._label()}: the cell {self.cell!r} takes no constants. Give its `call` the "
                "parameter `constants`."
            )
        self._num_constants = len(constants)
        self.constants_spec = [InputSpec(shape=K.int_shape(c)) for c in constants]

    def _add_call(self, inputs: Any, tensors: list[Tensor], kwargs: dict[str, Any]) -> Any:
        given = [*tensors[1:], *self._foreign_operands]
        states = given[: len(given) - (self._num_constants or 0)]
        for state, spec in zip(states, self.state_spec or (), strict=False):
            if spec.problem(state) is not None:  # type: ignore[arg-type]
                raise ShapeError(
                    f"{self._label()}: an initial state is {state.type}; expected the shape "
                    f"{spec.shape}."
                )
        return super()._add_call(inputs, tensors, kwargs)

    def assert_input_compatibility(self, inputs: Any) -> None:
        # States and constants are looked at when the call is recorded.
        super().assert_input_compatibility(to_list(inputs)[:1])

    def state_operands(self, inputs: list[Tensor]) -> list[Value]:
        """Operands that no layer made: given states and constants, then the states it keeps."""
        if not self.is_lowered:
            return []
        return [*self._foreign_operands, *self.kept_states()]

    def kept_states(self) -> list[Variable]:
        """The states that the next batch starts from; none unless the layer is stateful."""
        return self._state_variables() if self.stateful else []

    def split_operands(self, operands: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The states to start from (none: zeros) and the constants, of a call's other operands.

        Args:
            operands: given initial states, constants, and the states that a stateful layer keeps.
        """
        count = len(state_sizes(self.cell))
        given, kept = list(operands), []
        if self.stateful:
            given, kept = given[:-count], given[-count:]
        cut = len(given) - (self._num_constants or 0)
        return given[:cut] or kept, given[cut:]

    # -- types and masks

    def infer(self, *inputs: TensorType) -> TensorType | list[TensorType]:
        x = inputs[0]
        if x.rank != self.input_spec[0].ndim:
            raise ShapeError(
                f"{self._label()}: input is {x}; expected rank {self.input_spec[0].ndim}, "
                f"{self.input_axes}."
            )
        batch, steps = x.shape[:2]  # type: ignore[index]
        if self.unroll and steps in (None, 1):
            raise ShapeError(
                f"{self._label()} cannot be unrolled: its input is {x}; expected a known number of "
                "time steps above 1. Give the model's input a full shape, or take unroll=True away."
            )
        size = self._output_shape(x)
        result = x.with_shape((batch, steps, *size) if self.return_sequences else (batch, *size))
        return [result, *self._state_types(x)] if self.return_state else result

    def _output_shape(self, x: TensorType) -> Shape:
        """The result's shape in one time step, without the batch."""
        return (output_size(self.cell),)

    def _state_types(self, x: TensorType) -> list[TensorType]:
        return [x.with_shape((x.shape[0], size)) for size in state_sizes(self.cell)]  # type: ignore[index]

    def _spec_of_states(self, x: TensorType) -> list[InputSpec]:
        return [InputSpec(shape=(None, *t.shape[1:])) for t in self._state_types(x)]  # type: ignore[index]

    def compute_output_shape(self, input_shape: Any) -> Any:
        first = input_shape
        if isinstance(input_shape, list) and isinstance(input_shape[0], list | tuple):
            first = input_shape[0]
        return super().compute_output_shape(tuple(first))

    def internal_types(self, *inputs: TensorType) -> list[TensorType]:
        """The last states, where no user sees them but the next batch starts from them."""
        hidden = self.stateful and not self.return_state
        return self._state_types(inputs[0]) if hidden else []

    def compute_mask(self, inputs: Any, mask: Any) -> Any:  # type: ignore[override]
        first = mask[0] if isinstance(mask, list) else mask
        if first is not None and not self.unroll and self.is_lowered:
            self._check_repeatable()
        kept = first if self.return_sequences else None
        return [kept, *(None for _ in self.states)] if self.return_state else kept

    def _check_repeatable(self) -> None:
        # Keras 2.2: what a masked step of a loop repeats is the first state.
        size, state = output_size(self.cell), state_sizes(self.cell)[0]
        if size != state:
            raise ShapeError(
                f"{self._label()}: its input has a mask, and a masked step repeats the first "
                f"state, of size {state}, but the result has the size {size}. Use unroll=True, or "
                "take the mask away."
            )

    # -- phase, seeds, updates, losses

    def varies_with_phase(self) -> bool:
        return cell_module.varies_with_phase(self.cell)

    def draw_seeds(self) -> tuple[int, ...]:
        if not isinstance(self.cell, Layer):
            return ()
        if type(self).cell_class is not None:
            return self.cell.draw_seeds()
        # Keras 2.2: a cell that the user made keeps its masks, so later calls draw none.
        if self._cell_seeds is None:
            self._cell_seeds = self.cell.draw_seeds()
        return self._cell_seeds

    def node_updates(self, node: Any) -> list[Any]:
        if not self.stateful or not self.is_lowered:
            return []
        variables = self.kept_states()
        last = node.outputs[-len(variables) :]
        return [K.update(state, value) for state, value in zip(variables, last, strict=True)]

    def get_losses_for(self, inputs: Any = None) -> list[Any]:
        found = super().get_losses_for(inputs)
        if inputs is not None and isinstance(self.cell, Layer):
            return [*self.cell.get_losses_for(inputs), *found]
        return found

    # -- configuration

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self._num_constants is not None:
            cell = config.pop("cell", None)
            config["num_constants"] = self._num_constants
            if cell is not None:
                config["cell"] = cell
        return config

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        rest = dict(config)
        count = rest.pop("num_constants", None)
        if "cell" in rest:
            rest["cell"] = deserialize_cell(rest["cell"], custom_objects)
        elif rest.get("implementation") == 0:
            rest["implementation"] = 1
        layer = cls(**rest)
        layer._num_constants = count
        return layer
