"""Dropout of single elements and of whole channels."""

from __future__ import annotations

from typing import Any

from kir.engine.base_layer import Layer
from kir.engine.fields import data_format_field, field, fraction_field
from kir.engine.lowered_call import LoweredCall
from kir.errors import ShapeError
from kir.initializers.draws import draw_seed
from kir.ir.types import TensorType
from kir.layers.spatial import image_shape, image_spec


class Dropout(Layer):
    """In training, sets a random fraction of the input to 0 and scales the rest by 1/(1 - rate).

    Args:
        rate: fraction of the input that is dropped, between 0 and 1.
        noise_shape: shape of the random mask, with None or 1 where it is shared along an axis;
            None is the input's shape.
        seed: seed of this layer's random numbers.

    Shape:
        any -> same.

    Reference:
        Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
        https://keras.io/layers/core (Keras 2.2.4).
    """

    rate: float = fraction_field()
    noise_shape: Any = field(None)
    seed: int | None = field(None)

    supports_masking = True
    call = LoweredCall("inputs", training=None)

    @property
    def mask_shape(self) -> Any:
        """The shape of the random mask, with None for the input's size; None for its shape."""
        return self.noise_shape

    def infer(self, *inputs: TensorType) -> TensorType:
        check_noise_shape(self, inputs[0], self.mask_shape)
        return inputs[0]

    def varies_with_phase(self) -> bool:
        return 0.0 < self.rate < 1.0

    def draw_seeds(self) -> tuple[int, ...]:
        if not self.varies_with_phase():
            return ()
        return (draw_seed(self.seed),)


def check_noise_shape(layer: Layer, x: TensorType, noise_shape: Any) -> None:
    """Raises ShapeError where a random mask of the shape `noise_shape` does not fit `x`."""
    if noise_shape is None or x.shape is None:
        return
    rank = len(noise_shape)
    fits = rank <= len(x.shape) and all(
        n in (None, 1) or size is None or n == size
        for n, size in zip(noise_shape, x.shape[len(x.shape) - rank :], strict=True)
    )
    if not fits:
        raise ShapeError(
            f"{type(layer).__name__} {layer.name!r}: input is {x}; noise_shape is "
            f"{tuple(noise_shape)}, expected {len(x.shape)} sizes, each the input's, 1 or None."
        )


class SpatialDropout1D(Dropout):
    """In training, drops whole channels of sequences.

    Args:
        rate: fraction of the channels that is dropped, between 0 and 1.
        noise_shape: Keras 2.2: without effect.
        seed: seed of this layer's random numbers.

    Shape:
        (batch, steps, channels) -> same.

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        Tompson et al., Efficient Object Localization Using Convolutional Networks, 2014.
        https://keras.io/layers/core (Keras 2.2.4).
    """

    def _after_init(self) -> None:
        self.input_spec = image_spec(1, "channels_last")

    @property
    def mask_shape(self) -> Any:
        return (None, 1, None)


class SpatialDropout2D(Dropout):
    """In training, drops whole channels of images.

    Args:
        rate: fraction of the channels that is dropped, between 0 and 1.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`. Keras
            2.2: not in the config.
        noise_shape: Keras 2.2: without effect.
        seed: seed of this layer's random numbers.

    Shape:
        (batch, height, width, channels) -> same.

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        Tompson et al., Efficient Object Localization Using Convolutional Networks, 2014.
        https://keras.io/layers/core (Keras 2.2.4).
    """

    data_format: str = data_format_field(in_config=False)

    _argument_order = ("rate", "data_format", "noise_shape", "seed")
    _config_order = ("rate", "noise_shape", "seed")

    def _after_init(self) -> None:
        self.input_spec = image_spec(2, self.data_format)

    @property
    def mask_shape(self) -> Any:
        return image_shape(None, (1, 1), None, self.data_format)


class SpatialDropout3D(Dropout):
    """In training, drops whole channels of volumes.

    Args:
        rate: fraction of the channels that is dropped, between 0 and 1.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`. Keras
            2.2: not in the config.
        noise_shape: Keras 2.2: without effect.
        seed: seed of this layer's random numbers.

    Shape:
        (batch, depth, height, width, channels) -> same.

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        Tompson et al., Efficient Object Localization Using Convolutional Networks, 2014.
        https://keras.io/layers/core (Keras 2.2.4).
    """

    data_format: str = data_format_field(in_config=False)

    _argument_order = ("rate", "data_format", "noise_shape", "seed")
    _config_order = ("rate", "noise_shape", "seed")

    def _after_init(self) -> None:
        self.input_spec = image_spec(3, self.data_format)

    @property
    def mask_shape(self) -> Any:
        return image_shape(None, (1, 1, 1), None, self.data_format)
