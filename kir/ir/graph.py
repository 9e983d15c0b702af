"""Graphs in static single assignment form: values, the nodes that define them, weights.

A graph is held by its inputs and outputs; its nodes stand in topological order. The same classes
hold both levels of the representation: a node whose op is `keras.*` is a call of a layer, a `k.*`
or `tf.*` node is a backend or TensorFlow function that was applied to symbolic values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kir.ir.attributes import Attribute as Attribute
from kir.ir.attributes import Opaque as Opaque
from kir.ir.attributes import Ref as Ref
from kir.ir.attributes import attributes_equal as attributes_equal
from kir.ir.attributes import named_attributes_equal
from kir.ir.types import TensorType

# How deep graphs may nest in one another, so that walking one never exhausts the stack.
MAX_REGION_DEPTH = 64


class Value:
    """One result of a node, an input of a graph, or a weight. Values are equal by identity only.

    Attributes:
        name: the name in the text form; need not be unique, the printer makes it so.
        type: its `TensorType`.
        producer: the node that defines it; None for inputs and weights.
        index: its place among the producer's outputs.
    """

    __slots__ = ("__weakref__", "index", "name", "producer", "type")

    def __init__(
        self, type: TensorType, name: str = "", producer: Node | None = None, index: int = 0
    ) -> None:
        self.name = name
        self.type = type
        self.producer = producer
        self.index = index

    def __repr__(self) -> str:
        return f"<{type(self).__name__} %{self.name or '_'}: {self.type}>"


class Weight(Value):
    """A typed parameter or state of a layer: the declaration, not its value.

    Attributes:
        name: Keras's variable name, such as ``dense_1/kernel:0``.
        type: its `TensorType`, all sizes known.
        initializer, regularizer, constraint: configurations (``{'class_name': ..., 'config':
            {...}}``) or None.
        trainable: whether training may change it.
    """

    __slots__ = ("constraint", "declared_initializer", "regularizer", "trainable")

    def __init__(
        self,
        type: TensorType,
        name: str,
        initializer: Attribute = None,
        regularizer: Attribute = None,
        constraint: Attribute = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(type, name)
        self.declared_initializer = initializer
        self.regularizer = regularizer
        self.constraint = constraint
        self.trainable = trainable

    def settings(self) -> dict[str, Attribute]:
        """The configurations of initializer, regularizer and constraint, where there are any."""
        found = {
            "initializer": self.declared_initializer,
            "regularizer": self.regularizer,
            "constraint": self.constraint,
        }
        return {key: value for key, value in found.items() if value is not None}


class Node:
    """One operation.

    Args:
        op: ``dialect.Name``.
        inputs: the operands.
        output_types: the type of each result.
        name: the layer's name, or a label.
        masks: for each input its mask or None; empty where the op reads no mask.
        attributes: the op's static parameters.
        arguments: keyword arguments of a layer call.
        weights: the weights that a layer call uses.
        region: the body.
        output_names: names of the results; default `name`.
        value_class: the class of the results.

    Attributes:
        op: ``dialect.Name``, e.g. ``keras.Dense`` or ``k.dot``.
        name: the layer's name for a layer call, else a label that may be empty.
        inputs: the operands. A `k.*` node may have weights among them.
        masks: for each input its mask or None; empty where the op reads no mask.
        attributes: the op's static parameters, by name.
        arguments: further keyword arguments of a layer call (`training=True`).
        weights: the weights that a layer call uses, in file order.
        outputs: the results.
        region: the body, for a nested model or a fused group of nodes.
        is_frozen: whether the call came out of a nested model that is not trained; set by the
            compiler, in no file.
        path: the names of the nested models that the call came out of, joined by ``/``; likewise.
        device: where it is computed, such as ``/gpu:1``; empty where the runtime may choose.
            Likewise in no file.
        phase: the learning phase that was fixed for the process when the call was made (0 or 1);
            None where the call follows its program's. Likewise.
        gradient_names: for ops of TensorFlow's, by whose gradients theirs are replaced when this
            node is computed; pairs of names. Likewise.
        inner: what a call of a layer that is made of layers computes, in this process; see
            `kir.engine.inlining`. Like `seeds` and `layer` in no file.
        effects: which results of a user's layer are losses and new values of variables, in this
            process; see `kir.engine.tracing`.
        seeds: of the random numbers of a layer call in this process.
        layer: the live declaration behind a layer call; no part of equality or of any file.
    """

    __slots__ = (
        "__weakref__",
        "arguments",
        "attributes",
        "device",
        "effects",
        "gradient_names",
        "inner",
        "inputs",
        "is_frozen",
        "layer",
        "masks",
        "name",
        "op",
        "outputs",
        "path",
        "phase",
        "region",
        "seeds",
        "weights",
    )

    def __init__(
        self,
        op: str,
        inputs: Iterable[Value],
        output_types: Iterable[TensorType],
        *,
        name: str = "",
        masks: Iterable[Value | None] = (),
        attributes: Mapping[str, Attribute] | None = None,
        arguments: Mapping[str, Attribute] | None = None,
        weights: Iterable[Weight] = (),
        region: Graph | None = None,
        output_names: Sequence[str] | None = None,
        value_class: Callable[..., Value] = Value,
    ) -> None:
        self.op = op
        self.name = name
        self.inputs = tuple(inputs)
        self.masks = tuple(masks)
        self.attributes = dict(attributes or {})
        self.arguments = dict(arguments or {})
        self.weights = tuple(weights)
        self.region = region
        self.layer: Any = None
        self.inner: Graph | None = None
        self.effects: Any = None
        self.seeds: tuple[int, ...] = ()
        self.is_frozen = False
        self.path = ""
        self.device = ""
        self.phase: int | None = None
        self.gradient_names: tuple[tuple[str, str], ...] = ()
        self.outputs = tuple(
            value_class(t, output_names[i] if output_names else name, self, i)
            for i, t in enumerate(output_types)
        )

    @property
    def operands(self) -> tuple[Value, ...]:
        """Inputs, then the masks that are there."""
        return self.inputs + tuple(m for m in self.masks if m is not None)

    @property
    def training(self) -> Any:
        """The learning phase that the call states; None where it follows its program's."""
        given = self.arguments.get("training")
        return self.phase if given is None else given

    def __repr__(self) -> str:
        return f"<Node {self.op} {self.name!r}>"


class Graph:
    """A function from input values to output values.

    Attributes:
        name: the model's name.
        inputs: values without a producer.
        outputs: the results, any values of the graph, possibly the same one twice.
        nodes: in topological order.
        attributes: what the source format says of the whole, e.g. ``class_name``.
    """

    __slots__ = ("__weakref__", "attributes", "inputs", "name", "nodes", "outputs")

    def __init__(
        self,
        name: str,
        inputs: Iterable[Value],
        outputs: Iterable[Value],
        nodes: Iterable[Node],
        attributes: Mapping[str, Attribute] | None = None,
    ) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(nodes)
        self.attributes = dict(attributes or {})

    @property
    def weights(self) -> tuple[Weight, ...]:
        """Every weight used in the graph or in a region, each once, in order of first use."""
        return tuple(dict.fromkeys(self._used_weights()))

    def _used_weights(self) -> Iterator[Weight]:
        for node in self.nodes:
            yield from used_weights(node)
            if node.region is not None:
                yield from node.region._used_weights()
        for value in self.outputs:
            if isinstance(value, Weight):
                yield value

    def walk(self) -> Iterator[Node]:
        """All nodes, those of regions after the node that holds them."""
        for node in self.nodes:
            yield node
            if node.region is not None:
                yield from node.region.walk()

    def values(self) -> Iterator[Value]:
        """The inputs and every node's outputs, regions left out."""
        yield from self.inputs
        for node in self.nodes:
            yield from node.outputs

    def users(self) -> dict[Value, list[Node]]:
        """For each value the nodes that read it; a graph output counts as no node."""
        found: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in dict.fromkeys(node.operands):
                found.setdefault(value, []).append(node)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and _Comparison().graphs_equal(self, other)

    __hash__ = object.__hash__

    # __str__ is the text form: the package sets it, as the printer needs this module's classes.

    def __repr__(self) -> str:
        return f"<Graph @{self.name}: {len(self.nodes)} nodes>"


def used_weights(node: Node) -> Iterator[Weight]:
    """The weights that a node reads, as layer weights or as operands.

    Args:
        node: a node.
    """
    yield from node.weights
    for value in node.operands:
        if isinstance(value, Weight):
            yield value


def topological_order(outputs: Iterable[Value], stop: Iterable[Value] = ()) -> list[Node]:
    """The nodes that `outputs` depend on, operands first; does not look past values in `stop`.

    Args:
        outputs: values.
        stop: values whose producers do not count.
    """
    order: list[Node] = []
    state: dict[Node, bool] = {}
    stopped = set(stop)
    # Depth first with an explicit stack: a chain of thousands of layers must not hit the
    # interpreter's recursion limit.
    stack = [v.producer for v in outputs if v not in stopped and v.producer is not None]
    stack.reverse()
    while stack:
        node = stack[-1]
        if node in state:
            stack.pop()
            if not state[node]:
                state[node] = True
                order.append(node)
            continue
        state[node] = False
        stack.extend(
            v.producer
            for v in reversed(node.operands)
            if v.producer is not None and v not in stopped and v.producer not in state
        )
    return order


class _Comparison:
    """Structural equality of two graphs; remembers which values correspond."""

    def __init__(self) -> None:
        self.pairs: dict[Value, Value] = {}
        self.paired_weights: set[Weight] = set()

    def same(self, a: Value | None, b: Value | None) -> bool:
        if a is None or b is None:
            return a is b
        if isinstance(a, Weight) and isinstance(b, Weight) and a not in self.pairs:
            if b in self.paired_weights:  # one weight for two: sharing differs
                return False
            self.pairs[a] = b
            self.paired_weights.add(b)
            return (a.name, a.type, a.trainable) == (
                b.name,
                b.type,
                b.trainable,
            ) and attributes_equal(a.settings(), b.settings())
        return self.pairs.get(a) is b

    def define(self, a: Sequence[Value], b: Sequence[Value]) -> bool:
        if [v.type for v in a] != [v.type for v in b] or [v.name for v in a] != [v.name for v in b]:
            return False
        self.pairs.update(zip(a, b, strict=True))
        return True

    def all_same(self, a: Sequence[Value | None], b: Sequence[Value | None]) -> bool:
        return len(a) == len(b) and all(map(self.same, a, b))

    def nodes_equal(self, a: Node, b: Node) -> bool:
        return (
            (a.op, a.name) == (b.op, b.name)
            and named_attributes_equal(a.attributes, b.attributes)
            and attributes_equal(a.arguments, b.arguments)
            and self.all_same(a.inputs, b.inputs)
            and self.all_same(a.masks, b.masks)
            and self.all_same(a.weights, b.weights)
            and self.regions_equal(a.region, b.region)
            and self.define(a.outputs, b.outputs)
        )

    def regions_equal(self, a: Graph | None, b: Graph | None) -> bool:
        if a is None or b is None:
            return a is b
        return self.graphs_equal(a, b)

    def graphs_equal(self, a: Graph, b: Graph) -> bool:
        return (
            a.name == b.name
            and attributes_equal(a.attributes, b.attributes)
            and self.define(a.inputs, b.inputs)
            and len(a.nodes) == len(b.nodes)
            and all(map(self.nodes_equal, a.nodes, b.nodes))
            and self.all_same(a.outputs, b.outputs)
        )
