"""Traced functions, applied again: what a Lambda from one of kir's own files computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kir.engine.executor import executor
from kir.engine.permitted_ops import check_op
from kir.engine.tensor import Tensor, announce, contains_symbolic, executing
from kir.errors import ConfigError
from kir.ir.graph import Graph, Node, Opaque, Value, Weight, used_weights
from kir.utils.generic_utils import to_list


class RegionFunction:
    """A region as a function from its inputs to its results.

    Args:
        region: of a call that was traced.
        label: whose it is, for messages.

    Raises:
        ConfigError: the region needs more than its inputs: weights, values from outside, or code.
    """

    def __init__(self, region: Graph, label: str) -> None:
        self.region = region
        self.label = label
        self.__name__ = region.name
        self._check()

    def _check(self) -> None:
        needs = None
        if self.region.attributes.get("captures"):
            needs = "tensors of other layers"
        for node in self.region.walk():
            if node.op.partition(".")[0] not in ("k", "tf"):
                needs = f"the layer {node.name!r}"
                continue
            check_op(node, self.label)
            if any(used_weights(node)):
                needs = "variables"
            elif _holds_function(node):
                needs = "Python functions"
        if needs is not None:
            name = self.label.split(" ")[-1]
            raise ConfigError(
                f"{self.label} cannot be made from the graph alone: its function uses {needs} from "
                f"outside. Pass the function: custom_objects={{{name}: function}}."
            )

    def __call__(self, inputs: Any, mask: Any = None) -> Any:
        """The results for these inputs."""
        given = [*to_list(inputs), *(m for m in to_list(mask) if m is not None)]
        given = given[: len(self.region.inputs)]
        if executing() or not contains_symbolic(given):
            found = executor().apply_region(self.region, given)
        else:
            found = self._replay(given)
        return found if len(found) > 1 else found[0]

    def _replay(self, given: Sequence[Value]) -> list[Any]:
        known: dict[Value, Any] = dict(zip(self.region.inputs, given, strict=True))
        for node in self.region.nodes:
            copy = Node(
                node.op,
                [v if isinstance(v, Weight) else known[v] for v in node.inputs],
                [v.type for v in node.outputs],
                name=node.name,
                attributes=node.attributes,
                region=node.region,
                value_class=Tensor,
            )
            announce(copy)
            if node.op == "k.learning_phase":
                copy.outputs[0]._uses_learning_phase = True  # type: ignore[attr-defined]
            known.update(zip(node.outputs, copy.outputs, strict=True))
        return [known[v] for v in self.region.outputs]


def _holds_function(node: Node) -> bool:
    def holds(value: Any) -> bool:
        if isinstance(value, list | tuple):
            return any(map(holds, value))
        if isinstance(value, dict):
            return any(map(holds, value.values()))
        return isinstance(value, Opaque) and value.value is None

    return holds(node.attributes)
