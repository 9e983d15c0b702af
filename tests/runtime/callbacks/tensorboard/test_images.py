"""Weights as images: shapes by the rules of Keras 2.2.4, and pixels."""

import io

import numpy as np
import pytest
from PIL import Image

from kir import backend as K
from kir.callbacks import TensorBoard
from kir.layers import Conv2D, Dense, Flatten
from kir.models import Sequential

pytestmark = pytest.mark.tf


@pytest.fixture
def shape_of():
    from compiler.tensorflow import tf
    from runtime.callbacks.tensorboard.images import image_batch

    def shape(weight_shape):
        found = image_batch(tf.zeros(weight_shape))
        return None if found is None else tuple(found.shape)

    return shape


@pytest.mark.parametrize(
    ("weight", "image"),
    [
        pytest.param((5,), (1, 5, 1, 1), id="a bias is a column"),
        pytest.param((3, 8), (1, 3, 8, 1), id="a wide kernel stays"),
        pytest.param((8, 3), (1, 3, 8, 1), id="a tall kernel is laid down"),
        pytest.param((3, 3, 1, 8), (8, 3, 3, 1), id="an image for each filter"),
        pytest.param((4, 2, 6), (6, 4, 2, 1), id="an image for each filter of a 1-D convolution"),
        pytest.param((3, 3, 2, 8), (1, 2 * 4 - 1, 8 * 4 - 1, 1), id="channels by filters"),
        pytest.param((3, 3, 512, 512), (1, 255, 255, 1), id="so many tiles at most"),
        pytest.param((1, 1), None, id="a single number makes no image"),
        pytest.param((2, 2, 2, 2, 2), None, id="nor do five axes"),
    ],
)
def test_shapes(shape_of, weight, image):
    assert shape_of(weight) == image


def test_with_channels_first_the_first_axis_numbers_the_images(shape_of):
    K.set_image_data_format("channels_first")
    try:
        assert shape_of((4, 2, 6)) == (4, 2, 6, 1)
    finally:
        K.set_image_data_format("channels_last")


def test_pixels_are_the_scaled_weights(tmp_path, read):
    model = Sequential(
        [Conv2D(2, 2, input_shape=(4, 4, 3), name="conv"), Flatten(), Dense(1, name="y")]
    )
    model.compile("sgd", "mse")
    x, y = np.zeros((4, 4, 4, 3)), np.zeros((4, 1))
    callback = TensorBoard(tmp_path, histogram_freq=1, write_images=True)
    model.fit(x, y, verbose=0, callbacks=[callback], validation_data=(x, y))
    kernel = model.get_layer("conv").get_weights()[0]
    (event,) = read(tmp_path).Images("conv/kernel_0/image/0")
    pixels = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)), float).squeeze()
    assert pixels.shape == (3 * 3 - 1, 2 * 3 - 1)
    largest = np.abs(kernel).max()
    for channel in range(3):
        for filter_ in range(2):
            tile = pixels[channel * 3 : channel * 3 + 2, filter_ * 3 : filter_ * 3 + 2]
            wanted = kernel[:, :, channel, filter_] / largest * 127 + 128
            np.testing.assert_allclose(tile, wanted, atol=1.5)  # rounding to whole numbers
    assert pixels[2].max() <= 1  # the line between two rows is black
