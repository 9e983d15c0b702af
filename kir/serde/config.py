"""Keras's architecture configs: to and from JSON and YAML, byte for byte those of Keras 2.2.4."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kir.errors import ConfigError, DTypeError, FileFormatError, JSONFormatError, KirError
from kir.serde.upgrading import Upgraded, upgrade
from kir.utils.generic_utils import (
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
)

if TYPE_CHECKING:
    from kir.engine.network import Network

KERAS_VERSION = "2.2.4"


def model_config(model: Network) -> dict[str, Any]:
    """The config with the name of its class and the version of its format."""
    return {
        "class_name": type(model).__name__,
        "config": model.get_config(),
        "keras_version": KERAS_VERSION,
        "backend": "tensorflow",
    }


def json_value(obj: Any) -> Any:
    """What `json.dumps` writes for a value that it does not know.

    Raises:
        DTypeError: there is no form for it.
    """
    if hasattr(obj, "get_config"):
        return {"class_name": type(obj).__name__, "config": obj.get_config()}
    if hasattr(obj, "json_value"):
        return obj.json_value()
    if isinstance(obj, np.ndarray | np.generic):
        return obj.tolist()
    if callable(obj):
        return obj.__name__
    raise DTypeError(f"{obj!r} ({type(obj).__name__}) cannot be written as JSON.")


def to_json(model: Network, **kwargs: Any) -> str:
    """The architecture as JSON text; keyword arguments go to `json.dumps`."""
    return json.dumps(model_config(model), default=json_value, **kwargs)


def to_yaml(model: Network, **kwargs: Any) -> str:
    """The architecture as YAML text; keyword arguments go to `yaml.dump`."""
    import yaml

    text: str = yaml.dump(model_config(model), **kwargs)
    return text


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that a JSON text describes.

    Args:
        json_string: what `to_json` gave.
        custom_objects: classes and functions of the user's, by the names used in the text.

    Raises:
        FileFormatError: malformed JSON.
        ConfigError: no architecture, or an unknown layer.

    Reference:
        https://keras.io/models/about-keras-models (Keras 2.2.4).
    """
    return model_from_config(parse_json(json_string), custom_objects)


def parse_json(text: str) -> Any:
    """The value that a JSON text holds.

    Raises:
        FileFormatError: malformed JSON.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        raise JSONFormatError(
            f"The text is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.", error
        ) from error


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that a YAML text describes.

    Nothing in the text is executed: of YAML's Python tags only tuples and strings are read.

    Args:
        yaml_string: what `to_yaml` gave.
        custom_objects: classes and functions of the user's, by the names used in the text.

    Raises:
        FileFormatError: malformed YAML, or a tag that is not allowed.
        ConfigError: no architecture, or an unknown layer.

    Reference:
        https://keras.io/models/about-keras-models (Keras 2.2.4).
    """
    from kir.serde.yaml_loading import load_yaml

    return model_from_config(load_yaml(yaml_string), custom_objects)


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that a config describes, whichever Keras wrote it.

    Configs of other versions than Keras 2.2.4 are upgraded first; what had to be assumed or
    repaired is said in a warning.

    Args:
        config: ``{'class_name': ..., 'config': {...}}``, as `to_json` holds it.
        custom_objects: your own classes and functions by name.

    Raises:
        ConfigError: it is no config of a model, names an unknown layer, or a layer or an argument
            that has no equal in Keras 2.2.4.

    Reference:
        https://keras.io/models/about-keras-models (Keras 2.2.4).
    """
    model, upgraded = upgraded_model(config, custom_objects)
    upgraded.warn()
    return model


def upgraded_model(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    keras_version: str | None = None,
) -> tuple[Any, Upgraded]:
    """The model that a config describes, and what its upgrade changed.

    Args:
        config: the decoded JSON or YAML.
        custom_objects: classes and functions of the user's, by the names used in it.
        keras_version: of the program that wrote it, if the config does not say.

    Raises:
        ConfigError: as for `model_from_config`.
    """
    if isinstance(config, list):
        raise DTypeError(
            "`model_from_config` expects a dictionary, not a list. Maybe you meant to use "
            "`Sequential.from_config(config)`?"
        )
    try:
        upgraded = upgrade_config(config, custom_objects, keras_version)
        if not isinstance(upgraded.config, Mapping) or "class_name" not in upgraded.config:
            raise ConfigError(
                "This is no Keras architecture: expected a mapping with 'class_name' and 'config'; "
                f"got {_shorten(config)}."
            )
        from kir.layers import deserialize

        return deserialize(upgraded.config, custom_objects=custom_objects), upgraded
    except KirError:
        raise
    except RecursionError as error:
        raise _too_deep() from error
    except _MALFORMED as error:
        # Something of another type than expected, deep inside: the notes say where.
        malformed = ConfigError(
            f"The architecture is malformed: {type(error).__name__}: {error}. Each layer is "
            "expected as {'class_name': ..., 'config': {...}}, with 'inbound_nodes' in a Model."
        )
        for note in getattr(error, "__notes__", ()):
            malformed.add_note(note)
        raise malformed from error


def upgrade_config(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    keras_version: str | None = None,
) -> Upgraded:
    """A config of any Keras as one of Keras 2.2.4, with a report; see `kir.serde.upgrading`."""
    from kir.layers import layer_table

    custom = [*(custom_objects or {}), *get_custom_objects()]
    return upgrade(config, layer_table(), custom, keras_version)


def _too_deep() -> FileFormatError:
    return FileFormatError(
        "The architecture is nested too deeply to be read; no model is. The file is damaged or "
        "made to exhaust the memory."
    )


_MALFORMED = (TypeError, AttributeError, KeyError, IndexError, ValueError, OverflowError)


def layer_from_config(
    entry: Any, custom_objects: Mapping[str, Any] | None, table: Mapping[str, Any]
) -> Any:
    """The layer that ``{"class_name": ..., "config": ...}`` describes.

    Args:
        entry: ``{'class_name': ..., 'config': {...}}``.
        custom_objects: your own classes by name.
        table: the classes that are known, by name.

    Raises:
        ConfigError: an unknown class, or one whose config does not fit.
    """
    return deserialize_keras_object(
        entry, module_objects=table, custom_objects=custom_objects, printable_module_name="layer"
    )


def sequential_from_config(
    cls: type[Any], config: Any, custom_objects: Mapping[str, Any] | None
) -> Any:
    """A Sequential from its config; Keras before 2.2.3 wrote the list of layers alone."""
    from kir.layers import deserialize

    if isinstance(config, Mapping) and "layers" in config:
        name, entries = config.get("name"), config["layers"]
        build_shape = config.get("build_input_shape")
    else:
        name, entries, build_shape = None, config, None
    if not isinstance(entries, list | tuple):
        raise ConfigError(
            f"The config of a Sequential is {_shorten(config)}; expected a list of layers."
        )
    model = cls(name=name)
    for position, entry in enumerate(entries):
        with _Located(f"layer {position} of Sequential {model.name!r}", entry):
            model.add(deserialize(entry, custom_objects=custom_objects))
    if not model.inputs and build_shape:
        model.build(build_shape)
    elif build_shape:  # an InputLayer made it; its shape is kept where the layer is not written
        model._build_input_shape = tuple(build_shape)
    return model


def network_from_config(
    cls: type[Any], config: Any, custom_objects: Mapping[str, Any] | None
) -> Any:
    """A functional model from its config.

    Raises:
        ConfigError: a key is missing, or a call names a layer or a result that is not there.
    """
    for key in ("layers", "input_layers", "output_layers"):
        if not isinstance(config, Mapping) or key not in config:
            raise ConfigError(
                f"The config of a Model has no {key!r}; it has {_shorten(list(config))}."
            )
    with custom_object_scope(dict(custom_objects or {})):
        builder = _NetworkBuilder(config)
        builder.make_layers()
        builder.make_calls()
    inputs = [builder.tensor(c) for c in _coordinates(config["input_layers"])]
    outputs = [builder.tensor(c) for c in _coordinates(config["output_layers"])]
    return cls(inputs=inputs, outputs=outputs, name=config.get("name"))


class _NetworkBuilder:
    """Replays the calls that a config lists, each as soon as its operands exist."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.entries = list(config["layers"])
        self.layers: dict[str, Any] = {}

    def make_layers(self) -> None:
        from kir.layers import deserialize

        for entry in self.entries:
            with _Located(f"layer {entry.get('name')!r}", entry):
                layer = deserialize(entry)
            self.layers[entry["name"]] = layer

    def make_calls(self) -> None:
        waiting: dict[str, list[Any]] = {}
        ready: list[str] = []
        for entry in self.entries:
            waiting[entry["name"]] = list(entry.get("inbound_nodes") or [])
            ready.append(entry["name"])
        while ready:
            blocked = []
            progressed = False
            for name in ready:
                calls = waiting[name]
                while calls and self._call(name, calls[0]):
                    calls.pop(0)
                    progressed = True
                if calls:
                    blocked.append(name)
            if blocked and not progressed:
                raise ConfigError(
                    f"The calls of the layers {blocked} can never be made: each waits for "
                    f"another's result. The first needs {_shorten(waiting[blocked[0]][0])}."
                )
            ready = blocked

    def _call(self, name: str, call: Any) -> bool:
        """Makes one call if its operands exist already."""
        operands = []
        kwargs: dict[str, Any] = {}
        for item in call:
            source, node_index, tensor_index, *rest = item
            if source not in self.layers:
                near = difflib.get_close_matches(str(source), self.layers, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ConfigError(
                    f"Layer {name!r} is called on the output of {source!r}, which is no layer of "
                    f"the model.{hint}"
                )
            nodes = self.layers[source]._inbound_nodes
            if node_index >= len(nodes):
                return False
            outputs = nodes[node_index].output_tensors
            if tensor_index >= len(outputs):
                raise ConfigError(
                    f"Layer {name!r} is called on result {tensor_index} of {source!r}, which has "
                    f"{len(outputs)} results."
                )
            operands.append(outputs[tensor_index])
            kwargs = dict(rest[0]) if rest else kwargs
        if operands:
            self.layers[name](operands if len(operands) > 1 else operands[0], **kwargs)
        return True

    def tensor(self, coordinate: Any) -> Any:
        name, node_index, tensor_index = coordinate
        try:
            return self.layers[name]._inbound_nodes[node_index].output_tensors[tensor_index]
        except (KeyError, IndexError):
            raise ConfigError(
                f"The config names {list(coordinate)!r} as an input or output of the model; there "
                "is no such result."
            ) from None


def _coordinates(value: Any) -> Iterable[Any]:
    return value if value and isinstance(value[0], list | tuple) else [value]


class _Located:
    """Adds to an error where in the architecture it arose."""

    def __init__(self, where: str, entry: Any) -> None:
        kind = entry.get("class_name") if isinstance(entry, Mapping) else None
        self.where = f"In the architecture: {where}" + (f" ({kind})." if kind else ".")

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if isinstance(error, Exception):
            error.add_note(self.where)


def _shorten(value: Any, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
