"""Types and attribute values in the text form, read."""

from __future__ import annotations

import base64
import binascii
import math

import numpy as np

from kir.ir.attributes import ARRAY_DTYPES, MAX_ATTRIBUTE_DEPTH, Attribute, Opaque, Ref
from kir.ir.lexer import Lexer, Token
from kir.ir.types import DTYPES_BY_SHORT_NAME, Shape, TensorType

_CONSTANTS = {"None": None, "True": True, "False": False, "inf": math.inf, "nan": math.nan}

# Which Python types an array's elements are written as, by the kind of its dtype.
_ELEMENTS = {"b": (bool,), "i": (int,), "u": (int,), "c": ()}


def parse_type(lexer: Lexer) -> TensorType:
    """Reads a type such as ``f32[?,3]``."""
    sparse = lexer.take_if("sparse")
    token = lexer.next
    if token.kind != "word" or token.text not in DTYPES_BY_SHORT_NAME:
        lexer.fail_expected(
            f"a type such as f32[?,3], its dtype one of {', '.join(DTYPES_BY_SHORT_NAME)}"
        )
    lexer.take()
    return TensorType(DTYPES_BY_SHORT_NAME[token.text], _parse_shape(lexer), sparse)


def _parse_shape(lexer: Lexer) -> Shape | None:
    if lexer.next.text == "[" and lexer.tokens[lexer.next_index + 1].text == "*":
        lexer.next_index += 2
        lexer.expect("]")
        return None
    return tuple(_parse_dimension(lexer) for _ in lexer.items("[", "]"))


def _parse_dimension(lexer: Lexer) -> int | None:
    if lexer.take_if("?"):
        return None
    token = lexer.expect_kind("int", "a dimension: a number or '?'")
    if token.text.startswith("-"):
        lexer.fail(token.position, f"the dimension {token.text} is negative; write '?'")
    return _parse_integer(lexer, token)


def parse_named(lexer: Lexer, depth: int = 0) -> dict[str, Attribute]:
    """Reads ``{key = value, ...}``; `depth` tells how many lists, tuples and dicts are open."""
    found: dict[str, Attribute] = {}
    for _ in lexer.items("{", "}"):
        parse_pair(lexer, found, depth)
    return found


def parse_pair(lexer: Lexer, found: dict[str, Attribute], depth: int) -> None:
    """Reads ``key = value`` into `found`."""
    token = lexer.next
    if token.kind == "string":
        key = lexer.unquote(lexer.take())
    elif token.kind == "word" and "." not in token.text:
        key = lexer.take().text
    else:
        lexer.fail_expected("a name: a word or a string")
    if key in found:  # TEXT.3
        lexer.fail(token.position, f"{key!r} is given twice")
    lexer.expect("=", f" after {key!r}")
    found[key] = parse_attribute(lexer, depth)


def parse_attribute(lexer: Lexer, depth: int) -> Attribute:
    """Reads an attribute's value."""
    token = lexer.next
    if token.text in ("[", "(", "{"):
        if depth == MAX_ATTRIBUTE_DEPTH:  # TEXT.7
            lexer.fail(token.position, f"values nest more than {MAX_ATTRIBUTE_DEPTH} deep")
        if token.text == "{":
            return parse_named(lexer, depth + 1)
        if token.text == "[":
            return [parse_attribute(lexer, depth + 1) for _ in lexer.items("[", "]")]
        return _parse_tuple(lexer, depth + 1)
    if token.kind == "word":
        if token.text in _CONSTANTS:
            return _CONSTANTS[lexer.take().text]
        if token.text in DTYPES_BY_SHORT_NAME:
            return _parse_array(lexer)
        if lexer.take_if("opaque"):
            return Opaque(lexer.unquote(lexer.expect_kind("string", "a name in quotes")))
    if token.kind == "int":
        return _parse_integer(lexer, lexer.take())
    if token.kind == "float":
        return float(lexer.take().text)
    if token.kind == "string":
        return lexer.unquote(lexer.take())
    if token.kind == "ref":
        return Ref(int(lexer.take().text[1:]))
    lexer.fail_expected(
        'a value: None, True, False, a number, "text", [list], (tuple,), {key = value}, '
        'f32[2](1.0, 2.0), $operand or opaque "name"'
    )


def _parse_tuple(lexer: Lexer, depth: int) -> tuple[Attribute, ...]:
    items = [parse_attribute(lexer, depth) for _ in lexer.items("(", ")", trailing=True)]
    # `(1)` would be a number in parentheses to a reader, so it is refused.
    if len(items) == 1 and lexer.tokens[lexer.next_index - 2].text != ",":
        lexer.fail(lexer.tokens[lexer.next_index - 1].position, "a tuple of one ends in ',)'")
    return tuple(items)


def _parse_array(lexer: Lexer) -> np.ndarray:
    token = lexer.next
    array_type = parse_type(lexer)
    shape = [size for size in array_type.shape or () if size is not None]
    if array_type.dtype not in ARRAY_DTYPES or not array_type.is_static:  # TEXT.6
        lexer.fail(token.position, f"an array cannot have the type {array_type}")
    try:
        dtype = np.dtype(array_type.dtype)
    except TypeError:
        lexer.fail(
            token.position,
            f"NumPy has no {array_type.dtype} here; import ml_dtypes before reading the text",
        )
    if lexer.take_if("base64"):
        data = _parse_base64(lexer, token, math.prod(shape) * dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(shape).copy()
    return _parse_array_list(lexer, token, array_type, shape, dtype)


def _parse_base64(lexer: Lexer, array: Token, size: int) -> bytes:
    token = lexer.expect_kind("string", "base64 text in quotes")
    try:
        data = base64.b64decode(token.text[1:-1], validate=True)
    except (binascii.Error, ValueError):
        lexer.fail(token.position, "this is no base64 text")
    if len(data) != size:  # TEXT.6
        lexer.fail(array.position, f"the array holds {len(data)} bytes, not {size}")
    return data


def _parse_array_list(
    lexer: Lexer, token: Token, array_type: TensorType, shape: list[int], dtype: np.dtype
) -> np.ndarray:
    items = [parse_attribute(lexer, 0) for _ in lexer.items("(", ")")]
    count = math.prod(shape)
    if len(items) != count:  # TEXT.6
        lexer.fail(token.position, f"{array_type} has {count} elements, not {len(items)}")
    allowed = _ELEMENTS.get(dtype.kind, (int, float))
    if any(type(item) not in allowed for item in items):
        lexer.fail(token.position, f"an element does not fit the type {array_type}")
    try:
        with np.errstate(over="raise"):
            return np.array(items, dtype).reshape(shape)
    except (OverflowError, FloatingPointError):
        lexer.fail(token.position, f"an element is too large for {array_type.dtype}")


def _parse_integer(lexer: Lexer, token: Token) -> int:
    try:
        return int(token.text)
    except ValueError:  # Python reads some thousands of digits, not more
        lexer.fail(token.position, "the number has too many digits")
