"""Export to StableHLO: programs as text, for compilers such as those of XLA, JAX and IREE."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from kir.errors import ConfigError, ExportError
from runtime.export.checks import check_exportable
from runtime.export.programs import Program, predict_program, specs_of, train_program
from runtime.files import replacing_folder

MANIFEST = "manifest.json"

# Which argument a result takes the place of.
_ALIAS = re.compile(
    r"alias = \{[^}]*parameter_number = (\d+)[^}]*\}, output_index = array<i64(?:: (\d+))?>"
)


def export_stablehlo(
    model: Any,
    folder: str | os.PathLike[str],
    *,
    batch_size: int = 1,
    training: bool | None = None,
) -> None:
    """Writes a model's programs as StableHLO text, with the weights beside them.

    The folder holds ``predict.mlir`` and, of a compiled model, ``train.mlir`` (one step, as
    `train_on_batch` takes it), ``parameters.npz`` and ``manifest.json``. All sizes are fixed. A
    program's arguments are its inputs, then parameters; the manifest lists both by name, as well as
    the results: outputs, and the new values of parameters that the program changes.

    Args:
        model: a built model.
        folder: the folder to write; an export that is there already is replaced as a whole.
        batch_size: samples in a batch, where the model leaves it open.
        training: whether to write ``train.mlir``; None: if the model is compiled.

    Raises:
        ExportError: an input has another axis of unknown size, or XLA cannot compile an op.
        ConfigError: the model is not built, or not compiled and `training` is set.
        FileExistsError: `folder` exists and holds something else.
    """
    check_exportable(model, "StableHLO")
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}; expected 1 or more.")
    _check_sizes(model)
    if training is None:
        training = getattr(model, "optimizer", None) is not None
    programs = {"predict": predict_program(model, batch_size, jit=True)}
    if training:
        programs["train"] = train_program(model, batch_size, jit=True)
    parameters = _Parameters()
    manifest: dict[str, Any] = {}
    texts = {}
    for name, program in programs.items():
        texts[name] = stablehlo_text(model, program)
        manifest[name] = _describe(program, texts[name], parameters)
    with replacing_folder(folder, MANIFEST) as beside:
        for name, text in texts.items():
            Path(beside, f"{name}.mlir").write_text(text, encoding="utf8")
        np.savez(Path(beside, "parameters.npz"), **parameters.arrays)  # type: ignore[arg-type]
        Path(beside, MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf8")


def _check_sizes(model: Any) -> None:
    for name, value in zip(model.input_names, model.inputs, strict=True):
        if value.type.shape is None or None in value.type.shape[1:]:
            raise ExportError(
                f"The input {name!r} is {value.type}; a StableHLO program has fixed sizes. Build "
                "the model with a full input shape."
            )


def stablehlo_text(model: Any, program: Program) -> str:
    """The text of a program that was traced with `jit`."""
    specs = specs_of(program.inputs)
    try:
        text = program.function.experimental_get_compiler_ir(**specs)(stage="stablehlo")
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise ExportError(
            f"{model.name!r} cannot be exported to StableHLO: {reason}. Replace the layer that "
            "uses it, or export to savedmodel."
        ) from error
    return text if isinstance(text, str) else text.decode()


class _Parameters:
    """The values of all programs' parameters, each once."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._names: dict[int, str] = {}

    def enter(self, value: Any, wanted: str) -> str:
        """The name of a variable or constant; the second of equal names gets a number."""
        key = id(value)
        if key not in self._names:
            name, count = wanted, 0
            while name in self.arrays:
                count += 1
                name = f"{wanted}_{count}"
            self._names[key] = name
            self.arrays[name] = value.numpy()
        return self._names[key]


def _describe(program: Program, text: str, parameters: _Parameters) -> dict[str, Any]:
    """A program's arguments and results, by name; enters its parameters."""
    by_handle = {id(v.handle): v for v in program.variables}
    names = []
    for i, captured in enumerate(program.concrete.captured_inputs):
        variable = by_handle.get(id(captured))
        if variable is None:
            names.append(parameters.enter(captured, f"constant_{i}"))
        else:
            names.append(parameters.enter(variable, variable.name.split(":")[0]))
    changed = {int(place or 0): int(argument) for argument, place in _ALIAS.findall(text)}
    count = len(program.inputs)
    return {
        "inputs": sorted(program.inputs),
        "parameters": names,
        "outputs": sorted(program.outputs),
        "updated_parameters": [names[changed[place] - count] for place in sorted(changed)],
    }
