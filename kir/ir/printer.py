"""The text form, written. Its grammar is `specs/text-form.md`; the reader is `kir.ir.parser`.

Printing never fails, not even on a graph that breaks every rule: it is what messages about broken
graphs are made of. What no file can hold is printed as `<...>`, which the parser refuses.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

import numpy as np

from kir.ir.attributes import ARRAY_DTYPES, Attribute, Opaque, Ref
from kir.ir.graph import Graph, Node, Value, Weight
from kir.ir.ops import without_defaults
from kir.ir.types import DTYPE_NAMES, TensorType

BARE_NAME = r"\w+(?:[-./:]\w+)*"
WORD = r"[^\W\d]\w*(?:\.\w+)*"
KEY = r"[^\W\d]\w*"

_BARE_NAME = re.compile(BARE_NAME)
_OP = re.compile(r"[^\W\d]\w*(?:\.\w+)+")
_KEY = re.compile(KEY)

# Longer arrays are written as base64 text.
LONGEST_ARRAY_LIST = 64

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def print_graph(graph: Graph) -> str:
    """The text form of a whole graph, without a newline at the end.

    Args:
        graph: any graph, even one that breaks rules.
    """
    return "\n".join(_Printer().graph_lines(graph, ""))


def print_node(node: Node) -> str:
    """The text form of one node, its region included.

    Args:
        node: any node.
    """
    return "\n".join(_Printer().node_lines(node, _Names("%"), ""))


def print_attribute(value: Attribute) -> str:
    """The text form of an attribute's value."""
    kind = type(value)
    if value is None or kind in (bool, int, float):
        return repr(value)
    if kind is str:
        return quote(value)
    if kind is list:
        return f"[{', '.join(map(print_attribute, value))}]"
    if kind is tuple:
        return f"({', '.join(map(print_attribute, value))}{',' if len(value) == 1 else ''})"
    if kind is dict:
        return print_named(value)
    if kind is Ref:
        return f"${value.index}"
    if kind is Opaque:
        return f"opaque {quote(value.name)}"
    if kind is np.ndarray and value.dtype.name in ARRAY_DTYPES and value.dtype.isnative:
        return _print_array(value)
    return f"<{kind.__name__} {value!r}>"


def print_named(attributes: Mapping[str, Attribute]) -> str:
    """Named attributes, written ``{filters = 32, padding = "same"}``."""
    return f"{{{', '.join(_print_pairs(attributes))}}}"


def print_types(types: Iterable[TensorType]) -> str:
    """Types in parentheses, written ``(f32[?,3], bool[?])``."""
    return f"({', '.join(map(str, types))})"


def quote(text: str) -> str:
    """`text` in double quotes; what is not printable is escaped."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(char: str) -> str:
    return _ESCAPES.get(char) or (char if char.isprintable() else f"\\u{{{ord(char):x}}}")


def _print_pairs(attributes: Mapping[str, Attribute]) -> Iterator[str]:
    for key, value in attributes.items():
        bare = isinstance(key, str) and _KEY.fullmatch(key)
        yield f"{key if bare else quote(str(key))} = {print_attribute(value)}"


def _print_array(array: np.ndarray) -> str:
    prefix = f"{DTYPE_NAMES[array.dtype.name]}[{','.join(map(str, array.shape))}]"
    if array.size <= LONGEST_ARRAY_LIST and array.dtype.kind != "c":
        # The scalars of NumPy print themselves exactly; those of bfloat16 are not NumPy's own.
        show = str if array.dtype.kind in "fiub" else lambda item: repr(float(item))
        texts = [show(item) for item in array.ravel()]
        if array.dtype.kind in "iub" or _is_exact(texts, array):
            return f"{prefix}({', '.join(texts)})"
    return f'{prefix} base64 "{base64.b64encode(array.tobytes()).decode("ascii")}"'


def _is_exact(texts: list[str], array: np.ndarray) -> bool:
    """Whether decimals say every bit: those of a NaN with a payload or a sign do not."""
    return np.array(list(map(float, texts)), array.dtype).tobytes() == array.tobytes()


class _Names:
    """Gives values distinct names: a second `%x` is `%x#2`, a value without a name `%#1`."""

    def __init__(self, sigil: str) -> None:
        self.sigil = sigil
        self.texts: dict[Value, str] = {}
        self.counts: dict[str, int] = {}

    def __call__(self, value: Value) -> str:
        text = self.texts.get(value)
        if text is None:
            name = value.name
            count = self.counts[name] = self.counts.get(name, 0) + 1
            suffix = f"#{count}" if count > 1 or not name else ""
            text = self.texts[value] = print_name(self.sigil, name) + suffix
        return text


def print_name(sigil: str, name: str) -> str:
    """A name after its sigil, quoted where it is no plain word."""
    if not name or _BARE_NAME.fullmatch(name):
        return sigil + name
    return sigil + quote(name)


class _Printer:
    """Prints one outermost graph. Weights have one scope, the values of each region their own."""

    def __init__(self) -> None:
        self.weights = _Names("@")

    def graph_lines(self, graph: Graph, indent: str) -> Iterator[str]:
        values = _Names("%")
        inputs = ", ".join(f"{values(v)}: {v.type}" for v in graph.inputs)
        name = print_name("@", graph.name) if graph.name else '@""'
        types = print_types(v.type for v in graph.outputs)
        attributes = f" attributes {print_named(graph.attributes)}" if graph.attributes else ""
        yield f"{indent}graph {name}({inputs}) -> {types}{attributes} {{"
        inner = indent + "  "
        if not indent:
            for weight in graph.weights:
                yield inner + self.weight_line(weight)
        for node in graph.nodes:
            yield from self.node_lines(node, values, inner)
        outputs = ", ".join(self.operand(v, values) for v in graph.outputs)
        yield f"{inner}return {outputs}".rstrip()
        yield f"{indent}}}"

    def weight_line(self, weight: Weight) -> str:
        given = weight.settings()
        frozen = "" if weight.trainable else " frozen"
        attributes = f" {print_named(given)}" if given else ""
        return f"weight {self.weights(weight)} : {weight.type}{frozen}{attributes}"

    def operand(self, value: Value, values: _Names) -> str:
        return self.weights(value) if isinstance(value, Weight) else values(value)

    def operands(self, node: Node, values: _Names) -> Iterator[str]:
        # Masks that are all absent differ from no masks, so one of them has to be written.
        write_none = bool(node.masks) and all(mask is None for mask in node.masks)
        for value, mask in zip_longest(node.inputs, node.masks):
            text = self.operand(value, values) if value is not None else "<no input>"
            if mask is not None:
                text += f" mask {self.operand(mask, values)}"
            elif write_none:
                text += " mask none"
                write_none = False
            yield text
        yield from _print_pairs(node.arguments)

    def node_lines(self, node: Node, values: _Names, indent: str) -> Iterator[str]:
        op = node.op if _OP.fullmatch(node.op) else quote(node.op)
        operands = f"({', '.join(self.operands(node, values))})"
        parts = [f"{op} {quote(node.name)} {operands}" if node.name else op + operands]
        if node.outputs:
            parts.insert(0, ", ".join(map(values, node.outputs)) + " =")
        if node.weights:
            parts.append(f"[{', '.join(map(self.weights, node.weights))}]")
        if attributes := without_defaults(node.op, node.attributes):
            parts.append(print_named(attributes))
        types = [v.type for v in node.outputs]
        parts.append(f": {types[0] if len(types) == 1 else print_types(types)}")
        yield indent + " ".join(parts)
        if node.region is not None:
            yield from self.graph_lines(node.region, indent + "  ")
