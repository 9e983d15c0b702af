"""Checks a graph against the rules of `specs/text-form.md`, which the messages cite by number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import NoReturn

from kir.errors import VerificationError
from kir.ir import ops
from kir.ir.attributes import Attribute, attribute_problem
from kir.ir.graph import MAX_REGION_DEPTH, Graph, Node, Value, Weight
from kir.ir.printer import print_attribute, print_node, print_types
from kir.ir.types import DTYPE_NAMES, TensorType

_OP = re.compile(r"[^\W\d]\w*(?:\.\w+)+")

# A message shows the node that is wrong, but not the whole of a large nested model.
_SHOWN_CHARACTERS = 2000


def verify(graph: Graph) -> None:
    """Checks that `graph` and the graphs nested in it obey every rule.

    Args:
        graph: a graph.

    Raises:
        VerificationError: a rule is broken; the message cites it and shows the node.
    """
    _Verifier().check_graph(graph, 0)


class _Verifier:
    """Checks one outermost graph; remembers what it has checked, as parts may be shared."""

    def __init__(self) -> None:
        self.good_types: set[TensorType] = set()
        self.good_weights: set[Weight] = set()
        self.good_graphs: set[Graph] = set()

    def check_graph(self, graph: Graph, depth: int) -> None:
        if graph in self.good_graphs:
            return
        if depth > MAX_REGION_DEPTH:
            _fail("IR.12", graph, None, f"graphs nest more than {MAX_REGION_DEPTH} deep in it")
        self.check_attributes(graph, None, graph.attributes, 0)
        defined: set[Value] = set()
        for value in graph.inputs:
            if isinstance(value, Weight) or value.producer is not None:
                _fail("IR.3", graph, None, f"its input {value!r} is no free value")
            self.define(graph, None, value, defined)
        for node in graph.nodes:
            self.check_node(graph, node, defined, depth)
        for value in graph.outputs:
            if not self.is_defined(graph, None, value, defined):
                _fail("IR.6", graph, None, f"it returns {value!r}, which nothing in it defines")
        self.good_graphs.add(graph)

    def check_node(self, graph: Graph, node: Node, defined: set[Value], depth: int) -> None:
        if not _OP.fullmatch(node.op):
            _fail("IR.11", graph, node, f"its op is {node.op!r}; expected dialect.Name")
        for value in node.operands:
            if not self.is_defined(graph, node, value, defined):
                _fail("IR.2", graph, node, f"it reads {value!r}, which nothing before it defines")
        if node.masks and len(node.masks) != len(node.inputs):
            _fail(
                "IR.4",
                graph,
                node,
                f"it has {len(node.masks)} masks for {len(node.inputs)} inputs; expected "
                "a mask or None for each, or no masks at all",
            )
        for weight in node.weights:
            self.check_weight(graph, node, weight)
        self.check_attributes(graph, node, node.attributes, len(node.inputs))
        self.check_attributes(graph, node, node.arguments, len(node.inputs))
        for index, value in enumerate(node.outputs):
            if value.producer is not node or value.index != index or isinstance(value, Weight):
                _fail(
                    "IR.3",
                    graph,
                    node,
                    f"its output {index}, {value!r}, says that it is output {value.index} of "
                    f"{value.producer!r}",
                )
            self.define(graph, node, value, defined)
        if node.region is not None:
            self.check_region(graph, node, node.region, depth)
        self.check_definition(graph, node)

    def define(self, graph: Graph, node: Node | None, value: Value, defined: set[Value]) -> None:
        if value in defined:
            _fail("IR.1", graph, node, f"{value!r} is defined twice")
        self.check_type(graph, node, value)
        defined.add(value)

    def is_defined(
        self, graph: Graph, node: Node | None, value: Value, defined: set[Value]
    ) -> bool:
        if value in defined:
            return True
        if not isinstance(value, Weight):
            return False
        self.check_weight(graph, node, value)
        return True

    def check_type(self, graph: Graph, node: Node | None, value: Value) -> None:
        found = value.type
        if found in self.good_types:
            return
        if not _is_well_formed(found):
            _fail("IR.10", graph, node, f"the type of {value.name!r} is not well formed: {found!r}")
        self.good_types.add(found)

    def check_weight(self, graph: Graph, node: Node | None, weight: Weight) -> None:
        if weight in self.good_weights:
            return
        if not isinstance(weight, Weight) or weight.producer is not None:
            _fail("IR.5", graph, node, f"{weight!r} is no weight")
        self.check_type(graph, node, weight)
        if not weight.type.is_static:
            _fail(
                "IR.5", graph, node, f"the weight {weight.name!r} has the open type {weight.type}"
            )
        self.check_attributes(graph, node, weight.settings(), 0)
        self.good_weights.add(weight)

    def check_attributes(
        self, graph: Graph, node: Node | None, attributes: Mapping[str, Attribute], operands: int
    ) -> None:
        problem = attribute_problem(attributes, operands, -1)
        if problem is None:
            return
        for name, value in attributes.items():
            if (problem := attribute_problem(value, operands)) is not None:
                _fail("IR.9", graph, node, f"the attribute {name!r} is not allowed: {problem}")
        _fail("IR.9", graph, node, f"its attributes are not allowed: {problem}")

    def check_region(self, graph: Graph, node: Node, region: Graph, depth: int) -> None:
        self.check_graph(region, depth + 1)
        pairs = (
            ("input", node.inputs, region.inputs),
            ("output", node.outputs, region.outputs),
        )
        masks = tuple(mask for mask in node.masks if mask is not None)
        if masks and len(region.inputs) == len(node.inputs) + len(masks):
            pairs = (("input", node.inputs + masks, region.inputs), pairs[1])
        captures = node.attributes.get("captures")
        if isinstance(captures, list):
            # A function that the op applies as often as it likes, e.g. to each time step.
            last = region.inputs[len(region.inputs) - len(captures) :]
            pairs = (("capture", tuple(node.inputs[c.index] for c in captures), last),)
        for kind, of_node, of_region in pairs:
            if len(of_node) != len(of_region):
                _fail(
                    "IR.7",
                    graph,
                    node,
                    f"it has {len(of_node)} {kind}s, its region @{region.name} {len(of_region)}",
                )
            for i, (outer, inner) in enumerate(zip(of_node, of_region, strict=True)):
                expected = inner.type
                if kind == "input":  # numbers are converted to what the region takes
                    expected = expected.with_dtype(outer.type.dtype)
                if not expected.accepts(outer.type):
                    _fail(
                        "IR.7",
                        graph,
                        node,
                        f"its {kind} {i} is {outer.type}, that of its region @{region.name} "
                        f"{inner.type}",
                    )

    def check_definition(self, graph: Graph, node: Node) -> None:
        """What only the definition of the node's op can tell."""
        op_def = ops.find(node.op)
        if op_def is None:
            return
        if not op_def.defaults.keys() <= node.attributes.keys():
            missing = op_def.defaults.keys() - node.attributes.keys()
            named = ", ".join(f"{k} = {print_attribute(op_def.defaults[k])}" for k in missing)
            _fail("IR.13", graph, node, f"it lacks attributes, whose defaults are {named}")
        if op_def.infer is None:
            return
        try:
            inferred = tuple(op_def.infer(node))
        except Exception as error:  # the attributes may come from a file and be anything
            raise VerificationError(
                _message("IR.8", graph, node, f"its types cannot be inferred: {error}")
            ) from error
        types = tuple(value.type for value in node.outputs)
        # A program may state sizes of a function's result that the function cannot tell.
        if types != inferred and not (
            node.op.startswith(("k.", "tf.")) and _is_refined(types, inferred)
        ):
            _fail(
                "IR.8",
                graph,
                node,
                f"its types are {print_types(types)}, but {node.op} gives {print_types(inferred)}",
            )


def _is_refined(types: Sequence[TensorType], inferred: Sequence[TensorType]) -> bool:
    """Whether `types` are those that were inferred, or know more of the sizes."""
    return len(types) == len(inferred) and all(
        wide.accepts(narrow)
        and (
            wide.shape is None
            or (
                narrow.shape is not None
                and all(n is None or n == m for n, m in zip(wide.shape, narrow.shape, strict=True))
            )
        )
        for wide, narrow in zip(inferred, types, strict=True)
    )


def _is_well_formed(found: object) -> bool:
    """Whether it is a type with a dtype that kir knows and sizes that are no less than 0."""
    return (
        isinstance(found, TensorType)
        and found.dtype in DTYPE_NAMES
        and isinstance(found.shape, tuple | None)
        and all(
            dim is None or (isinstance(dim, Integral) and not isinstance(dim, bool) and dim >= 0)
            for dim in found.shape or ()
        )
    )


def _fail(rule: str, graph: Graph, node: Node | None, problem: str) -> NoReturn:
    raise VerificationError(_message(rule, graph, node, problem))


def _message(rule: str, graph: Graph, node: Node | None, problem: str) -> str:
    if node is None:
        return f"{rule}: graph @{graph.name}: {problem}."
    place = next((i for i, other in enumerate(graph.nodes) if other is node), None)
    shown = print_node(node)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + " ..."
    indented = "\n".join("    " + line for line in shown.split("\n"))
    name = f" {node.name!r}" if node.name else ""
    return f"{rule}: {node.op}{name} (node {place} of graph @{graph.name}): {problem}.\n{indented}"
