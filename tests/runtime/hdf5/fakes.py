"""The least that the HDF5 code asks of a model, without an engine."""

from __future__ import annotations

import numpy as np


class FakeWeight:
    def __init__(self, name: str, value: np.ndarray):
        self.name = name
        self.value = np.asarray(value)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def get_value(self) -> np.ndarray:
        return self.value

    def set_value(self, value: np.ndarray) -> None:
        assert value.shape == self.shape
        self.value = value


class FakeLayer:
    def __init__(self, name: str, **arrays: np.ndarray):
        self.name = name
        self.weights = [FakeWeight(f"{name}/{k}:0", v) for k, v in arrays.items()]

    def values(self) -> list[list]:
        return [w.value.tolist() for w in self.weights]


class FakeModel:
    def __init__(self, *layers: FakeLayer):
        self.layers = list(layers)

    def values(self) -> list[list]:
        return [v for layer in self.layers for v in layer.values()]


def dense(name: str, fan_in: int, units: int, start: float = 0.0) -> FakeLayer:
    """A layer with a kernel that counts up from `start` and a bias of `start`."""
    kernel = np.arange(fan_in * units, dtype="float32").reshape(fan_in, units) + start
    return FakeLayer(name, kernel=kernel, bias=np.full(units, start, "float32"))
