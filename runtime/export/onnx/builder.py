"""Puts an ONNX graph together: nodes, constants, and bodies of loops.

Values are named by strings, as in the format. Keras's pictures have their channels last, ONNX's
first; so most layers want a transposition before and after. The builder remembers which values are
transpositions of others: it joins two in a row, and lets element-wise nodes look through them, so
that between neighbouring layers they cancel.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

# The newest that runtimes of the last years all read; later ones add nothing that layers need.
OPSET = 17

INT64 = np.int64


class Builder:
    """A graph, or the body of a loop inside one, that is being written.

    Attributes:
        nodes: so far, of the graph or body that is being written.
        initializers: constants by name; all belong to the outermost graph, bodies see them.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self._names: dict[str, int] = {}
        self._known: dict[Any, str] = {}
        self._transposed: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._scope = ""
        self._body = self._bodies = 0

    # -- names

    @contextlib.contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Nodes of the block are named after this layer."""
        before, self._scope = self._scope, name
        try:
            yield
        finally:
            self._scope = before

    def name(self, wanted: str) -> str:
        """A name that nothing else has: the wanted one, or that with a number."""
        count = self._names.get(wanted, 0)
        self._names[wanted] = count + 1
        return self.name(f"{wanted}_{count}") if count else wanted

    # -- nodes

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Adds a node.

        Args:
            kind: the operator's name.
            *inputs: names of values; an empty one is an optional input left out.
            outputs: how many results there are.
            **attributes: the operator's; None leaves one out.

        Returns:
            The result's name, or a list of names.
        """
        label = self.name(f"{self._scope}/{kind}" if self._scope else kind)
        results = [self.name(f"{label}:{i}") for i in range(outputs)]
        given = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(kind, list(inputs), results, label, **given))
        return results[0] if outputs == 1 else results

    def constant(self, value: Any, dtype: Any = None, name: str = "constant") -> str:
        """A constant; equal ones are held once."""
        array = np.asarray(value, dtype)
        digest = hashlib.sha1(np.ascontiguousarray(array).tobytes()).digest()
        key = (array.dtype.str, array.shape, digest)
        if key not in self._known:
            self._known[key] = found = self.name(name.removesuffix(":0"))
            self.initializers[found] = numpy_helper.from_array(array, found)
        return self._known[key]

    def sizes(self, values: Sequence[int]) -> str:
        """A constant vector of whole numbers, such as a shape."""
        return self.constant(list(values), INT64, "sizes")

    # -- layout

    def transpose(self, x: str, order: Sequence[int]) -> str:
        """`x` with its axes in another order; a transposition of a transposition becomes one."""
        order = tuple(order)
        if x in self._transposed:
            x, first = self._transposed[x]
            order = tuple(first[i] for i in order)
        if order == tuple(range(len(order))):
            return x
        key = ("Transpose", self._body, x, order)
        if key not in self._known:
            self._known[key] = self.op("Transpose", x, perm=order)
        found = self._known[key]
        self._transposed[found] = (x, order)
        return found

    def channels_first(self, x: str, rank: int) -> str:
        """(batch, ..., channels) -> (batch, channels, ...)."""
        return self.transpose(x, [0, rank - 1, *range(1, rank - 1)])

    def channels_last(self, x: str, rank: int) -> str:
        """(batch, channels, ...) -> (batch, ..., channels)."""
        return self.transpose(x, [0, *range(2, rank), 1])

    def pointwise(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """An element-wise node, before a transposition of all its inputs and not after it.

        The inputs are of equal rank, or constants of a single element.
        """
        tensors = [x for x in inputs if not self._is_scalar(x)]
        orders = {self._transposed.get(x, (x, None))[1] for x in tensors}
        if len(orders) != 1 or None in orders:
            return self.op(kind, *inputs, **attributes)
        (order,) = orders
        sources = [x if self._is_scalar(x) else self._transposed[x][0] for x in inputs]
        return self.transpose(self.op(kind, *sources, **attributes), order)  # type: ignore[arg-type]

    def concat(self, inputs: Sequence[str], axis: int) -> str:
        """The inputs joined along an axis, counted from the front."""
        orders = {self._transposed.get(x, (x, None))[1] for x in inputs}
        if len(orders) != 1 or None in orders:
            return self.op("Concat", *inputs, axis=axis)
        (order,) = orders
        sources = [self._transposed[x][0] for x in inputs]
        return self.transpose(self.op("Concat", *sources, axis=order[axis]), order)  # type: ignore[index, arg-type]

    def _is_scalar(self, x: str) -> bool:
        found = self.initializers.get(x)
        return found is not None and len(found.dims) == 0

    # -- often used

    def cast(self, x: str, dtype: str) -> str:
        """`x` with another dtype."""
        return self.pointwise("Cast", x, to=element_type(dtype))

    def squeeze(self, x: str, axes: Sequence[int]) -> str:
        """`x` without axes of size 1."""
        return self.op("Squeeze", x, self.sizes(axes))

    def unsqueeze(self, x: str, axes: Sequence[int]) -> str:
        """`x` with further axes of size 1 at these places."""
        return self.op("Unsqueeze", x, self.sizes(axes))

    def reshape(self, x: str, sizes: Sequence[int | None]) -> str:
        """`x` in another shape: 0 keeps the size of that axis, -1 or None is what is left."""
        return self.op("Reshape", x, self.sizes([-1 if n is None else n for n in sizes]))

    def slice(self, x: str, axis: int, start: int, stop: int, step: int = 1) -> str:
        """Part of an axis."""
        return self.op(
            "Slice", x, *(self.constant([n], INT64, "sizes") for n in (start, stop, axis, step))
        )

    def size(self, x: str, axis: int) -> str:
        """The size of an axis, as a vector of one number."""
        return self.op("Shape", x, start=axis, end=axis + 1)

    def zeros(self, sizes: Sequence[int | str], dtype: str) -> str:
        """Zeros; a size that is known only at run time is given as a vector of one number."""
        parts = [s if isinstance(s, str) else self.sizes([s]) for s in sizes]
        value = helper.make_tensor("value", element_type(dtype), [1], [0])
        return self.op("ConstantOfShape", self.op("Concat", *parts, axis=0), value=value)

    # -- loops

    @contextlib.contextmanager
    def body(self) -> Iterator[list[Any]]:
        """Collects the nodes of the block for a body, which sees the values around it."""
        outer, self.nodes = (self.nodes, self._body), []
        self._bodies += 1
        self._body = self._bodies
        try:
            yield self.nodes
        finally:
            self.nodes, self._body = outer


def element_type(dtype: str) -> int:
    """ONNX's number for a dtype."""
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def value_info(name: str, dtype: str, shape: Sequence[int | str | None]) -> Any:
    """The declaration of a value; None and words are sizes of any number."""
    sizes = [s if s is None or isinstance(s, str) else int(s) for s in shape]
    return helper.make_tensor_value_info(name, element_type(dtype), sizes)


def without_dead_nodes(nodes: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """Leaves out nodes that no output depends on."""
    needed, kept = set(outputs), []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(used_names(node))
    return kept[::-1]


def used_names(node: Any) -> set[str]:
    """What a node reads, its bodies included."""
    found = set(node.input)
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            for inner in attribute.g.node:
                found |= used_names(inner)
            found |= {v.name for v in attribute.g.output}
    return found
