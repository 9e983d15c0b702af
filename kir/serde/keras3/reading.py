"""From configs of Keras 3 to those of Keras 2.2.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kir.errors import ConfigError, UnsafeFileError, UnsupportedError
from kir.serde.keras3.entries import Config
from kir.serde.keras3.masks import reads_mask
from kir.serde.keras3.places import containers, is_layer
from kir.serde.keras3.reading_layers import layer_arguments
from kir.utils.generic_utils import get_custom_objects, is_unsafe_code_allowed

MAX_DEPTH = 64

_NETWORKS = {"Functional": "Model", "Model": "Model", "Sequential": "Sequential"}

# Classes of Keras 3 that read files or run code when they are made.
_UNSAFE = {
    "TFSMLayer": "it loads another file, with code in it",
    "TorchModuleWrapper": "it holds pickled code",
    "JaxLayer": "it holds code",
    "FlaxLayer": "it holds code",
}

_SLOPE = {"scale": 0.2, "offset": 0.5}


def upgraded(entry: Any, custom_objects: Mapping[str, Any] | None = None) -> Config:
    """The config of Keras 2.2.4 for a model or layer of Keras 3.

    Args:
        entry: ``{"module": ..., "class_name": ..., "config": {...}}``. Modules are only looked at
            to tell functions from layers: no name in a config leads to an import.
        custom_objects: the user's own classes; their configs stay as they are.

    Raises:
        ConfigError: a layer that does not exist here, or an argument that means nothing here.
        UnsupportedError: a layer that computes something else here.
        UnsafeFileError: a layer that is code.
    """
    return _Upgrader({**get_custom_objects(), **(custom_objects or {})}).entry(entry)


class _Upgrader:
    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known
        self.depth = 0

    def entry(self, entry: Any) -> Config:
        """One layer, wrapper, cell or model."""
        class_name, config = _parts(entry)
        label = f"{class_name} {config.get('name')!r}"
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConfigError(f"{label} nests more than {MAX_DEPTH} levels deep.")
        try:
            found = self.upgraded(class_name, config, label)
        except Exception as error:
            error.add_note(f"In the architecture: {label}.")
            raise
        finally:
            self.depth -= 1
        return found

    def upgraded(self, class_name: str, config: Config, label: str) -> Config:
        if class_name in self.known:
            return {"class_name": class_name, "config": config}
        if class_name == "Lambda":
            return {"class_name": class_name, "config": self.function_layer(config, label)}
        if class_name in _UNSAFE:
            raise UnsafeFileError(
                f"{label} is not loaded: {_UNSAFE[class_name]}. Rebuild the model without it."
            )
        if class_name == "Sequential" and _is_hard_sigmoid(config):
            layer = {"name": config.get("name"), "activation": "hard_sigmoid"}
            return {"class_name": "Activation", "config": layer}
        if class_name in _NETWORKS:
            upgrade = self.sequential if class_name == "Sequential" else self.functional
            return {"class_name": _NETWORKS[class_name], "config": upgrade(config, label)}
        if class_name == "Bidirectional":
            config = _one_direction(config, label)
        for key in ("layer", "cell"):
            if key in config:
                config[key] = self.entry(config[key])
        if "cells" in config:
            config["cells"] = [self.entry(one) for one in _list(config, "cells", label)]
        found = layer_arguments(class_name, config, label)
        return {"class_name": class_name, "config": found}

    def function_layer(self, config: Config, label: str) -> Config:
        """A Lambda, whose function the user gives, or allows to be loaded."""
        name = config.get("name")
        found = {"name": name, "arguments": config.get("arguments") or {}}
        shape = config.get("output_shape")
        found["output_shape"] = shape if isinstance(shape, list) else None
        replacement = self.known.get(str(name))
        if callable(replacement) and not isinstance(replacement, type):
            return {**found, "function": None, "function_type": "function"}
        function = config.get("function")
        code = function.get("config") if isinstance(function, Mapping) else None
        if is_unsafe_code_allowed() and isinstance(code, Mapping) and "code" in code:
            triple = [code["code"], code.get("defaults"), code.get("closure")]
            return {**found, "function": triple, "function_type": "lambda"}
        raise UnsafeFileError(
            f"{label} is not loaded: it holds Python code, which would run on your machine. Give "
            f"the function instead: custom_objects={{{name!r}: function}}; or, if you trust the "
            "file's author, load it inside "
            "`with kir.utils.generic_utils.allow_unsafe_code():`."
        )

    def sequential(self, config: Config, label: str) -> Config:
        layers = [self.entry(one) for one in _list(config, "layers", label)]
        found: Config = {"name": config.get("name"), "layers": layers}
        if config.get("build_input_shape") and not (
            layers and layers[0]["class_name"] == "InputLayer"
        ):
            found["build_input_shape"] = config["build_input_shape"]
        return found

    def functional(self, config: Config, label: str) -> Config:
        entries = [one for one in _list(config, "layers", label) if is_layer(one)]
        layers = []
        for one in entries:
            name = one.get("name") if isinstance(one, Mapping) else None
            if not isinstance(name, str):
                raise ConfigError(f"{label}: a layer has no name: {one!r:.120}.")
            layers.append({"name": name, **self.entry(one)})
        classes = {
            one["name"]: (entry["class_name"], one["class_name"])
            for one, entry in zip(layers, entries, strict=True)
        }
        for one, entry in zip(layers, entries, strict=True):
            calls = _list(entry, "inbound_nodes", f"{label}, layer {one['name']!r}")
            one["inbound_nodes"] = [_call(call, one["name"], classes) for call in calls]
        found: Config = {"name": config.get("name"), "layers": layers}
        for key in ("input_layers", "output_layers"):
            found[key] = [_coordinate(c, classes, label) for c in _flat(config.get(key))]
        return found


def _parts(entry: Any) -> tuple[str, Config]:
    if (
        not isinstance(entry, Mapping)
        or not isinstance(entry.get("class_name"), str)
        or not isinstance(entry.get("config"), Mapping)
    ):
        raise ConfigError(
            f"This is no object of Keras 3: {entry!r:.120}; expected {{'class_name': ..., "
            "'config': {...}}."
        )
    return entry["class_name"], dict(entry["config"])


def _list(entry: Mapping[str, Any], key: str, label: str) -> list[Any]:
    found = entry.get(key)
    if not isinstance(found, list):
        raise ConfigError(f"{label}: {key!r} is {found!r:.80}; expected a list.")
    return found


def _is_hard_sigmoid(config: Config) -> bool:
    """Whether a Sequential is what stands for Keras 2's activation in files for Keras 3."""
    layers = config.get("layers")
    if not isinstance(layers, list) or len(layers) != 2:
        return False
    classes = [one.get("class_name") for one in layers if isinstance(one, Mapping)]
    if classes != ["Rescaling", "ReLU"]:
        return False
    slope, clip = (one.get("config") for one in layers)
    return (
        isinstance(slope, Mapping)
        and isinstance(clip, Mapping)
        and {key: slope.get(key) for key in _SLOPE} == _SLOPE
        and clip.get("max_value") == 1
        and not clip.get("negative_slope")
        and not clip.get("threshold")
    )


def _one_direction(config: Config, label: str) -> Config:
    """A Bidirectional with one layer in its config, of which the other direction is made."""
    layer, backward = config.get("layer"), config.pop("backward_layer", None)
    class_name, forward = _parts(layer)
    if backward is not None:
        other_class, other = _parts(backward)
        differing = [
            key
            for key in {**forward, **other}
            if key not in ("name", "go_backwards", "seed") and not _same(forward, other, key)
        ]
        if other_class != class_name or differing:
            raise ConfigError(
                f"{label}: its backward_layer differs from its layer in "
                f"{', '.join(differing) or 'class'}; in Keras 2.2.4 both are alike."
            )
    if forward.get("go_backwards"):
        raise ConfigError(f"{label}: its forward layer goes backwards; Keras 2.2.4 has no such.")
    name = forward.get("name")
    if isinstance(name, str):
        forward["name"] = name.removeprefix("forward_")
    config["layer"] = {"class_name": class_name, "config": forward}
    return config


def _same(a: Mapping[str, Any], b: Mapping[str, Any], key: str) -> bool:
    return bool(_plain(a.get(key)) == _plain(b.get(key)))


def _plain(value: Any) -> Any:
    """A config's value without the numbers that tell shared objects and seeds."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if k not in ("shared_object_id", "seed")}
    return value


# Where a network stands there and here, and whether it is one, by the layer's name.
_Classes = Mapping[str, tuple[str, str]]


def _coordinate(value: Any, classes: _Classes, label: str) -> list[Any]:
    """An input or output of a model. Both Kerases count a functional model's definition."""
    name, node, result = _place(value, classes, label)
    was, now = classes[name]
    return [name, node + (was == "Sequential" and now == "Sequential"), result]


def _place(value: Any, classes: _Classes, label: str) -> tuple[str, int, int]:
    if (
        not isinstance(value, list)
        or len(value) != 3
        or not isinstance(value[0], str)
        or not all(type(n) is int and n >= 0 for n in value[1:])
    ):
        raise ConfigError(f"{label}: {value!r:.80} is no result; expected [layer, call, result].")
    if value[0] not in classes:
        raise ConfigError(
            f"{label} takes the result of {value[0]!r}, which is no layer of the model; functions "
            "of keras.ops are not read."
        )
    return value[0], value[1], value[2]


def _flat(value: Any) -> Iterator[Any]:
    """The leaves of the structure of a model's inputs or outputs."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list) and value and not isinstance(value[0], str):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _call(call: Any, name: str, classes: _Classes) -> list[Any]:
    """A call in the form of Keras 2.2.4: a list of operands."""
    label = f"Layer {name!r}"
    if isinstance(call, list):  # the form of tf.keras 2
        return call
    if not isinstance(call, Mapping):
        raise ConfigError(f"{label}: a call is {call!r:.80}; expected its 'args' and 'kwargs'.")
    arguments, named = call.get("args"), call.get("kwargs") or {}
    if not isinstance(arguments, list) or not isinstance(named, Mapping):
        raise ConfigError(f"{label}: a call has no lists of 'args' and 'kwargs': {call!r:.80}.")
    given = [*arguments]
    for key, value in named.items():
        if (key in ("inputs", "sequences") and not given) or (
            key == "initial_state" and value is not None
        ):
            given.append(value)
        elif key not in ("mask", "training") and value not in (None, False):
            raise ConfigError(
                f"{label} is called with {key} = {value!r:.80}, which Keras 2.2.4 does not know."
            )
    found = []
    for operand in _tensors(given, label):
        config = operand.get("config")
        history = config.get("keras_history") if isinstance(config, Mapping) else None
        source, node, result = _place(history, classes, label)
        # Keras 2.2: a network's call 0 is its own definition.
        found.append([source, node + (classes[source][1] in ("Model", "Sequential")), result, {}])
    if not found:
        raise ConfigError(f"{label}: a call has no operands.")
    return found


def _tensors(value: Any, label: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _tensors(item, label)
    elif isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        yield value
    elif value is not None:
        raise ConfigError(f"{label} is called with {value!r:.80}; expected results of layers.")


def finish(model: Any, entry: Mapping[str, Any]) -> None:
    """Freezes nested models that the config calls frozen, and checks what depends on masks.

    Args:
        model: the model that was made of the upgraded config.
        entry: the config of Keras 3.

    Raises:
        UnsupportedError: a layer treats masked steps in another way here.
    """
    if entry["config"].get("trainable") is False:
        model.trainable = False
    for _, child in containers(entry):
        layer = model.get_layer(child["config"].get("name"))
        if layer.is_network:
            finish(layer, child)
            continue
        own = child["config"].get("layer", child)
        zeros = isinstance(own, Mapping) and own["config"].get("zero_output_for_mask")
        if zeros and getattr(layer, "return_sequences", False) and reads_mask(layer):
            raise UnsupportedError(
                f"Layer {layer.name!r} gives zeros for masked time steps, where that of Keras "
                "2.2.4 repeats the last result."
            )
