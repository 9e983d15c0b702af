"""Activations that are layers: those with weights or with numbers of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from kir import settings
from kir.engine.base_layer import Layer
from kir.engine.fields import (
    Field,
    constraint_field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.input_spec import InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.errors import ArgumentError, ConfigError, ShapeError
from kir.ir.types import TensorType


def _float_field(
    default: Any, serialize: Any = float, optional: bool = False, minimum: float | None = None
) -> Any:
    """A number in the default float type, as Keras keeps it: an array without axes."""

    def convert(name: str, value: Any) -> Any:
        if value is None and optional:
            return None
        try:
            array = settings.cast_to_floatx(value)
        except (TypeError, ValueError):
            array = None
        if array is None or array.ndim or isinstance(value, str):
            raise ArgumentError(f"`{name}` is {value!r}; expected a number.")
        if minimum is not None and array < minimum:
            raise ConfigError(f"`{name}` is {value!r}; expected a number of at least {minimum:g}.")
        return array

    return Field(default, convert, serialize)


def _axes_field() -> Any:
    def convert(name: str, value: Any) -> list[int] | None:
        if value is None:
            return None
        axes = list(value) if isinstance(value, list | tuple) else [value]
        if not all(isinstance(axis, int | np.integer) and axis != 0 for axis in axes):
            raise ConfigError(
                f"`{name}` is {value!r}; expected axes as whole numbers, the batch being axis 0."
            )
        return axes

    return Field(None, convert)


class _Elementwise(Layer):
    """What layers that work on each element alone have in settings."""

    _fields: ClassVar[dict[str, Any]] = {}
    supports_masking = True

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]


class LeakyReLU(_Elementwise):
    """A rectifier with a small slope where the unit is off: ``alpha * x`` for x < 0, else ``x``.

    Args:
        alpha: the slope below 0.

    Shape:
        any -> same.

    Reference:
        Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.
        https://keras.io/layers/advanced-activations (Keras 2.2.4).
    """

    alpha: np.ndarray = _float_field(0.3)

    call = LoweredCall("inputs")


class PReLU(_Elementwise):
    """A rectifier that learns its slope: ``alpha * x`` for x < 0, else ``x``.

    Args:
        alpha_initializer: initial values of the slopes.
        alpha_regularizer: a loss on them.
        alpha_constraint: applied to them after each update.
        shared_axes: axes along which one slope serves all, e.g. [1, 2] for images, channels last.

    Shape:
        any -> same; every size but the batch's and those of shared axes is known.

    Weights:
        alpha, of a sample's shape with 1 for shared axes.

    Reference:
        He et al., Delving Deep into Rectifiers, 2015.
        https://keras.io/layers/advanced-activations (Keras 2.2.4).
    """

    alpha_initializer: Any = initializer_field("zeros")
    alpha_regularizer: Any = regularizer_field()
    alpha_constraint: Any = constraint_field()
    shared_axes: list[int] | None = _axes_field()

    call = LoweredCall("inputs", mask=None)

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        (x,) = inputs
        sizes: list[Any] = list(x.shape or ())
        shared = self.shared_axes or []
        for axis in shared:
            if not -len(sizes) < axis < len(sizes):
                raise ShapeError(
                    f"{self._label()}: input is {x}; it has no axis {axis}, which `shared_axes` "
                    "names."
                )
            sizes[axis] = 1
        if None in sizes[1:]:
            raise ShapeError(
                f"{self._label()}: input is {x}; expected a known size on every axis but the batch "
                "and the shared ones. Name the open axes in `shared_axes`."
            )
        yield self.parameter("alpha", sizes[1:])
        fixed = {i: x.shape[i] for i in range(1, len(sizes)) if i not in shared}  # type: ignore[index]
        self.input_spec = InputSpec(ndim=len(sizes), axes=fixed if shared else {})


class ELU(_Elementwise):
    """The exponential linear unit: ``alpha * (exp(x) - 1)`` for x < 0, else ``x``.

    Args:
        alpha: the factor below 0.

    Shape:
        any -> same.

    Reference:
        Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear Units, 2015.
        https://keras.io/layers/advanced-activations (Keras 2.2.4).
    """

    alpha: np.ndarray = _float_field(1.0)

    call = LoweredCall("inputs")


class ThresholdedReLU(_Elementwise):
    """``x`` where x > theta, else 0.

    Args:
        theta: the threshold, at least 0.

    Shape:
        any -> same.

    Reference:
        Konda et al., Zero-Bias Autoencoders and the Benefits of Co-Adapting Features, 2014.
        https://keras.io/layers/advanced-activations (Keras 2.2.4).
    """

    theta: np.ndarray = _float_field(1.0)

    call = LoweredCall("inputs", mask=None)


class Softmax(_Elementwise):
    """``exp(x)`` divided by its sum along one axis.

    Args:
        axis: the axis along which the results sum to 1.

    Shape:
        any -> same.

    Reference:
        https://keras.io/layers/advanced-activations (Keras 2.2.4).
    """

    axis: int = int_field(-1)

    call = LoweredCall("inputs")


class ReLU(_Elementwise):
    """A rectifier with a bound, a threshold and a slope.

    It gives ``max_value`` for x >= max_value, ``x`` from the threshold up to there, and
    ``negative_slope * (x - threshold)`` below.

    Args:
        max_value: the largest result, at least 0; None is no bound.
        negative_slope: the slope below the threshold, at least 0.
        threshold: where the unit turns on.

    Shape:
        any -> same.

    Raises:
        ConfigError: `max_value` or `negative_slope` is negative.

    Reference:
        https://keras.io/layers/advanced-activations (Keras 2.2.4).
    """

    # Keras 2.2: the config holds these as arrays, which YAML shows.
    max_value: np.ndarray | None = _float_field(None, serialize=None, optional=True, minimum=0)
    negative_slope: np.ndarray = _float_field(0.0, serialize=None, minimum=0)
    threshold: np.ndarray = _float_field(0.0, serialize=None)

    call = LoweredCall("inputs")
