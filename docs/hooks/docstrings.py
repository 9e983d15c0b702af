"""What mkdocstrings is to show otherwise than griffe reads it.

Signatures of layers come from their fields; sections of kir's own (Shape, Weights, Reference) look
like those that griffe knows; an annotation that says nothing is left out.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from typing import Any

import griffe

_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    inspect.Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
    inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
    inspect.Parameter.VAR_KEYWORD: griffe.ParameterKind.var_keyword,
}
# Returns is among them, as griffe takes its first words for a name.
_OWN_SECTION = re.compile(
    r"^(Returns|Shape|Weights|Reference):\n((?:    .*\n?|\n(?=    ))+)", re.MULTILINE
)
_EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s)]*[^\s).,]")


class Docstrings(griffe.Extension):
    """Changes objects when they are loaded."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrites the docstring."""
        if obj.docstring is not None:
            text = _OWN_SECTION.sub(_as_list, obj.docstring.value)
            obj.docstring.value = _EXAMPLE.sub("Examples:", text)

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """Leaves out annotations that anything fits."""
        for parameter in func.parameters:
            if str(parameter.annotation) == "Any":
                parameter.annotation = None
        if str(func.returns) == "Any":
            func.returns = None

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Gives a class whose `__init__` is made, or inherited, the real one."""
        if not cls.path.startswith("kir.") or cls.name.startswith("_") or "__init__" in cls.members:
            return
        found: Any = importlib.import_module(cls.module.path)
        for name in cls.path.removeprefix(cls.module.path + ".").split("."):
            found = getattr(found, name, None)
        if inspect.isclass(found) and inspect.isfunction(found.__init__):
            cls.set_member("__init__", _function(found.__init__))


def _as_list(match: re.Match[str]) -> str:
    """A section of kir's own as bold title and list, one item a sentence that ends its line."""
    text = textwrap.dedent(match[2]).strip()
    items = [" ".join(item.split()) for item in re.split(r"(?<=\.)\n", text)]
    items = [_ADDRESS.sub(r"<\g<0>>", item.replace("->", "→")) for item in items]
    return f"**{match[1]}:**\n\n" + "".join(f"- {_escaped(item)}\n" for item in items) + "\n"


def _escaped(text: str) -> str:
    """`text` with stars that Markdown would take for emphasis made plain, outside of code."""
    parts = text.split("`")
    parts[::2] = [part.replace("*", r"\*") for part in parts[::2]]
    return "`".join(parts)


def _function(function: Any) -> griffe.Function:
    parameters = [
        griffe.Parameter(
            parameter.name,
            kind=_KINDS[parameter.kind],
            default=None if parameter.default is parameter.empty else repr(parameter.default),
        )
        for parameter in inspect.signature(function).parameters.values()
    ]
    return griffe.Function("__init__", parameters=griffe.Parameters(*parameters))
