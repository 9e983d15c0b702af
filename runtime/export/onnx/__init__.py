"""ONNX files, written layer by layer from the graph of a model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from compiler.passes.drop_inactive import DropInactive
from compiler.passes.inline_networks import InlineNetworks
from compiler.pipeline import run_passes
from compiler.programs.objective import fed_inputs, flat_graph
from kir.engine.variable import compute_initial_values
from kir.errors import ConfigError, DependencyError
from kir.ir.types import TensorType
from runtime.export.checks import check_exportable
from runtime.export.programs import distinct
from runtime.files import replacing

# Normalizations stay as they are: ONNX has a node for them, and runtimes fold it themselves.
PASSES = (InlineNetworks(), DropInactive())

# What the format of the file, protobuf, can hold.
LARGEST = 2**31 - 1


def export_onnx(model: Any, path: str | os.PathLike[str]) -> None:
    """Writes a model's inference as an ONNX file.

    Each layer becomes the nodes that ONNX has for it: one LSTM for an LSTM, one Conv for a
    convolution. Inputs and outputs have the names of `model.input_names` and
    `model.output_names`, the batch is of any size unless the model fixes it, and weights keep
    Keras's names. Recurrent layers whose input has a mask, and cells that ONNX has no node for,
    become a Scan.

    Args:
        model: a built model; it need not be compiled.
        path: the file to write, usually with the suffix ``.onnx``.

    Raises:
        DependencyError: the package `onnx` is not installed.
        ExportError: a layer has no form in ONNX; says which and what to do.
        ConfigError: the model is not built or has a sparse input, or is larger than 2 GB.
    """
    data = onnx_model(model).SerializeToString()
    with replacing(path) as beside, open(beside, "wb") as file:
        file.write(data)


def onnx_model(model: Any) -> Any:
    """A model's inference as `onnx.ModelProto`; see `export_onnx`."""
    check_exportable(model, "ONNX")
    try:
        import onnx
    except ImportError as error:
        raise DependencyError(
            "The export to ONNX needs the package onnx: pip install 'kir[onnx]'."
        ) from error
    from runtime.export.onnx import rules  # noqa: F401 - registers them
    from runtime.export.onnx.builder import Builder
    from runtime.export.onnx.writing import Writer

    compute_initial_values(model._weights_by_layer())
    graph = run_passes(flat_graph(model), PASSES)
    fed, builder = fed_inputs(model), Builder()
    names = distinct([n for n, x in zip(model.input_names, model.inputs, strict=True) if x in fed])
    results = distinct(model.output_names)
    for name in (*names, *results):
        builder.name(name)
    env: Any = dict(zip(fed, names, strict=True))
    found = Writer(builder).write(graph.outputs, env)
    for name, result in zip(results, found, strict=True):
        builder.nodes.append(onnx.helper.make_node("Identity", [result], [name], f"{name}/result"))
    inputs = [(n, v.type) for n, v in zip(names, fed, strict=True)]
    outputs = [(n, v.type) for n, v in zip(results, graph.outputs, strict=True)]
    proto = _proto(model, builder, inputs, outputs)
    if proto.ByteSize() > LARGEST:
        raise ConfigError(
            f"{model.name!r} has more than 2 GB of weights, more than an ONNX file holds. Export "
            "it to savedmodel."
        )
    return proto


def _proto(
    model: Any,
    builder: Any,
    inputs: Sequence[tuple[str, TensorType]],
    outputs: Sequence[tuple[str, TensorType]],
) -> Any:
    from onnx import helper

    from runtime.export.onnx.builder import OPSET, used_names, without_dead_nodes

    nodes = without_dead_nodes(builder.nodes, [name for name, _ in outputs])
    used = {name for node in nodes for name in used_names(node)}
    graph = helper.make_graph(
        nodes,
        model.name,
        [_declaration(*one) for one in inputs],
        [_declaration(*one) for one in outputs],
        [tensor for name, tensor in builder.initializers.items() if name in used],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(
        graph,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="kir",
    )


def _declaration(name: str, kind: TensorType) -> Any:
    from runtime.export.onnx.builder import value_info

    shape = kind.shape or ()
    sizes = [
        size if size is not None else "batch" if axis == 0 else f"{name}_{axis}"
        for axis, size in enumerate(shape)
    ]
    return value_info(name, kind.dtype, sizes)
