"""Every public name says what it takes and gives, what it raises, and where it comes from."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap

import pytest

from tests.docs.guides import DOCS

sys.path.insert(0, str(DOCS / "hooks"))
import api_reference

MODULES = sorted({name for page in api_reference.PAGES.values() for name in page.modules})
# Functions of tensors or arrays: they have shapes.
OF_TENSORS = {
    "kir.activations",
    "kir.backend",
    "kir.constraints",
    "kir.initializers",
    "kir.layers",
    "kir.losses",
    "kir.metrics",
    "kir.regularizers",
}
# Of those the ones that take and give none.
WITHOUT_SHAPES = {
    *("deserialize", "get", "serialize"),
    # settings and names
    *("backend", "clear_session", "epsilon", "floatx", "get_uid", "name_scope", "reset_uids"),
    *("image_data_format", "image_dim_ordering", "normalize_data_format", "set_epsilon"),
    *("set_floatx", "set_image_data_format", "set_image_dim_ordering", "set_learning_phase"),
    *("get_session", "set_session", "learning_phase", "manual_variable_initialization"),
    # questions about a tensor
    *("count_params", "dtype", "get_variable_shape", "int_shape", "is_keras_tensor"),
    *("is_placeholder", "is_sparse", "is_tensor", "ndim"),
    # lists of variables
    *("batch_get_value", "batch_set_value", "set_value"),
    # what describes, and is no function of, tensors
    *("Draw", "Filled", "Given", "InputSpec", "Joined", "Layer", "RandomDraw"),
    *("draw_initial_value", "layer_from_config", "layer_table", "Model", "Sequential"),
}
# kir's own, or what Keras's modules merely hold.
WITHOUT_SOURCE = {
    "kir.initializers": {"Filled", "Given", "Joined", "RandomDraw", "draw_initial_value"},
    "kir.layers": {"InputSpec", "layer_from_config", "layer_table"},
    "kir.callbacks": {"BatchLogs"},
}
HAS_SOURCES = [name for name in MODULES if name not in ("kir", "kir.ir")]


def public(module_name):
    """The public names of a module with what they stand for."""
    module = importlib.import_module(module_name)
    skipped = api_reference.ELSEWHERE.get(module_name, set())
    for name in api_reference.public_names(module):
        if name not in skipped:
            yield name, getattr(module, name)


def docstring(value):
    return inspect.cleandoc(value.__doc__ or "")


def sections(text):
    """The sections of a docstring, by title."""
    found = re.split(r"^([A-Z]\w+):\n", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def described(text):
    """The parameters that `Args` (or `Attributes`, of dataclasses) describes."""
    parts = sections(text)
    names = set()
    for line in (parts.get("Args", "") + "\n" + parts.get("Attributes", "")).splitlines():
        match = re.match(r"    (\*{0,2}\w+(?:(?:, | \.\.\. )\*{0,2}\w+)*):", line)
        if match:
            names.update(re.split(r", | (?=\.\.\.)|(?<=\.\.\.) ", match[1].replace("*", "")))
    return names


def parameters(value):
    found = inspect.signature(value).parameters.values()
    collects = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in found if p.name != "self" and p.kind not in collects]


def missing(module_name, problem):
    """The names of a module that have the problem."""
    return [name for name, value in public(module_name) if problem(name, value)]


@pytest.mark.parametrize("module", MODULES)
def test_the_first_line_says_what_it_is(module):
    def has_no_summary(name, value):
        first = docstring(value).split("\n")[0]
        return not first.endswith((".", "::", ":")) or len(first) < 8

    assert not missing(module, has_no_summary)


@pytest.mark.parametrize("module", MODULES)
def test_every_argument_is_described(module):
    def has_others(name, value):
        text = docstring(value)
        known = described(text)
        if "..." in known:  # `units ... dropout: see LSTMCell`
            return False
        return set(parameters(value)) - known

    assert not missing(module, has_others)


@pytest.mark.parametrize("module", sorted(OF_TENSORS))
def test_functions_of_tensors_say_their_shapes(module):
    def has_no_shape(name, value):
        return name not in WITHOUT_SHAPES and "Shape" not in sections(docstring(value))

    assert not missing(module, has_no_shape)


def raises(value):
    """Whether the function's own body raises something."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(value))))
    except (OSError, TypeError):
        return False
    return any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(tree))


@pytest.mark.parametrize("module", MODULES)
def test_functions_that_raise_say_what(module):
    def is_silent(name, value):
        is_function = inspect.isfunction(value)
        return is_function and raises(value) and "Raises" not in sections(docstring(value))

    assert not missing(module, is_silent)


@pytest.mark.parametrize("module", HAS_SOURCES)
def test_every_name_says_where_it_comes_from(module):
    family = docstring(importlib.import_module(module))
    if "Reference" in sections(family):  # one source for all
        return
    known = WITHOUT_SOURCE.get(module, set())

    def has_no_source(name, value):
        return name not in known and "Reference" not in sections(docstring(value))

    assert not missing(module, has_no_source)


def test_no_name_is_shown_twice():
    shown = re.findall(r"^::: (\S+)", "\n".join(api_reference.pages().values()), re.MULTILINE)
    assert len(shown) > 400
    assert len(shown) == len(set(shown))
