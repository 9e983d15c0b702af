"""`save_weights` and `load_weights`: a model's weights as a file of their own.

Loading is done in two steps. First a *plan* is made: every array is read and every count and shape
compared, and whatever does not fit raises. Only then are the arrays assigned, so that a model is
never left half loaded.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import h5py
import numpy as np

from kir.errors import FileFormatError, RepairWarning, ShapeError
from runtime.files import may_write
from runtime.hdf5.conversion import preprocess_weights_for_loading
from runtime.hdf5.opening import is_path, open_to_read, open_to_write
from runtime.hdf5.reading import StoredLayer, StoredWeights, find_weights, read_arrays
from runtime.hdf5.report import LoadReport
from runtime.hdf5.safety import check_links
from runtime.hdf5.writing import write_layers


class Weight(Protocol):
    """What is asked of a weight."""

    name: str

    @property
    def shape(self) -> Sequence[int]:
        """The static shape."""
        ...

    def get_value(self) -> np.ndarray:
        """A copy of the current value."""
        ...

    def set_value(self, value: np.ndarray) -> None:
        """Replaces the value."""
        ...


class Layer(Protocol):
    """What is asked of a layer; a nested model is one whose weights are those of all its layers."""

    name: str

    @property
    def weights(self) -> Sequence[Weight]:
        """The weights, in file order."""
        ...


@dataclass
class Plan:
    """What is to be assigned once everything has been found to fit."""

    pairs: list[tuple[Weight, np.ndarray]] = field(default_factory=list)
    report: LoadReport = field(default_factory=LoadReport)

    def take(self, weight: Weight, value: np.ndarray) -> None:
        """Notes that a weight gets a value."""
        self.pairs.append((weight, value))
        self.report.matched.append(weight.name)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Writes the weights of all layers in Keras's layout.

    Args:
        model: the model.
        filepath: a path, an open h5py group or a writable binary file-like object.
        overwrite: replace an existing file; if False, the user is asked on the terminal.
    """
    if is_path(filepath) and not may_write(filepath, overwrite):
        return
    with open_to_write(filepath) as group:
        save_weights_to_hdf5_group(group, model.layers)


def save_weights_to_hdf5_group(f: h5py.Group, layers: Sequence[Layer]) -> None:
    """Writes the weights of `layers` into an open group."""
    write_layers(f, layers)


def load_weights(
    model: Any,
    filepath: Any,
    by_name: bool = False,
    skip_mismatch: bool = False,
    reshape: bool = False,
) -> LoadReport:
    """Reads weights into a model that has its layers already.

    Args:
        model: the model.
        filepath: a path, an open h5py group or a readable binary file-like object. It may hold
            weights only or a whole model.
        by_name: match layers by their names, and leave those alone that the file does not hold.
            If False, the layers with weights must be as many as in the file, in the same order.
        skip_mismatch: with `by_name`, leave a weight alone whose shape differs, with a warning.
        reshape: take an array of the right size but another shape.

    Returns:
        What matched, what was missing, unused and of another shape. Without `by_name` everything
        matched; with it, `require_complete()` of the report raises unless everything did.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is no HDF5 file, damaged, or holds other layers.
        ShapeError: a weight has another shape. The model is as it was before.
    """
    if skip_mismatch and not by_name:
        warnings.warn(
            "skip_mismatch=True was ignored: it has an effect only together with by_name=True.",
            stacklevel=4,
        )
    with open_to_read(filepath) as group:
        stored = find_weights(group)
        if by_name:
            return _assign(_plan_by_name(stored, model.layers, skip_mismatch, reshape))
        copied = _template(stored, model)
        layers = model.layers if copied is None else [model]
        return _assign(_plan_in_order(copied or stored, layers, reshape))


def load_weights_from_hdf5_group(
    f: h5py.Group, layers: Sequence[Layer], reshape: bool = False, is_own: bool = False
) -> LoadReport:
    """Assigns the weights of an open group to `layers`, in order.

    Args:
        f: the group.
        layers: the layers of a model.
        reshape: take an array of the right size but another shape.
        is_own: the layers were made from the same file, so that equal names mean equal layers
            whatever their order.
    """
    check_links(f)
    return _assign(_plan_in_order(find_weights(f), layers, reshape, is_own))


def load_weights_from_hdf5_group_by_name(
    f: h5py.Group, layers: Sequence[Layer], skip_mismatch: bool = False, reshape: bool = False
) -> LoadReport:
    """Assigns the weights of an open group to those of `layers` that have the same names."""
    check_links(f)
    return _assign(_plan_by_name(find_weights(f), layers, skip_mismatch, reshape))


def _assign(plan: Plan) -> LoadReport:
    for weight, value in plan.pairs:
        weight.set_value(value)
    return plan.report


def _plan_in_order(
    stored: StoredWeights, layers: Sequence[Layer], reshape: bool, is_own: bool = False
) -> Plan:
    targets = [layer for layer in layers if layer.weights]
    sources = [layer for layer in stored.layers if layer.arrays.names]
    if len(targets) != len(sources):
        raise FileFormatError(
            f"You are trying to load a weight file containing {len(sources)} layers into a model "
            f"with {len(targets)} layers: with weights, the file has {_names(sources)}, the model "
            f"{_names(targets)}. Build the model as it was when it was saved, or load what has the "
            "same names with by_name=True."
        )
    if is_own:
        sources = in_order_of(targets, sources)
    arrays = read_arrays(source.arrays for source in sources)
    plan = Plan()
    for i, (layer, source, values) in enumerate(zip(targets, sources, arrays, strict=True)):
        values = _converted(layer, source, values, stored, reshape)
        title = f"Layer #{i} {layer.name!r} ({source.name!r} in the file)"
        if len(values) != len(layer.weights):
            raise FileFormatError(count_fault(title, layer, values))
        for weight, value in zip(layer.weights, values, strict=True):
            if value.shape != tuple(weight.shape):
                raise ShapeError(_shape_fault(title, weight, value))
            plan.take(weight, value)
    return plan


def in_order_of(targets: Sequence[Layer], sources: list[StoredLayer]) -> list[StoredLayer]:
    """The stored layers in the order of those of the same names; as they are if names differ.

    Versions of Keras differ in the order in which a model lists its layers.
    """
    by_name = {source.name: source for source in sources}
    if len(by_name) != len(sources) or {layer.name for layer in targets} != by_name.keys():
        return sources
    return [by_name[layer.name] for layer in targets]


def _template(stored: StoredWeights, model: Any) -> StoredWeights | None:
    """The one model in a file that `multi_gpu_model` wrote, if `model` is what it copied."""
    sources = [layer for layer in stored.layers if layer.arrays.names]
    own = [layer for layer in model.layers if layer.weights]
    if len(sources) != 1 or len(own) < 2 or not hasattr(model, "trainable_weights"):
        return None
    if len(sources[0].arrays.names) != len(model.weights):
        return None
    warnings.warn(
        f"The file was saved of a model that multi_gpu_model had made; the weights of "
        f"{sources[0].name!r}, which it copied, are taken.",
        RepairWarning,
        stacklevel=5,
    )
    return StoredWeights(sources, stored.keras_version, stored.backend)


def _plan_by_name(
    stored: StoredWeights, layers: Sequence[Layer], skip_mismatch: bool, reshape: bool
) -> Plan:
    by_name: dict[str, list[Layer]] = {}
    for layer in layers:
        by_name.setdefault(layer.name, []).append(layer)
    sources = [source for source in stored.layers if source.name in by_name]
    if not sources:
        warnings.warn(
            f"Nothing was loaded: no layer of the model ({_names(layers)}) has the name of one in "
            f"the file ({_names(stored.layers)}).",
            stacklevel=6,
        )
    arrays = read_arrays(source.arrays for source in sources)
    plan = Plan()
    for i, (source, read) in enumerate(zip(sources, arrays, strict=True)):
        for layer in by_name[source.name]:
            values = _converted(layer, source, read, stored, reshape)
            _plan_layer(plan, i, layer, values, skip_mismatch)
    _note_leftovers(plan.report, stored, layers, {source.name for source in sources})
    return plan


def _note_leftovers(
    report: LoadReport, stored: StoredWeights, layers: Sequence[Layer], common: set[str]
) -> None:
    for layer in layers:
        if layer.name not in common:
            report.missing += [weight.name for weight in layer.weights]
    for source in stored.layers:
        if source.name not in common:
            report.unused += [f"{source.name}/{name}" for name in source.arrays.names]


def _plan_layer(
    plan: Plan, i: int, layer: Layer, values: list[np.ndarray], skip_mismatch: bool
) -> None:
    """Plans what of `values` a layer takes that was found by its name."""
    title = f"Layer #{i} {layer.name!r}"
    if len(values) != len(layer.weights):
        fault = count_fault(title, layer, values)
        if not skip_mismatch:
            raise FileFormatError(fault)
        _warn_of_skipping(layer.name, "number of weights", fault)
        plan.report.mismatched += [weight.name for weight in layer.weights]
        return
    for weight, value in zip(layer.weights, values, strict=True):
        if value.shape == tuple(weight.shape):
            plan.take(weight, value)
            continue
        fault = _shape_fault(title, weight, value)
        if not skip_mismatch:
            raise ShapeError(fault)
        # Keras 2.2: the other weights of the layer are loaded nevertheless.
        _warn_of_skipping(layer.name, "shape", fault)
        plan.report.mismatched.append(weight.name)


def _warn_of_skipping(name: str, what: str, fault: str) -> None:
    warnings.warn(
        f"Skipping loading of weights for layer {name!r} due to mismatch in {what}. {fault}",
        stacklevel=8,
    )


def _converted(
    layer: Layer,
    source: StoredLayer,
    values: list[np.ndarray],
    stored: StoredWeights,
    reshape: bool,
) -> list[np.ndarray]:
    if getattr(layer, "is_network", False):
        values = _by_inner_names(layer, source, values)
    return preprocess_weights_for_loading(
        layer, values, stored.keras_version, stored.backend, reshape=reshape
    )


def _by_inner_names(
    network: Layer, source: StoredLayer, values: list[np.ndarray]
) -> list[np.ndarray]:
    """A nested model's arrays in its own order, where their names tell it.

    tf.keras lists the weights of a frozen model layer by layer; Keras 2.2 the trainable ones of
    all layers first.
    """
    stored = [_inner_name(name, network.name) for name in source.arrays.names]
    wanted = [_inner_name(weight.name, network.name) for weight in network.weights]
    layers = {layer.name for layer in getattr(network, "layers", ())}
    for names, found in (
        (wanted, stored),
        ([_of_layer(n, layers) for n in wanted], [_of_layer(n, layers) for n in stored]),
    ):
        if len(set(names)) == len(names) and sorted(found) == sorted(names):
            places = {name: i for i, name in enumerate(found)}
            return [values[places[name]] for name in names]
    return values


def _of_layer(name: tuple[str, str], layers: set[str]) -> tuple[str, str]:
    """The name with that of the layer: a number is added where it was taken in the session."""
    scope, weight = name
    return (scope if scope in layers else re.sub(r"_\d+$", "", scope)), weight


def _inner_name(name: str, network: str) -> tuple[str, str]:
    """The layer and the weight in a weight's name; what lies between differs between versions."""
    parts = name.removesuffix(":0").removeprefix(f"{network}/").split("/")
    return parts[0], parts[-1]


def count_fault(title: str, layer: Layer, values: list[np.ndarray]) -> str:
    """The message for a layer that has another number of weights than the file."""
    wanted = ", ".join(f"{w.name} {tuple(w.shape)}" for w in layer.weights) or "none"
    found = ", ".join(str(value.shape) for value in values) or "none"
    return (
        f"{title} expects {len(layer.weights)} weight(s) ({wanted}), but the saved weights have "
        f"{len(values)} element(s) ({found}). Build the layer with the arguments it had when it "
        "was saved."
    )


def _shape_fault(title: str, weight: Weight, value: np.ndarray) -> str:
    return (
        f"{title}, weight {weight.name!r} has shape {tuple(weight.shape)}, but the saved weight "
        f"has shape {value.shape}. Build the layer with the arguments it had when it was saved."
    )


def _names(layers: Sequence[Layer] | Sequence[StoredLayer], limit: int = 5) -> str:
    names = [repr(layer.name) for layer in layers[:limit]]
    return ", ".join(names + ["..."] * (len(layers) > limit)) or "none"
