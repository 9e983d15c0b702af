"""A table of malformed texts: what the message says and where its caret stands."""

import pytest

from kir.errors import FileFormatError
from kir.ir import parse
from kir.ir.attributes import MAX_ATTRIBUTE_DEPTH
from kir.ir.graph import MAX_REGION_DEPTH


def body(text: str) -> str:
    return f"graph @g(%x: f32[?,3]) -> () {{\n  {text}\n  return\n}}"


def attribute(text: str) -> str:
    return body(f"k.f() {{a = {text}}} : ()")


def nest(depth: int) -> str:
    opened = "graph @g() -> () { k.f() : () " * depth
    return opened + "graph @g() -> () { return }" + " return }" * depth


# The text, what stands at the caret (None: not said), a part of the message.
ERRORS = [
    # TEXT.1: the grammar
    ("", None, "expected 'graph', found the end of the text"),
    ("{", "{", "expected 'graph', found '{'"),
    ("graph g", "g", "expected the graph's name, written @name, found 'g'"),
    ("graph @g(x)", "x)", "expected an input, written %name: type, found 'x'"),
    ("graph @g(%x f32[])", "f32", "expected ':' and the input's type, found 'f32'"),
    ("graph @g(%x:f32[])", "[", "expected ':' and the input's type, found '['"),
    ("graph @g(%x: f32[)", ")", "expected a dimension: a number or '?', found ')'"),
    ("graph @g(%x: f32[-1])", "-1", "the dimension -1 is negative; write '?'"),
    ("graph @g(%x: float32[3])", "float32", "expected a type such as f32[?,3], its dtype one of"),
    ("graph @g(%x: f32)", ")", "expected '[', found ')'"),
    ("graph @g() {", "{", "expected '->' and the types of the outputs, found '{'"),
    ("graph @g() -> () { return } return", "return", "expected the end of the text after the"),
    (body("keras (%x) : ()"), "keras", "expected an op such as keras.Dense, or 'return'"),
    (body("%a k.f() : f32[]"), "k.f", "expected '=' and the op, found 'k.f'"),
    (body("%a, = k.f() : f32[]"), "=", "expected a result, written %name, found '='"),
    (body("%a = k.f() f32[]"), "f32[]", "expected ':' and the types of the results"),
    (body("k.f(%x {}) : ()"), "{})", "expected ',' or ')', found '{'"),
    (body("k.f(a = 1, %x) : ()"), "%x)", "operands stand before arguments"),
    (body("k.f(%x) [%x] : ()"), "%x]", "expected a weight, written @name, found '%x'"),
    (body("% = k.f() : f32[]"), "% =", "expected a name after '%'"),
    (attribute("yes"), "yes", "expected a value: None, True, False, a number"),
    (attribute("[1 2]"), "2]", "expected ',' or ']', found '2'"),
    (attribute("(1)"), ")}", "a tuple of one ends in ',)'"),
    (attribute("{b: 1}"), ": 1}", "expected '=' after 'b', found ':'"),
    (attribute("{b.c = 1}"), "b.c", "expected a name: a word or a string"),
    (attribute("<object x>"), "<", "stands for an object that the text form cannot hold"),
    (attribute('"open'), '"open', "this string has no closing '\"' on its line"),
    (attribute(r'"a\q"'), r"\q", r"unknown escape '\q'"),
    (attribute(r'"a\u{110000}"'), r"\u", r"unknown escape '\u{110000}'"),
    (attribute("1;"), ";", "unexpected character ';'"),
    (attribute("9" * 5000), "9" * 9, "the number has too many digits"),
    (body("weight @w : f32[3]\n  k.f() : ()") + "}", None, "expected the end of the text"),
    (body("weight @w : f32[3] {a = 1}"), "{a", "a weight has no 'a', only initializer"),
    (body("k.f() : ()\n  weight @w : f32[3]"), "weight", "expected an op such as keras.Dense"),
    # TEXT.2: definition before use
    (body("k.f(%y) : ()"), "%y)", "value %y is not defined"),
    (body("k.f(@w) : ()"), "@w)", "weight @w is not defined"),
    (
        body("%dense_1 = k.f() : f32[]\n  k.f(%dens_1) : ()"),
        "%dens_1",
        "value %dens_1 is not defined (did you mean %dense_1?).",
    ),
    # TEXT.3: one definition
    (body("%x = k.f() : f32[]"), "%x =", "%x is defined already"),
    (body("weight @w : f32[]\n  weight @w : f64[]"), "@w : f64", "@w is defined already"),
    (attribute("1, a = 2"), "a = 2", "'a' is given twice"),
    # TEXT.4: where weights stand
    (
        body("k.f() : () graph @r() -> () { weight @w : f32[] return }"),
        "weight",
        "a nested graph declares a weight; declare it at the top of the outermost one",
    ),
    # TEXT.5: types
    (body("%a = k.f() : ()"), ": ()", "0 types for 1 results"),
    ("graph @g(%x: f32[]) -> () { return %x }", "() {", "declares () but returns (f32[])"),
    # TEXT.6: arrays
    (attribute("f32[2](1.0)"), "f32[2]", "f32[2] has 2 elements, not 1"),
    (attribute("f32[99999999999]()"), "f32[9", "f32[99999999999] has 99999999999 elements"),
    (attribute("f32[?](1.0)"), "f32[?]", "an array cannot have the type f32[?]"),
    (attribute('str[1]("a")'), "str[1]", "an array cannot have the type str[1]"),
    (attribute("i32[1](1.5)"), "i32", "an element does not fit the type i32[1]"),
    (attribute("bool[1](1)"), "bool", "an element does not fit the type bool[1]"),
    (attribute("u8[1](256)"), "u8", "an element is too large for uint8"),
    (attribute("f16[1](1e9)"), "f16", "an element is too large for float16"),
    (attribute('f32[1] base64 "AAA="'), "f32", "the array holds 2 bytes, not 4"),
    (attribute('f32[1] base64 "=!"'), '"=!"', "this is no base64 text"),
    # TEXT.7: depth
    (attribute("[" * (MAX_ATTRIBUTE_DEPTH + 1)), "[} : ()", "values nest more than 40 deep"),
    (attribute("[" * 100_000), None, "values nest more than 40 deep"),
    (nest(MAX_REGION_DEPTH + 1), None, "graphs nest more than 64 deep"),
]


@pytest.mark.parametrize(
    ("text", "token", "problem"), ERRORS, ids=[f"{i}-{row[2][:30]}" for i, row in enumerate(ERRORS)]
)
def test_error(text, token, problem):
    with pytest.raises(FileFormatError) as caught:
        parse(text, "model.kir")
    message = str(caught.value)
    assert problem in message
    head, line, caret = message.rsplit("\n", 2)
    assert head.startswith("model.kir, line ")
    number, column = (int(part.split()[1]) for part in head.split(":")[0].split(",")[1:])
    rest = text.split("\n")[number - 1][column - 1 :]
    assert line[caret.index("^") :] == rest[: len(line) - caret.index("^")]
    if token is not None:
        assert rest.startswith(token)


def test_message_shows_the_line_with_a_caret():
    with pytest.raises(FileFormatError) as caught:
        parse("// a model\n\ngraph @g(%abc: f32[?,3]) -> () {\n  return %abd\n}\n", "m.kir")
    assert str(caught.value) == (
        "m.kir, line 4, column 10: value %abd is not defined (did you mean %abc?).\n"
        "      return %abd\n"
        "             ^"
    )


def test_comments_and_layout_are_free():
    text = """// Copyright
graph @g(%x: f32[?,3], // the input
         %y: f32[?,3]) -> (f32[?,3])
{%z=k.f(%x,%y){a=[1,2,],b=(1,2,)} :f32[?,3]return %z}  // done"""
    with pytest.raises(FileFormatError, match=r"line 4, column 23: expected a value"):
        parse(text)
    graph = parse(text.replace("2,]", "2]"))
    assert graph.nodes[0].attributes == {"a": [1, 2], "b": (1, 2)}


def test_a_weight_that_nothing_uses_is_dropped():
    graph = parse("graph @g() -> () { weight @w : f32[3] return }")
    assert graph.weights == ()
