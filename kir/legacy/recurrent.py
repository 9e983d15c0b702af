"""The base classes that custom recurrent layers had before there were cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.engine.fields import data_format_field, field, int_field, ints_field, padding_field
from kir.engine.input_spec import InputSpec
from kir.errors import ConfigError, MissingAttributeError, UnsupportedError
from kir.utils.conv_utils import conv_output_length
from kir.utils.generic_utils import to_list


class Recurrent(Layer):
    """A layer that applies its `step` to one time step after the other.

    A subclass sets `units` and `states` (one entry for each state), makes weights in `build`, and
    brings `step(inputs, states) -> (output, new_states)`; it may bring `get_constants`,
    `preprocess_input` and `get_initial_state`. New layers are better written as cells of an `RNN`.

    Args:
        return_sequences: the results of all time steps, or of the last.
        return_state: returns the last states too.
        go_backwards: starts with the last time step.
        stateful: the states of a batch are where the next one starts.
        unroll: a copy of the step for each time step instead of a loop.
        implementation: kept for the configuration.

    Shape:
        (batch, timesteps, features) -> (batch, units), or (batch, timesteps, units).

    Reference:
        Keras 1.2.2, https://github.com/keras-team/keras/tree/1.2.2.
    """

    return_sequences: bool = field(False)
    return_state: bool = field(False)
    go_backwards: bool = field(False)
    stateful: bool = field(False)
    unroll: bool = field(False)
    implementation: int = int_field(0)

    supports_masking = True
    is_traced = True  # `step` is a user's
    states: Sequence[Any] = ()
    units: int

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        if "input_shape" not in kwargs and "input_dim" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))

    def _after_init(self) -> None:
        self.input_spec = [InputSpec(ndim=3)]
        self.state_spec: Any = None
        self.dropout = self.recurrent_dropout = 0

    def step(self, inputs: Any, states: Any) -> Any:
        """The output and the new states of one time step; a subclass brings it.

        Raises:
            UnsupportedError: it does not.
        """
        raise UnsupportedError(f"{self._label()} has no `step`; a subclass of Recurrent brings it.")

    def get_constants(self, inputs: Any, training: Any = None) -> list[Any]:
        """Tensors that every step gets behind its states."""
        return []

    def preprocess_input(self, inputs: Any, training: Any = None) -> Any:
        """What the steps get instead of the inputs."""
        return inputs

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """The states that a call starts from where none are given: zeros."""
        zero = K.expand_dims(K.sum(K.zeros_like(inputs), axis=(1, 2)))
        return [K.tile(zero, [1, self.units]) for _ in self.states]

    def __call__(self, inputs: Any, initial_state: Any = None, **kwargs: Any) -> Any:
        """Applies the layer; `initial_state` are tensors to start from."""
        if initial_state is not None:
            inputs = [*to_list(inputs), *to_list(initial_state)]
        return super().__call__(inputs, **kwargs)

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Checks the sequence."""
        super().assert_input_compatibility(to_list(inputs)[:1])

    def call(
        self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        """Runs the steps.

        Raises:
            ConfigError: another number of initial states than states.
        """
        inputs, *given = to_list(inputs)
        if initial_state is not None:
            given = to_list(initial_state)
        if not given:
            given = list(self.states) if self.stateful else self.get_initial_state(inputs)
        if len(given) != len(self.states):
            raise ConfigError(
                f"{self._label()} has {len(self.states)} states; got {len(given)} initial states."
            )
        last, outputs, states = K.rnn(
            self.step,
            self.preprocess_input(inputs, training=None),
            given,
            go_backwards=self.go_backwards,
            mask=mask[0] if isinstance(mask, list) else mask,
            constants=self.get_constants(inputs, training=None),
            unroll=self.unroll,
            input_length=K.int_shape(inputs)[1],
        )
        if self.stateful:
            self.add_update([K.update(*pair) for pair in zip(self.states, states, strict=True)])
        result = outputs if self.return_sequences else last
        return [result, *states] if self.return_state else result

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result, then those of the states with return_state."""
        batch, steps = _first(input_shape)[:2]
        shape = (batch, steps, self.units) if self.return_sequences else (batch, self.units)
        return [shape, *((batch, self.units) for _ in self.states)] if self.return_state else shape

    def compute_mask(self, inputs: Any, mask: Any) -> Any:  # type: ignore[override]
        """The sequence's mask for results that are sequences."""
        first = mask[0] if isinstance(mask, list) else mask
        kept = first if self.return_sequences else None
        return [kept, *(None for _ in self.states)] if self.return_state else kept

    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer, to zero by default; makes them if there are none.

        Raises:
            MissingAttributeError: the layer is not stateful.
            ConfigError: no fixed batch size, or another number of arrays than states.
        """
        if not self.stateful:
            raise MissingAttributeError(f"{self._label()} is not stateful.")
        batch = self.input_spec[0].shape[0] if self.input_spec[0].shape is not None else None
        if not batch:
            raise ConfigError(
                f"{self._label()} is stateful, so it needs a fixed batch size. Give the first "
                "layer batch_input_shape=(batch, timesteps, features)."
            )
        if any(state is None for state in self.states):
            self.states = [K.zeros((batch, self.units)) for _ in self.states]
        zeros = [np.zeros((batch, self.units)) for _ in self.states]
        arrays = zeros if states is None else to_list(states)
        if len(arrays) != len(self.states):
            raise ConfigError(
                f"{self._label()} has {len(self.states)} states; got {len(arrays)} arrays."
            )
        for state, array in zip(self.states, arrays, strict=True):
            state.set_value(array)


def _first(shapes: Any) -> Any:
    return shapes[0] if isinstance(shapes[0], list | tuple) else shapes


class ConvRecurrent2D(Recurrent):
    """A `Recurrent` whose states are pictures.

    Args:
        filters: channels of the result.
        kernel_size: height and width of the windows, in pixels.
        strides: steps of the window, in pixels.
        padding: ``'valid'`` or ``'same'``.
        data_format: ``'channels_last'`` or ``'channels_first'``; None is `K.image_data_format()`.
        dilation_rate: distance between the taps of the window.
        return_sequences: the results of all time steps, or of the last.
        go_backwards: starts with the last time step.
        stateful: the states of a batch are where the next one starts.

    Shape:
        (batch, timesteps, rows, columns, channels) -> (batch, new_rows, new_columns, filters), with
        the axis of time for return_sequences.

    Reference:
        Keras 1.2.2, https://github.com/keras-team/keras/tree/1.2.2.
    """

    filters: int = int_field(minimum=1)
    kernel_size: tuple[int, int] = ints_field(2)
    strides: tuple[int, int] = ints_field(2, (1, 1))
    padding: str = padding_field()
    data_format: str = data_format_field()
    dilation_rate: tuple[int, int] = ints_field(2, (1, 1))

    return_state = False
    unroll = False
    implementation = 0

    _argument_order: ClassVar[tuple[str, ...]] = (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "return_sequences",
        "go_backwards",
        "stateful",
    )

    def _after_init(self) -> None:
        super()._after_init()
        self.input_spec = [InputSpec(ndim=5)]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result."""
        shape = _first(input_shape)
        is_first = self.data_format == "channels_first"
        sizes = [
            conv_output_length(size, kernel, self.padding, stride, dilation)
            for size, kernel, stride, dilation in zip(
                shape[3:] if is_first else shape[2:4],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        ]
        picture = (self.filters, *sizes) if is_first else (*sizes, self.filters)
        return (*shape[:2], *picture) if self.return_sequences else (shape[0], *picture)
