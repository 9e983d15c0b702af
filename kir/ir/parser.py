"""The text form, read: recursive descent over the grammar of `specs/text-form.md`."""

from __future__ import annotations

import difflib
from typing import TypeVar

from kir.ir.attributes import Attribute
from kir.ir.graph import MAX_REGION_DEPTH, Graph, Node, Value, Weight
from kir.ir.lexer import Lexer, Token
from kir.ir.literals import parse_named, parse_pair, parse_type
from kir.ir.ops import with_defaults
from kir.ir.printer import print_types
from kir.ir.types import TensorType

_V = TypeVar("_V", bound=Value)

_WEIGHT_KEYS = ("initializer", "regularizer", "constraint")


def parse(text: str, source: str = "text form") -> Graph:
    """Reads a graph from its text form.

    The text is checked as such; whether the graph obeys the rules is `kir.ir.verify`'s question.

    Args:
        text: what `print_graph` wrote, or what a person did.
        source: what to call the text in messages, e.g. its file's name.

    Raises:
        FileFormatError: the text is malformed; the message shows the line and points into it.
    """
    parser = _Parser(Lexer(text, source))
    graph = parser.graph(0)
    parser.lexer.expect_kind("end", "the end of the text after the outermost graph")
    return graph


class _Scope(dict[tuple[str, int], _V]):
    """The values or weights that a part of the text may name."""

    def define(self, lexer: Lexer, token: Token, value: _V) -> None:
        if lexer.name(token) in self:
            lexer.fail(token.position, f"{token.text} is defined already")  # TEXT.3
        self[lexer.name(token)] = value

    def use(self, lexer: Lexer, token: Token, kind: str) -> _V:
        found = self.get(lexer.name(token))
        if found is None:  # TEXT.2
            lexer.fail(token.position, f"{kind} {token.text} is not defined{self._hint(token)}")
        return found

    def _hint(self, token: Token) -> str:
        names = [token.text[0] + name + f"#{number}" * (number > 1) for name, number in self]
        near = difflib.get_close_matches(token.text, names, n=3)
        return f" (did you mean {', '.join(near)}?)" if near else ""


class _Parser:
    """Has a method for each rule of the grammar."""

    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer
        self.weights: _Scope[Weight] = _Scope()

    def graph(self, depth: int) -> Graph:
        lexer = self.lexer
        if depth > MAX_REGION_DEPTH:  # TEXT.7
            lexer.fail(lexer.next.position, f"graphs nest more than {MAX_REGION_DEPTH} deep")
        lexer.expect("graph")
        name = self.graph_name()
        values: _Scope[Value] = _Scope()
        inputs = [self.graph_input(values) for _ in lexer.items("(", ")")]
        lexer.expect("->", " and the types of the outputs")
        types_position = lexer.next.position
        types = [parse_type(lexer) for _ in lexer.items("(", ")")]
        attributes = parse_named(lexer) if lexer.take_if("attributes") else {}
        lexer.expect("{")
        while lexer.next.text == "weight":
            if depth:  # TEXT.4
                lexer.fail(
                    lexer.next.position,
                    "a nested graph declares a weight; declare it at the top of the outermost one",
                )
            self.weight()
        nodes = []
        while not lexer.take_if("return"):
            nodes.append(self.node(values, depth))
        outputs = self.returned(values)
        lexer.expect("}")
        if [value.type for value in outputs] != types:  # TEXT.5
            lexer.fail(
                types_position,
                f"the graph declares {print_types(types)} but returns "
                f"{print_types(value.type for value in outputs)}",
            )
        return Graph(name, inputs, outputs, nodes, attributes)

    def graph_name(self) -> str:
        token = self.lexer.expect_kind("symbol", "the graph's name, written @name")
        return self.lexer.name(token)[0]

    def graph_input(self, values: _Scope[Value]) -> Value:
        lexer = self.lexer
        token = lexer.expect_kind("value", "an input, written %name: type")
        lexer.expect(":", " and the input's type")
        value = Value(parse_type(lexer), lexer.name(token)[0])
        values.define(lexer, token, value)
        return value

    def returned(self, values: _Scope[Value]) -> list[Value]:
        lexer = self.lexer
        outputs = []
        if lexer.next.text != "}":
            outputs.append(self.operand(values))
            while lexer.take_if(","):
                outputs.append(self.operand(values))
        return outputs

    def weight(self) -> None:
        lexer = self.lexer
        lexer.expect("weight")
        token = lexer.expect_kind("symbol", "the weight's name, written @name")
        lexer.expect(":", " and the weight's type")
        kind, name = parse_type(lexer), lexer.name(token)[0]
        trainable = not lexer.take_if("frozen")
        settings: dict[str, Attribute] = {}
        if lexer.next.text == "{":
            position = lexer.next.position
            for key, value in parse_named(lexer).items():
                if key not in _WEIGHT_KEYS:
                    lexer.fail(position, f"a weight has no {key!r}, only {', '.join(_WEIGHT_KEYS)}")
                settings[key] = value
        weight = Weight(kind, name, trainable=trainable, **settings)
        self.weights.define(lexer, token, weight)

    def node(self, values: _Scope[Value], depth: int) -> Node:
        lexer = self.lexer
        results = self.results()
        op = self.op()
        name = lexer.unquote(lexer.take()) if lexer.next.kind == "string" else ""
        inputs, masks, arguments = self.operands(values)
        weights: list[Weight] = []
        if lexer.next.text == "[":
            for _ in lexer.items("[", "]"):
                token = lexer.expect_kind("symbol", "a weight, written @name")
                weights.append(self.weights.use(lexer, token, "weight"))
        attributes = parse_named(lexer) if lexer.next.text == "{" else {}
        colon = lexer.expect(":", " and the types of the results")
        types = self.result_types()
        if len(types) != len(results):  # TEXT.5
            lexer.fail(colon.position, f"{len(types)} types for {len(results)} results")
        region = self.graph(depth + 1) if lexer.next.text == "graph" else None
        node = Node(
            op,
            inputs,
            types,
            name=name,
            masks=masks,
            attributes=with_defaults(op, attributes),
            arguments=arguments,
            weights=weights,
            region=region,
            output_names=[lexer.name(token)[0] for token in results],
        )
        for token, value in zip(results, node.outputs, strict=True):
            values.define(lexer, token, value)
        return node

    def results(self) -> list[Token]:
        lexer = self.lexer
        if lexer.next.kind != "value":
            return []
        tokens = [lexer.take()]
        while lexer.take_if(","):
            tokens.append(lexer.expect_kind("value", "a result, written %name"))
        lexer.expect("=", " and the op")
        return tokens

    def op(self) -> str:
        token = self.lexer.next
        if token.kind == "string":
            return self.lexer.unquote(self.lexer.take())
        if token.kind != "word" or "." not in token.text:
            self.lexer.fail_expected("an op such as keras.Dense, or 'return'")
        return self.lexer.take().text

    def result_types(self) -> list[TensorType]:
        lexer = self.lexer
        if lexer.next.text == "(":
            return [parse_type(lexer) for _ in lexer.items("(", ")")]
        return [parse_type(lexer)]

    def operands(
        self, values: _Scope[Value]
    ) -> tuple[list[Value], list[Value | None], dict[str, Attribute]]:
        """The inputs, their masks (none at all where no input has one), the call's arguments."""
        lexer = self.lexer
        inputs: list[Value] = []
        masks: list[Value | None] = []
        arguments: dict[str, Attribute] = {}
        has_masks = False
        for _ in lexer.items("(", ")"):
            if lexer.next.kind in ("word", "string"):
                parse_pair(lexer, arguments, 0)
                continue
            if arguments:
                lexer.fail_expected("another argument: operands stand before arguments")
            inputs.append(self.operand(values))
            masks.append(None)
            if lexer.take_if("mask"):
                has_masks = True
                if not lexer.take_if("none"):
                    masks[-1] = self.operand(values)
        return inputs, masks if has_masks else [], arguments

    def operand(self, values: _Scope[Value]) -> Value:
        lexer = self.lexer
        if lexer.next.kind == "symbol":
            return self.weights.use(lexer, lexer.take(), "weight")
        token = lexer.expect_kind("value", "a value, written %name, or a weight, written @name")
        return values.use(lexer, token, "value")
