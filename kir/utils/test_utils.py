"""Helpers of test suites: data to learn from, and what holds for every layer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.testing import assert_allclose

from kir import backend as K
from kir.engine.input_layer import Input
from kir.engine.sequential import Sequential
from kir.engine.training import Model as Model
from kir.serde.config import model_from_json
from kir.utils.generic_utils import has_arg


def get_test_data(
    num_train: int = 1000,
    num_test: int = 500,
    input_shape: tuple[int, ...] = (10,),
    output_shape: tuple[int, ...] = (2,),
    classification: bool = True,
    num_classes: int = 2,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Random data that a small model can learn: each sample scatters around its target.

    Args:
        num_train: samples to train on.
        num_test: samples to test on.
        input_shape: of one sample.
        output_shape: of one target, where they are no classes.
        classification: whether targets are class numbers.
        num_classes: how many classes.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``.
    """
    count = num_train + num_test
    if classification:
        y = np.random.randint(0, num_classes, size=(count,))
        means = y.astype(float)
    else:
        means = 2 * np.random.random((count,))
        y = means.reshape(-1, *(1 for _ in output_shape)) * np.ones((count, *output_shape))
    noise = np.random.normal(loc=0, scale=0.7, size=(count, *input_shape))
    x = means.reshape(-1, *(1 for _ in input_shape)) + noise
    return (x[:num_train], y[:num_train]), (x[num_train:], y[num_train:])


def layer_test(
    layer_cls: Any,
    kwargs: dict[str, Any] = {},  # noqa: B006 -- the documented signature; it is only read
    input_shape: Any = None,
    input_dtype: str | None = None,
    input_data: Any = None,
    expected_output: Any = None,
    expected_output_dtype: str | None = None,
    fixed_batch_size: bool = False,
) -> np.ndarray:
    """Checks what holds for every layer.

    Its weights can be set to what they are, the shape and dtype of its results are those
    that it announces, it can be made again from its configuration with the same results, and it
    can be trained, both in a functional model and in a Sequential.

    Args:
        layer_cls: the layer's class.
        kwargs: arguments of the class.
        input_shape: of the input with the batch; None stands for a size drawn at random.
        input_dtype: default `floatx()`.
        input_data: the input; default random.
        expected_output: what the layer has to return.
        expected_output_dtype: default the input's.
        fixed_batch_size: whether the model is told the size of the batch.

    Returns:
        what the layer returned.
    """
    if input_data is None:
        assert input_shape, "layer_test needs input_shape or input_data."
        input_dtype = input_dtype or K.floatx()
        input_data = _random_input(input_shape, input_dtype)
    elif input_shape is None:
        input_shape = input_data.shape
    input_dtype = input_dtype or str(input_data.dtype)
    dtype = expected_output_dtype or input_dtype

    layer = layer_cls(**kwargs)
    weights = layer.get_weights()
    layer.set_weights(weights)
    if fixed_batch_size:
        x = Input(batch_shape=input_shape, dtype=input_dtype)
    else:
        x = Input(shape=input_shape[1:], dtype=input_dtype)
    y = layer(x)
    assert K.dtype(y) == dtype, f"{layer.name} gives {K.dtype(y)}; expected {dtype}."
    announced = layer.compute_output_shape(input_shape)

    model = Model(x, y)
    output = model.predict(input_data)
    _check_output(output, announced, expected_output)
    again = model.__class__.from_config(model.get_config())
    _check_again(model, again, input_data, output)
    if has_arg(layer.call, "training"):
        model.compile("rmsprop", "mse")
        model.train_on_batch(input_data, output)

    config = layer.get_config()
    config["batch_input_shape"] = input_shape
    sequential = Sequential([layer.__class__.from_config(config)])
    output = sequential.predict(input_data)
    _check_output(output, announced, expected_output)
    _check_again(sequential, model_from_json(sequential.to_json()), input_data, output)
    sequential.compile("rmsprop", "mse")
    sequential.train_on_batch(input_data, output)
    return output  # type: ignore[no-any-return]


def _random_input(shape: Any, dtype: str) -> np.ndarray:
    sizes = [np.random.randint(1, 4) if n is None else n for n in shape]
    found = 10 * np.random.random(sizes)
    return (found - 0.5 if dtype.startswith("float") else found).astype(dtype)


def _check_output(output: np.ndarray, announced: Any, expected: Any) -> None:
    for known, got in zip(announced, output.shape, strict=True):
        assert known in (None, got), f"the result is {output.shape}; announced was {announced}."
    if expected is not None:
        assert_allclose(output, expected, rtol=1e-3)


def _check_again(model: Any, again: Any, x: np.ndarray, output: np.ndarray) -> None:
    """Checks that a model made from another's configuration computes the same."""
    if model.weights:
        again.set_weights(model.get_weights())
        assert_allclose(again.predict(x), output, rtol=1e-3)


def keras_test(func: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a test in a clean state: forgets all models and names after it.

    Args:
        func: the test.
    """

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return func(*args, **kwargs)
        finally:
            K.clear_session()

    return run
