"""`.kir` files: a model as a graph, with its weights and its state of training.

The format stands in specs/kir-file.md. A file holds no code: layers and functions of a user's are
in it as the ops that they recorded, so that it loads without the program that made it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kir.engine.variable import Variable, compute_initial_values
from kir.errors import ConfigError, DependencyError, FileFormatError, KirError, ShapeError
from kir.ir.graph import Graph, Opaque, Weight
from kir.serde import graph_config, proto
from kir.serde.config import json_value
from runtime.archives.zips import Archive, write_archive
from runtime.hdf5.training_config import compile_as_saved, own_training_config, training_config
from runtime.training.random_calls import restore_seeds

FORMAT, VERSION = "kir", 1

HEADER = "kir.json"
GRAPH = "graph.kirpb"
WEIGHTS = "weights.safetensors"
TRAINING = "training.json"
STATE = "state.safetensors"

_OPTIMIZER, _EXTRA = "optimizer/", "extra/"


def save_model(model: Any, target: Any, include_optimizer: bool = True) -> None:
    """Writes a model; equal models give equal files.

    Args:
        model: the model.
        target: a path, or an object with `write(bytes)`.
        include_optimizer: write the arguments of `compile` and the state of training too.

    Raises:
        UnsupportedError: the model's architecture is Python code.
        FileFormatError: a layer's configuration holds what no file can.
    """
    graph = model.graph
    _check_configurations(graph)
    compute_initial_values([w for w in graph.weights if isinstance(w, Variable)])
    members = {
        HEADER: json.dumps({"format": FORMAT, "version": VERSION, "name": model.name}).encode(),
        GRAPH: proto.to_bytes(graph),
        WEIGHTS: _packed({k: _value(w) for k, w in _named(graph).items()}),
    }
    if include_optimizer and getattr(model, "optimizer", None) is not None:
        members |= _training(model)
    write_archive(target, members)


def _check_configurations(graph: Graph) -> None:
    """Raises what the `get_config` of a program's own layer or cell raised."""
    for node in graph.walk():
        for value in node.attributes.values():
            if isinstance(value, Opaque) and isinstance(value.value, Exception):
                raise value.value


def _named(graph: Graph) -> dict[str, Weight]:
    """The weights of a graph by name; of equal names the later ones get a number."""
    found: dict[str, Weight] = {}
    for weight in graph.weights:
        name, number = weight.name, 2
        while name in found:
            name, number = f"{weight.name}#{number}", number + 1
        found[name] = weight
    return found


def _value(weight: Any) -> np.ndarray:
    return np.asarray(weight.get_value())


def _training(model: Any) -> dict[str, bytes]:
    if type(model.optimizer).__name__ == "TFOptimizer":
        warnings.warn(
            "The optimizer is one of TensorFlow's, which gives no access to its arguments and "
            "state, so neither was saved. Compile the model again after loading it.",
            stacklevel=6,
        )
        return {}
    config = {**training_config(model), **own_training_config(model)}
    arrays = {f"{_OPTIMIZER}{i}": a for i, a in enumerate(model.optimizer.get_weights())}
    extra = model._extra_state() if hasattr(model, "_extra_state") else {}
    arrays |= {f"{_EXTRA}{name}": np.asarray(a) for name, a in extra.items()}
    return {
        TRAINING: json.dumps(config, default=json_value).encode(),
        STATE: _packed(arrays),
    }


def read_model(archive: Archive, custom_objects: dict[str, Any], compile: bool) -> Any:
    """The model that a file holds.

    Raises:
        FileFormatError: a member is missing, damaged, or of a later version.
        ConfigError: a layer that is not known, or weights that are not those of the layers.
    """
    graph = read_graph(archive)
    model = graph_config.model_from_graph(graph, custom_objects)
    _assign(model, graph, _unpacked(archive, WEIGHTS))
    if compile and TRAINING in archive:
        _compile(archive, model, custom_objects)
    return model


def read_architecture(archive: Archive) -> dict[str, Any]:
    """The architecture as a config of Keras 2.2.4."""
    return graph_config.config_from_graph(read_graph(archive))


def read_graph(archive: Archive) -> Graph:
    """The graph in a file, checked for its version."""
    header = archive.read_json(HEADER)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise FileFormatError(f"{archive.name} is no .kir file: its {HEADER!r} does not say so.")
    if header.get("version") != VERSION:
        raise FileFormatError(
            f"{archive.name} has version {header.get('version')!r} of the .kir format, and this "
            f"kir reads version {VERSION}; use the kir that wrote it or a later one."
        )
    return proto.from_bytes(archive.read(GRAPH), f"{archive.name}, {GRAPH!r}")


def _assign(model: Any, graph: Graph, arrays: Mapping[str, np.ndarray]) -> None:
    names = {weight: name for name, weight in _named(graph).items()}
    live = dict(_weights_of(model.graph, ""))
    plan: list[tuple[Any, np.ndarray]] = []
    for path, weights in _weights_of(graph, ""):
        variables = live.get(path, [])
        if len(variables) != len(weights):
            raise ConfigError(
                f"The file gives the layer {path!r} {len(weights)} weights; it has "
                f"{len(variables)}."
            )
        for weight, variable in zip(weights, variables, strict=True):
            array = arrays.get(names[weight])
            if array is None:
                raise FileFormatError(
                    f"The weights hold no {names[weight]!r}, of the layer {path!r}. The file is "
                    "incomplete; save it again."
                )
            if array.shape != variable.type.shape:
                raise ShapeError(
                    f"Layer {path!r}, weight {weight.name!r} is {variable.type}; the file holds "
                    f"the shape {array.shape}."
                )
            plan.append((variable, array))
    for variable, array in plan:
        variable.set_value(array)


def _weights_of(graph: Graph, prefix: str) -> Iterator[tuple[str, Sequence[Any]]]:
    """The weights of each layer, with what its calls take from outside behind them."""
    for node in graph.nodes:
        if node.op.partition(".")[0] not in ("keras", "user"):
            continue
        path = f"{prefix}{node.name}"
        if node.region is not None and "class_name" in node.region.attributes:
            yield from _weights_of(node.region, f"{path}/")
            continue
        own = dict.fromkeys(node.weights)
        if node.region is not None:
            own |= dict.fromkeys(node.region.weights)
        yield path, list(own)


def _compile(archive: Archive, model: Any, custom_objects: dict[str, Any]) -> None:
    config = archive.read_json(TRAINING)
    if not isinstance(config, dict):
        raise FileFormatError(f"{archive.name} is damaged: its {TRAINING!r} is no mapping.")
    arrays = _unpacked(archive, STATE)
    extra = {k.removeprefix(_EXTRA): a for k, a in arrays.items() if k.startswith(_EXTRA)}
    if "seeds" in extra:  # before a program is made
        restore_seeds(model, extra["seeds"])
    try:
        compile_as_saved(model, config, custom_objects)
    except (KirError, TypeError, AttributeError, KeyError, ValueError) as error:
        warnings.warn(
            f"The model was *not* compiled, as its training configuration is not known here: "
            f"{str(error).rstrip('.')}. Pass its functions in `custom_objects`, or compile it "
            "yourself.",
            stacklevel=5,
        )
        return
    states = [
        arrays[f"{_OPTIMIZER}{i}"] for i in range(len(arrays)) if f"{_OPTIMIZER}{i}" in arrays
    ]
    try:
        if states:
            model._make_train_function()  # only then has the optimizer its slots
            model.optimizer.set_weights(states)
        if extra and hasattr(model, "_set_extra_state"):
            model._set_extra_state(extra)
    except (KirError, KeyError, ValueError) as error:
        warnings.warn(
            f"The optimizer's state does not fit, so training starts with a fresh one. ({error})",
            stacklevel=5,
        )


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    contiguous = {name: np.ascontiguousarray(a).reshape(a.shape) for name, a in arrays.items()}
    content: bytes = _safetensors().save(contiguous)
    return content


def _unpacked(archive: Archive, member: str) -> dict[str, np.ndarray]:
    content = archive.read(member)
    tensors = _safetensors()
    try:
        found: dict[str, np.ndarray] = tensors.load(content)
    except Exception as error:  # the library's own class, or what NumPy raises for a dtype
        raise FileFormatError(
            f"{archive.name} is damaged: its member {member!r} cannot be read ({error}). Copy it "
            "again."
        ) from error
    return found


def _safetensors() -> Any:
    try:
        import safetensors.numpy as module  # here, as only files of this kind need it
    except ImportError as error:
        raise DependencyError(
            ".kir files need the package safetensors: pip install safetensors, or save the model "
            "as .h5."
        ) from error
    return module
