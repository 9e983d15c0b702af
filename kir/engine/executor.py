"""The seam between the language and what runs it.

`kir` describes models; `runtime` runs them. Where a Keras method needs values (`fit`,
`get_weights` of a random initial value, `K.eval`) it asks the executor, which is found by name the
first time that something has to run. No other module of `kir` reaches down.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from kir.ir import Graph, Node, TensorType, Value


class Executor(Protocol):
    """What the language asks of the runtime."""

    backend: ModuleType
    """The `K` functions over TensorFlow tensors, by their Keras names."""

    hdf5: ModuleType
    """Models and weights in HDF5 files: `save_weights`, `load_weights` and their kin."""

    saving: ModuleType
    """Whole models in files of every kind: `save_model`, `load_model`."""

    export: Any
    """``export(model, path, to, **options)``: a model for use without kir."""

    def infer(self, node_op: str, attributes: Any, types: Sequence[TensorType]) -> Any:
        """The result type(s) of a recorded function, found by tracing it once."""
        ...

    def initial_values(self, draws: Sequence[Any]) -> list[np.ndarray]:
        """The arrays that random draws stand for, bit for bit those of the reference."""
        ...

    def read(self, variable: Value) -> Any:
        """The current value as a TensorFlow tensor, the running program's if any."""
        ...

    def infer_opaque(self, function: Any, types: Sequence[TensorType]) -> Any:
        """What a function that only runs on tensors returns: its types, and what it captures."""
        ...

    def apply_region(self, region: Graph, tensors: Sequence[Any]) -> list[Any]:
        """The results of a traced function for these tensors."""
        ...

    def connect_tensorflow(self) -> None:
        """Makes TensorFlow's functions record what they are applied to, if it is symbolic."""
        ...

    def tensorflow_name(self, name: str) -> Any:
        """TensorFlow, or a module of it that Keras's backend offered under this name."""
        ...

    def tensorflow_1_name(self, name: str) -> Any:
        """What `tf.<name>` is in a program for TensorFlow 1."""
        ...

    def session(self, config: Any = None) -> Any:
        """A session that knows the tensors of TensorFlow's graphs besides."""
        ...

    def watch_eager_ops(self) -> AbstractContextManager[None]:
        """A scope that fails if something random is computed in it at once."""
        ...

    def call_layer(self, cls: type, layer: Any, inputs: Any, arguments: dict[str, Any]) -> Any:
        """Applies a built-in layer's lowering to TensorFlow tensors."""
        ...

    def training(self, model: Any) -> Any:
        """The trainer of a compiled model: `fit`, `evaluate`, `predict` and their kin."""
        ...

    def optimizer_updates(self, optimizer: Any, loss: Any, params: Sequence[Any]) -> Any:
        """Symbolic updates by which an optimizer takes one step down the gradient of `loss`."""
        ...

    def function(self, inputs: Any, outputs: Any, updates: Any, name: str | None) -> Any:
        """`K.function`: a callable from lists of arrays to lists of arrays."""
        ...

    def devices(self) -> list[str]:
        """The full names of the devices that programs can run on."""
        ...

    def release(self, node: Node) -> None:
        """Forgets what was compiled for a node."""
        ...


@functools.cache
def executor() -> Executor:
    """The one executor of this process; imports the runtime when first called."""
    found: Executor = importlib.import_module("runtime.executor").EXECUTOR
    return found
