"""Reads YAML that Keras wrote, and nothing that could run code.

PyYAML's own safe loader refuses the tuples that Keras wrote; its full loader builds arbitrary
objects. This one knows plain values, tuples and strings, and reads NumPy's numbers and arrays from
the text that PyYAML wrote for them, without calling what it names.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import yaml
from yaml.scanner import ScannerError

from kir.errors import FileFormatError, UnsafeFileError

# An architecture of a thousand layers has some tens of thousands of nodes; aliases of aliases can
# make a short text expand without bound.
MAX_NODES = 5_000_000


# A model inside a model is some eight levels deeper. Reading text that is nested further takes time
# that grows with the square of the depth, and then more of Python's stack than there is.
MAX_DEPTH = 150


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with a limit to nesting, checked before anything is built."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - PyYAML's name
        self._check_depth()
        super().fetch_flow_collection_start(TokenClass)

    def add_indent(self, column: int) -> Any:
        self._check_depth()
        return super().add_indent(column)

    def _check_depth(self) -> None:
        if self.flow_level + len(self.indents) >= MAX_DEPTH:
            raise ScannerError(
                None, None, f"it is nested deeper than {MAX_DEPTH} levels", self.get_mark()
            )


def _construct_tuple(loader: _Loader, node: Any) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:python/tuple", _construct_tuple)
for _tag in ("unicode", "str"):
    _Loader.add_constructor(f"tag:yaml.org,2002:python/{_tag}", _Loader.construct_yaml_str)


def _construct_array(loader: _Loader, node: Any) -> np.ndarray:
    """An array, from the arguments and the state that pickling it gives."""
    parts = loader.construct_mapping(node, deep=True)
    _, shape, dtype, is_fortran, data = parts["state"]
    return _array(data, dtype, tuple(shape), "F" if is_fortran else "C")


def _construct_number(loader: _Loader, node: Any) -> np.generic:
    dtype, data = loader.construct_sequence(node, deep=True)
    number: Any = _array(data, dtype, (), "C")[()]
    return number


def _array(data: bytes, dtype: str, shape: tuple[int, ...], order: Any) -> np.ndarray:
    return np.frombuffer(data, np.dtype(dtype)).reshape(shape, order=order).copy()


def _construct_dtype(loader: _Loader, node: Any) -> str:
    """The name of a dtype of numbers, with its byte order."""
    parts = loader.construct_mapping(node, deep=True)
    name, order = parts["args"][0], parts["state"][1]
    if not re.fullmatch(r"[biuf][0-9]{1,2}", str(name)) or order not in ("<", ">", "|"):
        raise yaml.constructor.ConstructorError(
            None, None, f"the dtype {name!r} is none of numbers", node.start_mark
        )
    return f"{order}{name}"


_NUMPY = "tag:yaml.org,2002:python/object/apply:numpy"
_Loader.add_constructor(f"{_NUMPY}.dtype", _construct_dtype)
_Loader.add_constructor(
    "tag:yaml.org,2002:python/name:numpy.ndarray", lambda loader, node: "ndarray"
)
for _core in ("core", "_core"):
    _Loader.add_constructor(f"{_NUMPY}.{_core}.multiarray._reconstruct", _construct_array)
    _Loader.add_constructor(f"{_NUMPY}.{_core}.multiarray.scalar", _construct_number)


def load_yaml(text: str) -> Any:
    """The value that a YAML text holds.

    Raises:
        FileFormatError: malformed YAML.
        UnsafeFileError: a tag that would build a Python object.
    """
    try:
        loader = _Loader(text)
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise FileFormatError(f"The text is no YAML: {error}.") from error
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node)
        return loader.construct_document(node)
    except yaml.constructor.ConstructorError as error:
        raise UnsafeFileError(
            f"The YAML text holds something else than plain values: {error.problem}"
            f"{_place(error)}. Only Keras's tuples and strings and NumPy's numbers are read."
        ) from error
    except yaml.YAMLError as error:
        raise FileFormatError(f"The text is no YAML: {_problem(error)}{_place(error)}.") from error
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise FileFormatError(f"The YAML text holds a malformed value: {error}.") from error
    except RecursionError as error:
        raise FileFormatError("The YAML text is nested too deeply to be read.") from error
    finally:
        loader.dispose()


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""


def _check_size(root: Any) -> None:
    """Counts nodes with aliases expanded, each distinct node once; refuses one within itself."""
    sizes: dict[int, int] = {}
    around: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, ready = stack.pop()
        children = _children(node)
        if ready:
            around.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes.get(id(c), 1) for c in children)
            if sizes[id(node)] > MAX_NODES:
                raise FileFormatError(
                    f"The YAML text stands for more than {MAX_NODES} values through its aliases; "
                    "no architecture is that large."
                )
        elif id(node) in around:
            raise FileFormatError("The YAML text holds a value that contains itself.")
        elif id(node) not in sizes:
            sizes[id(node)] = 1
            around.add(id(node))
            stack.append((node, True))
            stack.extend((c, False) for c in children)


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
