"""Tensors by the names that TensorFlow 1 gave them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from compiler.tensorflow_1.accounts import all_variables
from kir.backend.operation_names import operation_name
from kir.engine.tensor import Tensor, recorded_nodes
from kir.errors import MissingKeyError
from kir.ir.graph import Value, topological_order


def named_tensors() -> Iterator[Any]:
    """The tensors of this session that are in use, the newest first."""
    known: set[int] = set()
    for node in reversed(recorded_nodes()):
        for value in (*node.outputs, *node.inputs):
            if isinstance(value, Tensor) and id(value) not in known:
                known.add(id(value))
                yield value


def find_tensor(name: str) -> Any:
    """The newest tensor of a name such as ``dense_1/Softmax:0``, or variable of one.

    Raises:
        MissingKeyError: there is none.
    """
    operation, _, number = name.rpartition(":")
    # Those of layers that were made before somebody kept account.
    used = [w for node in recorded_nodes() for w in node.weights]
    for variable in reversed([*used, *all_variables()]):
        if variable.name == f"{operation.removesuffix('/read')}:{number}":
            return variable
    for tensor in named_tensors():
        if operation in (operation_name(tensor), tensor.name.split(":")[0]) and number == "0":
            return tensor
    raise MissingKeyError(
        f"The name {name!r} refers to a tensor which does not exist. Print `tensor.name` of the "
        "model's inputs and outputs for the names that there are."
    )


def placeholders_of(outputs: Sequence[Value]) -> list[Tensor]:
    """What has to be fed for the outputs to be computed."""
    found: dict[Tensor, None] = {}
    for value in (*outputs, *(v for n in topological_order(outputs) for v in n.operands)):
        if isinstance(value, Tensor) and value.producer is None:
            found[value] = None
    return [v for v in found if getattr(v, "fixed_value", None) is None]
