"""Export to TensorFlow Lite, for phones and other small machines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from compiler.lowering.interpret import scope_name
from compiler.tensorflow import tf
from kir.errors import ConfigError, ExportError
from kir.layers import RNN
from runtime.export.checks import check_exportable, layer_calls
from runtime.export.programs import Program, all_layers, predict_program, quiet, refuse_states
from runtime.export.saved_model import serving_module
from runtime.files import replacing

QUANTIZATIONS = ("none", "float16", "dynamic", "int8")

# A converter that measures ranges gains little from more samples, and each costs a run.
MOST_SAMPLES = 500

_MISSING = re.compile(r"'tf\.(\w+)' op is neither")
_OP = re.compile(r"'tf\.(\w+)' op")
_SOURCE = re.compile(r"^\S+:\d+:\d+: (error: )?")


def export_tflite(
    model: Any,
    path: str | os.PathLike[str],
    *,
    quantize: str = "none",
    representative: Any = None,
    select_tf_ops: bool = False,
) -> None:
    """Writes a model's inference as a TensorFlow Lite file.

    Its signature ``serving_default`` has the names of a SavedModel's (see `export_saved_model`),
    and the batch is of any size unless the model fixes it.

    Args:
        model: a built model; it need not be compiled.
        path: the file to write, usually with the suffix ``.tflite``.
        quantize: ``none`` keeps float32; ``float16`` halves the weights; ``dynamic`` holds weights
            in 8 bits and computes in float32; ``int8`` computes in 8 bits throughout, its floating
            inputs and outputs included.
        representative: for ``int8``: samples like those of use, from which the ranges of values
            are measured. An array, a list of one for each input, or a dict by input name; the
            first axis counts samples.
        select_tf_ops: whether ops that TensorFlow Lite lacks may be taken from TensorFlow; the
            program that runs the file must then bring them along ("Flex delegate").

    Raises:
        ExportError: a layer has no form in TensorFlow Lite; says which.
        ConfigError: the model is not built, or the options do not fit.
    """
    check_exportable(model, "TensorFlow Lite")
    if quantize not in QUANTIZATIONS:
        raise ConfigError(f"quantize is {quantize!r}; expected one of {', '.join(QUANTIZATIONS)}.")
    if (quantize == "int8") != (representative is not None):
        raise ConfigError(
            "quantize='int8' and representative data go together: the data show which ranges the "
            "8 bits have to cover. Give both or neither."
        )
    refuse_states(model, "TensorFlow Lite")
    # Its arrays of tensors are of fixed size, so that the batch would be too. With 8 bits the
    # values that a loop carries get ranges that do not fit, which adds up from step to step.
    if quantize == "int8":
        _check_steps(model)
    program = predict_program(model, loop_style="unrolled" if quantize == "int8" else "plain")
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [program.concrete], serving_module(model, program)
    )
    _configure(converter, quantize, select_tf_ops)
    if representative is not None:
        samples = _samples(model, program, representative)
        converter.representative_dataset = lambda: _one_by_one(samples)
    data = _convert(model, program, converter)
    with replacing(path) as beside, open(beside, "wb") as file:
        file.write(data)


def _check_steps(model: Any) -> None:
    """Whether all loops over time can be unrolled, and computed in 8 bits.

    Raises:
        ExportError: a recurrent layer takes any number of time steps, or its input has a mask.
    """
    for node in layer_calls(model):
        if not isinstance(node.layer, RNN):
            continue
        reason = ""
        shape = node.inputs[0].type.shape
        if shape is None or shape[1] is None:
            reason = "the number of its time steps is not known"
        elif any(m is not None for m in node.masks):
            reason = "its input has a mask, and LiteRT fails to choose between states of 8 bits"
        if reason:
            raise ExportError(
                f"{type(node.layer).__name__} {node.layer.name!r} cannot be exported to TensorFlow "
                f"Lite with quantize='int8': {reason}. Build the model otherwise, or use "
                "quantize='dynamic'."
            )


def _configure(converter: Any, quantize: str, select_tf_ops: bool) -> None:
    ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    if select_tf_ops:
        ops.append(tf.lite.OpsSet.SELECT_TF_OPS)
    converter.target_spec.supported_ops = ops


def _samples(model: Any, program: Program, given: Any) -> dict[str, np.ndarray]:
    """The representative data by input, in the inputs' dtypes.

    Raises:
        ConfigError: they do not fit the inputs.
    """
    names = list(program.inputs)
    if isinstance(given, Mapping):
        by_name = dict(given)
    else:
        parts = given if isinstance(given, list | tuple) else [given]
        by_name = dict(zip(names, parts, strict=False)) if len(parts) == len(names) else {}
    if set(by_name) != set(names):
        raise ConfigError(
            f"The representative data must hold an array for each input of {model.name!r}: "
            f"{', '.join(names)}."
        )
    arrays = {n: np.asarray(by_name[n], program.inputs[n].dtype) for n in names}
    for name, array in arrays.items():
        shape = program.inputs[name].shape or ()
        fits = array.ndim == len(shape) and all(
            size in (None, got) for size, got in zip(shape[1:], array.shape[1:], strict=True)
        )
        if not fits or len(array) == 0 or len(array) != len(next(iter(arrays.values()))):
            raise ConfigError(
                f"The representative data for the input {name!r} have the shape {array.shape}; "
                f"expected samples of {program.inputs[name]}, as many for each input."
            )
    return arrays


def _one_by_one(samples: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    count = min(len(next(iter(samples.values()))), MOST_SAMPLES)
    for i in range(count):
        yield {name: array[i : i + 1] for name, array in samples.items()}


def _convert(model: Any, program: Program, converter: Any) -> bytes:
    try:
        with quiet():
            found: bytes = converter.convert()
    except Exception as error:
        text = str(error)
        missing = dict.fromkeys(_MISSING.findall(text))
        reason = _SOURCE.sub("", text.strip().splitlines()[0])
        if missing:
            reason = f"TensorFlow Lite has no {', '.join(missing)}"
        raise ExportError(
            f"{_blamed(model, program, text)} cannot be exported to TensorFlow Lite: {reason}. "
            "Replace the layer, pass select_tf_ops=True to take such ops from TensorFlow, or "
            "export to savedmodel."
        ) from error
    return found


def _blamed(model: Any, program: Program, text: str) -> str:
    """The layer whose operation the converter's message speaks of, as far as it says."""
    kinds = set(_OP.findall(text))
    scopes = [
        scope
        for op in program.concrete.graph.get_operations()
        if op.type in kinds
        for scope in op.name.split("/")
    ]
    layers = {scope_name(layer.name): layer for layer in all_layers(model)}
    for scope in scopes:
        layer = layers.get(scope)
        if layer is not None and not layer.is_network:
            return f"{type(layer).__name__} {layer.name!r}"
    return repr(model.name)
