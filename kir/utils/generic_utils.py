"""Naming, writing and reading the small objects of a configuration, and Keras's odd helpers.

Objects are found in closed tables: a name in a file never leads to an import. The one way to run
code from a file is `func_load`, and it refuses unless the user opened `allow_unsafe_code`.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kir.errors import ArgumentError, ConfigError
from kir.utils._functions import (
    allow_unsafe_code,
    func_dump,
    func_load,
    is_unsafe_code_allowed,
    reading_config,
)

if TYPE_CHECKING:
    from kir.utils.progbar import Progbar

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "allow_unsafe_code",
    "construct",
    "custom_object_scope",
    "describe",
    "deserialize_keras_object",
    "func_dump",
    "func_load",
    "get_custom_objects",
    "has_arg",
    "interpret",
    "is_all_none",
    "is_unsafe_code_allowed",
    "object_list_uid",
    "serialize_keras_object",
    "slice_arrays",
    "to_list",
    "transpose_shape",
    "unknown_name",
    "unpack_singleton",
]

_GLOBAL_CUSTOM_OBJECTS: dict[str, Any] = {}

# A family with at most this many names is listed in full when a name is unknown, and a larger one
# up to the second number if no name is near.
_SHORT_LIST, _LONG_LIST = 12, 30
OWN_OBJECTS = " Pass one of your own as an object, or name it in a `custom_object_scope`."


def __getattr__(name: str) -> Any:
    if name == "Progbar":
        from kir.utils.progbar import Progbar

        return Progbar
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class CustomObjectScope:
    """A ``with`` block in which the user's classes and functions are known by name.

    Leaving the block restores what was known before it, whatever happened inside.

    Args:
        *args: dictionaries from name to class or function.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """

    def __init__(self, *args: Mapping[str, Any]) -> None:
        self.custom_objects = args
        self.backup: dict[str, Any] | None = None

    def __enter__(self) -> CustomObjectScope:
        self.backup = _GLOBAL_CUSTOM_OBJECTS.copy()
        for objects in self.custom_objects:
            _GLOBAL_CUSTOM_OBJECTS.update(objects)
        return self

    def __exit__(self, *args: Any, **kwargs: Any) -> None:
        _GLOBAL_CUSTOM_OBJECTS.clear()
        _GLOBAL_CUSTOM_OBJECTS.update(self.backup or {})


def custom_object_scope(*args: Mapping[str, Any]) -> CustomObjectScope:
    """A scope in which the given objects are known by name; see `CustomObjectScope`.

    Args:
        *args: dictionaries from name to class or function.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    return CustomObjectScope(*args)


def get_custom_objects() -> dict[str, Any]:
    """The process-wide table of the user's own objects; change it in place.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    return _GLOBAL_CUSTOM_OBJECTS


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ConfigError:
    """The error for a name that is not in a table, with the nearest names that are.

    Args:
        kind: what the name should name, such as ``'initializer'``.
        name: the name that was given.
        known: the names in the table.
    """
    names = sorted({str(n) for n in known})
    message = f"Unknown {kind}: {name}."
    # Compared in lower case, as 'Glorot_Uniform' is nearer to its namesake than to 'Zeros'.
    spelled = {n.lower(): n for n in reversed(names)}
    near = [spelled[n] for n in difflib.get_close_matches(str(name).lower(), spelled)]
    if near:
        message += f" Did you mean {' or '.join(map(repr, near))}?"
    if 0 < len(names) <= (_SHORT_LIST if near else _LONG_LIST):
        message += f" Known are {', '.join(names)}."
    return ConfigError(message + OWN_OBJECTS)


def serialize_keras_object(instance: Any) -> Any:
    """What a configuration says for an object: a dictionary for an instance, a name for a function.

    Args:
        instance: an object with `get_config`, a named function, or None.

    Raises:
        ConfigError: it has neither `get_config` nor a name.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise ConfigError(
        f"Cannot serialize {instance!r}: expected an object with get_config(), or a named function."
    )


def describe(instance: Any) -> str:
    """An object as the call that makes it, for messages: ``L1L2(l1=0.0, l2=0.01)``."""
    config = instance.get_config() if hasattr(instance, "get_config") else {}
    arguments = ", ".join(f"{name}={value!r}" for name, value in config.items())
    return f"{type(instance).__name__}({arguments})"


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """The object that a configuration stands for; the inverse of `serialize_keras_object`.

    A name is looked up in `custom_objects`, then among the objects of the enclosing
    `CustomObjectScope`s, then in `module_objects`.

    Args:
        identifier: ``{'class_name': ..., 'config': {...}}``, or the name of a function.
        module_objects: the objects of the family, by name.
        custom_objects: the user's own objects, by name.
        printable_module_name: what the family is called in messages.

    Raises:
        ConfigError: the name is unknown, or the configuration is malformed.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    if isinstance(identifier, str):
        return _find(identifier, module_objects, custom_objects, printable_module_name)
    if not isinstance(identifier, dict):
        raise ConfigError(
            f"Could not interpret serialized {printable_module_name}: {identifier!r} "
            f"({type(identifier).__name__}); expected a name or a dictionary."
        )
    class_name = identifier.get("class_name")
    # The config of a Sequential of Keras 2.0 to 2.2.2 is the list of its layers.
    if not isinstance(class_name, str) or not isinstance(identifier.get("config"), dict | list):
        raise ConfigError(
            f"Improper config format of a serialized {printable_module_name}: {identifier!r}; "
            "expected {'class_name': name, 'config': {...}}."
        )
    found = _find(class_name, module_objects, custom_objects, printable_module_name)
    config = identifier["config"]
    custom_objects = custom_objects or {}
    if not hasattr(found, "from_config"):
        # Keras 2.2: it may also be a function that returns the object.
        with CustomObjectScope(custom_objects), reading_config():
            return construct(found, config)
    if _takes_custom_objects(getattr(found.from_config, "__func__", found.from_config)):
        known = {**_GLOBAL_CUSTOM_OBJECTS, **custom_objects}
        with reading_config():
            return found.from_config(config, custom_objects=known)
    with CustomObjectScope(custom_objects), reading_config():
        return found.from_config(config)


@functools.lru_cache(maxsize=256)
def _takes_custom_objects(from_config: Callable[..., Any]) -> bool:
    # Cached, as there are few such functions and a model calls them a thousand times.
    return has_arg(from_config, "custom_objects")


def interpret(
    identifier: Any, deserialize: Callable[[Any], Any], kind: str, *, optional: bool = False
) -> Any:
    """The object that an argument of a layer stands for.

    Args:
        identifier: a class's name, a configuration, or the object itself.
        deserialize: the family's own function from a configuration to an object.
        kind: what the family is called in messages.
        optional: whether None stands for no object.

    Raises:
        ConfigError: it is none of these, or the name is unknown.
    """
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, type):
        name = identifier.__name__
        raise ConfigError(f"The {kind} is given as the class {name}; pass an object: {name}().")
    if callable(identifier) or (optional and identifier is None):
        return identifier
    raise ConfigError(
        f"Could not interpret {kind} identifier: {identifier!r} ({type(identifier).__name__}); "
        f"expected a name, a configuration{', None' if optional else ''} or a callable."
    )


def construct(cls: Callable[..., Any], config: Mapping[str, Any]) -> Any:
    """`cls(**config)`, with an error that names what is wrong with the arguments.

    Raises:
        ArgumentError: `cls` does not take these arguments.
    """
    try:
        return cls(**config)
    except TypeError as error:
        signature = inspect.signature(cls)
        try:
            signature.bind(**config)
        except TypeError as mismatch:
            name = getattr(cls, "__name__", repr(cls))
            raise ArgumentError(
                f"The config of {name} does not fit: {mismatch}; expected {name}{signature}."
            ) from error
        raise  # it came from inside


def _find(
    name: str,
    module_objects: Mapping[str, Any] | None,
    custom_objects: Mapping[str, Any] | None,
    kind: str,
) -> Any:
    tables = [table for table in (custom_objects, _GLOBAL_CUSTOM_OBJECTS, module_objects) if table]
    for table in tables:
        if table.get(name) is not None:
            return table[name]
    raise unknown_name(kind, name, [n for table in tables for n in table])


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Whether `fn` can be called with the keyword argument `name`.

    Args:
        fn: any callable.
        name: the argument's name.
        accept_all: whether a ``**kwargs`` counts.
    """
    parameters = inspect.signature(fn).parameters
    found = parameters.get(name)
    if found is None:
        return accept_all and any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return found.kind in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY)


def to_list(x: Any, allow_tuple: bool = False) -> list[Any]:
    """`x` itself if it is a list, else a list that holds only `x`.

    Args:
        x: anything.
        allow_tuple: whether a tuple is turned into a list of its items.
    """
    if isinstance(x, list):
        return x
    if allow_tuple and isinstance(x, tuple):
        return list(x)
    return [x]


def unpack_singleton(x: Any) -> Any:
    """The only item of a sequence of one; any longer (or empty) sequence as it is.

    Args:
        x: a list or tuple.
    """
    return x[0] if len(x) == 1 else x


def object_list_uid(object_list: Any) -> str:
    """A text that is the same for the same objects in the same order.

    Args:
        object_list: an object or a list of them.
    """
    return ", ".join(str(abs(id(item))) for item in to_list(object_list))


def is_all_none(iterable_or_element: Any) -> bool:
    """Whether a list or tuple holds nothing but None; anything else: whether it is None.

    Args:
        iterable_or_element: anything.
    """
    if not isinstance(iterable_or_element, list | tuple):
        return iterable_or_element is None
    return all(item is None for item in iterable_or_element)


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """The rows `start` to `stop`, or the rows listed in `start`, of an array or of each in a list.

    Args:
        arrays: an array, a list of arrays (items may be None), or None.
        start: the first row; or a list or array of row numbers.
        stop: the row after the last one.

    Raises:
        ConfigError: `start` is a list of rows and there is a `stop` too.
    """
    if arrays is None:
        return [None]
    if isinstance(start, list) and stop is not None:
        raise ConfigError("slice_arrays: with a list of rows in `start`, `stop` must be None.")
    rows: Any = start if hasattr(start, "__len__") else slice(start, stop)
    if hasattr(rows, "tolist"):
        rows = rows.tolist()  # h5py takes lists of row numbers, not arrays
    if isinstance(arrays, list):
        return [None if array is None else array[rows] for array in arrays]
    return arrays[rows]


def transpose_shape(
    shape: Sequence[Any], target_format: str, spatial_axes: Iterable[int]
) -> Sequence[Any]:
    """Rearranges a shape with the channels last, or a list of such, to another data format.

    Args:
        shape: a tuple or list whose first items belong to the batch (and time) axes, whose last
            item belongs to the channels and whose items at `spatial_axes` lie between.
        target_format: ``'channels_first'`` or ``'channels_last'``.
        spatial_axes: where the spatial items stand.

    Raises:
        ConfigError: the data format is unknown.
    """
    if target_format == "channels_last":
        return shape
    if target_format != "channels_first":
        raise ConfigError(
            f"The data format is {target_format!r}; expected 'channels_first' or 'channels_last'."
        )
    axes = tuple(spatial_axes)
    new = (*shape[: axes[0]], shape[-1], *(shape[i] for i in axes))
    return list(new) if isinstance(shape, list) else new
