"""The executor: what the language finds by name when something has to run."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np


def _load(name: str) -> Any:
    return importlib.import_module(name)


class RuntimeExecutor:
    """Connects `kir` with the compiler and the runtime; loads each part when it is needed."""

    @property
    def backend(self) -> ModuleType:
        """The `K` functions over TensorFlow tensors."""
        return _load("compiler.backend")

    @property
    def hdf5(self) -> ModuleType:
        """Reading and writing HDF5 files."""
        return _load("runtime.hdf5")

    @property
    def saving(self) -> ModuleType:
        """Writing and reading whole models."""
        return _load("runtime.saving")

    @property
    def export(self) -> Any:
        """Writing models for use without kir."""
        return _load("runtime.export").export

    def infer(self, op: str, attributes: Any, types: Sequence[Any]) -> Any:
        """The result types of a recorded function."""
        return _load("compiler.programs.inference").infer(op, attributes, types)

    def initial_values(self, draws: Sequence[Any]) -> list[np.ndarray]:
        """The arrays that draws stand for."""
        return _load("compiler.initial_values").evaluate(draws)

    def read(self, variable: Any) -> Any:
        """A variable's value in the program under way, or now."""
        return _load("compiler.lowering.interpret").read(variable)

    def infer_opaque(self, function: Any, types: Sequence[Any]) -> Any:
        """The results of a function that only runs on tensors; see `compiler.lowering.captures`."""
        return _load("compiler.lowering.captures").try_out(function, types)

    def apply_region(self, region: Any, tensors: Sequence[Any]) -> list[Any]:
        """The results of a region for these tensors."""
        return _load("compiler.lowering.interpret").apply_region(region, tensors)

    def connect_tensorflow(self) -> None:
        """Makes TensorFlow's functions record; see `compiler.dispatch`."""
        _load("compiler.dispatch").connect()

    def tensorflow_name(self, name: str) -> Any:
        """TensorFlow itself, or a part of it; see `compiler.dispatch`."""
        return _load("compiler.dispatch").tensorflow_name(name)

    def tensorflow_1_name(self, name: str) -> Any:
        """A name of TensorFlow 1's; see `compiler.tensorflow_1`."""
        return _load("compiler.tensorflow_1").find(name)

    def session(self, config: Any = None) -> Any:
        """See `compiler.tensorflow_1.graphs`."""
        return _load("compiler.tensorflow_1.graphs").Session(config=config)

    def watch_eager_ops(self) -> Any:
        """A scope that refuses what no constant can stand for; see `compiler.dispatch`."""
        return _load("compiler.dispatch").watch_eager_ops()

    def call_layer(self, cls: type, layer: Any, inputs: Any, arguments: dict[str, Any]) -> Any:
        """A built-in layer's lowering, applied to tensors."""
        return _load("compiler.lowering.interpret").call_layer(cls, layer, inputs, arguments)

    def training(self, model: Any) -> Any:
        """The trainer of a model."""
        return _load("runtime.training.trainer").Trainer(model)

    def optimizer_updates(self, optimizer: Any, loss: Any, params: Sequence[Any]) -> Any:
        """See `kir.engine.executor.Executor`."""
        return _load("compiler.lowering.optimizers").optimizer_updates(optimizer, loss, params)

    def devices(self) -> list[str]:
        """The full names of the devices."""
        return [d.name for d in _load("compiler.tensorflow").tf.config.list_logical_devices()]

    def function(self, inputs: Any, outputs: Any, updates: Any, name: str | None) -> Any:
        """The compiled function of a graph."""
        return _load("compiler.programs.function").function(inputs, outputs, updates, name)


EXECUTOR = RuntimeExecutor()
