"""Splits the text form into tokens and reports errors with the line they are in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from kir.errors import FileFormatError
from kir.ir.printer import BARE_NAME, WORD

_STRING = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_TOKEN = re.compile(
    rf"""
      (?P<blank> (?: \s | //[^\n]* )+ )
    | (?P<value> %(?:{_STRING}|{BARE_NAME})?(?:\#[0-9]{{1,9}})? )
    | (?P<symbol> @(?:{_STRING}|{BARE_NAME})?(?:\#[0-9]{{1,9}})? )
    | (?P<string> {_STRING} )
    | (?P<ref> \$[0-9]{{1,9}} )
    | (?P<float> -?[0-9]+(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+) | -inf\b )
    | (?P<int> -?[0-9]+ )
    | (?P<word> {WORD} )
    | (?P<mark> -> | [()\[\]{{}},:=?*] )
    """,
    re.VERBOSE,
)
_NAME = re.compile(rf"[%@]({_STRING}|{BARE_NAME})?(?:\#([0-9]+))?", re.DOTALL)
_ESCAPE = re.compile(r"\\(u\{([0-9a-fA-F]{1,6})\}|.)", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}

# Of a long line, an error shows only so much to each side of its caret.
_SHOWN_WIDTH = 60


class Token(NamedTuple):
    """A token: its kind (a group of the pattern above, or ``end``), its text, where it starts."""

    kind: str
    text: str
    position: int

    def describe(self) -> str:
        """The token as a message names it."""
        if self.kind == "end":
            return "the end of the text"
        text = self.text if len(self.text) <= 40 else self.text[:37] + "..."
        return f"'{text}'"


class Lexer:
    """A cursor over the tokens of a text."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.tokens = list(self._tokens())
        self.next_index = 0

    def _tokens(self) -> list[Token]:
        tokens = []
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                self.fail(position, self._bad_character(position))
            kind = match.lastgroup
            assert kind is not None
            if kind != "blank":
                tokens.append(Token(kind, match.group(), position))
            position = match.end()
        tokens.append(Token("end", "", position))
        return tokens

    def _bad_character(self, position: int) -> str:
        char = self.text[position]
        if char == '"':
            return "this string has no closing '\"' on its line (write a line break as \\n)"
        if char == "<":
            return (
                "'<...>' stands for an object that the text form cannot hold; "
                "expected None, a boolean, number, string, list, tuple, dict or array"
            )
        return f"unexpected character {char!r}"

    @property
    def next(self) -> Token:
        """The token that `take` would take."""
        return self.tokens[self.next_index]

    def take(self) -> Token:
        """Takes the next token; at the end it stays the same one."""
        token = self.tokens[self.next_index]
        self.next_index += token.kind != "end"
        return token

    def take_if(self, text: str) -> bool:
        """Takes the next token if it is the mark or word `text`."""
        taken = self.next.text == text  # a string's text has its quotes
        self.next_index += taken
        return taken

    def expect(self, text: str, context: str = "") -> Token:
        """Takes the mark or word `text`; `context` adds to the message where it is missing."""
        token = self.next
        if not self.take_if(text):
            self.fail_expected(f"'{text}'{context}")
        return token

    def expect_kind(self, kind: str, description: str) -> Token:
        """Takes a token of a kind."""
        if self.next.kind != kind:
            self.fail_expected(description)
        return self.take()

    def items(self, opening: str, closing: str, trailing: bool = False) -> Iterator[None]:
        """Yields before each item of a list in brackets; the caller takes the item itself."""
        self.expect(opening)
        if self.take_if(closing):
            return
        while True:
            yield
            if self.take_if(closing):
                return
            if not self.take_if(","):
                self.fail_expected(f"',' or '{closing}'")
            if trailing and self.take_if(closing):
                return

    def fail_expected(self, expected: str) -> NoReturn:
        """Raises an error that says what was expected instead of the next token."""
        # TEXT.1
        self.fail(self.next.position, f"expected {expected}, found {self.next.describe()}")

    def fail(self, position: int, problem: str) -> NoReturn:
        """Raises a `FileFormatError` that shows the line with a caret under `position`."""
        start = self.text.rfind("\n", 0, position) + 1
        end = self.text.find("\n", position)
        line = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
        number = self.text.count("\n", 0, start) + 1
        column = position - start
        first = max(0, column - _SHOWN_WIDTH)
        shown = line[first : column + _SHOWN_WIDTH].replace("\t", " ")
        raise FileFormatError(
            f"{self.source}, line {number}, column {column + 1}: {problem}.\n"
            f"    {shown}\n    {' ' * (column - first)}^"
        )

    def unquote(self, token: Token) -> str:
        """The text that a string token stands for."""
        return self._unescape(token.text, token.position)

    def name(self, token: Token) -> tuple[str, int]:
        """The name of a value or symbol token and its number: ``%x#2`` is ``('x', 2)``."""
        match = _NAME.fullmatch(token.text)
        assert match is not None
        name, number = match.groups()
        if name is None and number is None:
            self.fail(token.position, f"expected a name after '{token.text}'")
        if name is None:
            name = ""
        elif name.startswith('"'):
            name = self._unescape(name, token.position + 1)
        return name, int(number or 1)

    def _unescape(self, quoted: str, position: int) -> str:
        if "\\" not in quoted:
            return quoted[1:-1]

        def replace(match: re.Match[str]) -> str:
            if match[2] is not None and int(match[2], 16) <= 0x10FFFF:
                return chr(int(match[2], 16))
            if match[1] not in _ESCAPES:
                self.fail(
                    position + match.start(),
                    f"unknown escape '{match[0]}'; expected one of "
                    r"\" \\ \n \r \t \u{...}",
                )
            return _ESCAPES[match[1]]

        # Found before the quotes are cut off, so that a position in the match is one in the text.
        return _ESCAPE.sub(replace, quoted)[1:-1]
