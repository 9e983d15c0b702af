"""The problems of one file: an architecture, a model with weights, or weights alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kir.errors import KirError
from kir.ir.verifier import verify
from kir.serde.config import upgrade_config
from kir.serde.upgrading import Dialect
from runtime.checking.architecture import UNBUILT, ArchitectureCheck
from runtime.checking.lines import with_lines
from runtime.checking.problem import Place, Problem, text_of
from runtime.checking.values import bad_numbers
from runtime.model_files import (
    FORMATS,
    find_format,
    holds_weights_only,
    read_architecture,
    read_config,
    read_model,
    tolerant,
)
from runtime.wording import counted


@dataclass
class Report:
    """What a check of one file found.

    Attributes:
        problems: errors and warnings.
        contents: what the file holds, in words; empty if it cannot be read.
    """

    problems: list[Problem] = field(default_factory=list)
    contents: str = ""

    @property
    def is_good(self) -> bool:
        """Whether there is no error."""
        return not any(p.is_error for p in self.problems)


def check_file(path: Path, weights: Path | None = None) -> Report:
    """Looks for the problems of a file.

    Args:
        path: an architecture, a model, or an HDF5 file of weights.
        weights: an HDF5 file of weights for the model in `path`, to be compared with it.
    """
    report = Report()
    try:
        if weights is None and holds_weights_only(path):
            _check_weights(report, path, None)
            return report
        model = _check_architecture(report, path)
    except (KirError, OSError) as error:
        report.problems.append(Problem(text_of(error, leave_out=[str(path)])))
        return report
    if model is not None:
        report.contents = _contents(report, model)
    format = find_format(path)
    source = weights or (path if format == "hdf5" else None)
    if source is not None:
        _check_weights(report, source, model)
    elif model is not None and FORMATS[format].holds_weights:
        _check_values(report, path)
    return report


def _check_architecture(report: Report, path: Path) -> Any:
    """The model in a file; None after its problems were noted."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = tolerant(_read_verified, path)
    except KirError as error:
        first = error
    else:
        report.problems += [Problem(str(w.message), is_error=False) for w in caught]
        return model
    report.problems += _all_problems(path, first)
    return None


def _read_verified(path: Path) -> Any:
    model = read_architecture(path)
    verify(model.graph)
    return model


def _contents(report: Report, model: Any) -> str:
    """What a model consists of; of one that is not built yet that is not all known."""
    layers = counted(len(model.layers), "layer")
    if model.built:
        return f"{layers}, {counted(model.count_params(), 'parameter')}"
    report.problems.append(Problem(UNBUILT, is_error=False))
    return layers


def _all_problems(path: Path, first: KirError) -> list[Problem]:
    """The problems of a config that cannot be read; the first is the error that came of it."""
    only = [Problem(text_of(first, leave_out=[str(path)]))]
    config = read_config(path)  # what cannot be read at all ends here
    try:
        upgraded = tolerant(upgrade_config, config)
    except KirError:
        return only  # what has no equal here has no rules to check it by
    found = ArchitectureCheck().check(upgraded.config)
    if all(not p.is_error for p in found):  # it lies between layers, or in the graph itself
        found += only
    has_lines = find_format(path) in ("json", "yaml") and upgraded.origin.dialect is Dialect.KERAS_2
    return with_lines(found, path.read_text("utf-8")) if has_lines else found


def _check_weights(report: Report, path: Path, model: Any) -> None:
    """Notes what is wrong with weights, and with how they fit a model."""
    from runtime.hdf5.diagnosis import diagnose  # here, as it loads h5py

    try:
        found = diagnose(str(path), None if model is None else model.layers)
    except (KirError, OSError) as error:
        report.problems.append(Problem(text_of(error)))
        return
    report.problems += _weight_problems(found.faults)
    held = f"{counted(found.arrays, 'array')} of weights with {counted(found.numbers, 'number')}"
    if not report.contents:
        held = f"weights of {counted(len(found.layers), 'layer')}: {held}"
    report.contents = ", ".join(filter(None, [report.contents, held]))


def _check_values(report: Report, path: Path) -> None:
    """Notes what is wrong with the weights in a file that is read as a whole."""
    try:
        model = read_model(path)
    except (KirError, OSError) as error:
        report.problems.append(Problem(text_of(error, leave_out=[str(path)])))
        return
    for layer in model.layers:
        place = Place((), (f"layer {layer.name!r}",), layer.name)
        for weight, value in zip(layer.weights, layer.get_weights(), strict=True):
            fault = bad_numbers(value)
            if fault:
                report.problems.append(Problem(fault, place, weight.name))


def _weight_problems(faults: list[tuple[str | None, str | None, str]]) -> Iterator[Problem]:
    for layer, weight, message in faults:
        place = Place() if layer is None else Place((), (f"layer {layer!r}",), layer)
        yield Problem(message, place, weight)
