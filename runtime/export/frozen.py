"""Export to a frozen GraphDef: one file that holds graph and weights, as TensorFlow 1 read them."""

from __future__ import annotations

import os
from typing import Any

from compiler.tensorflow import internal
from runtime.export.checks import check_exportable
from runtime.export.programs import Program, predict_program, refuse_states
from runtime.files import replacing


def export_frozen(model: Any, path: str | os.PathLike[str]) -> None:
    """Writes a model's inference as a GraphDef in which the weights are constants.

    The placeholders have the names of `model.input_names`, the results those of
    `model.output_names` (made distinct as `export_saved_model` says; a result whose name an input
    has gets ``_output`` at its end), and loops are written with the ops of TensorFlow 1, so that
    old programs and other tools read it::

        graph = tf.compat.v1.GraphDef.FromString(open(path, "rb").read())
        tf.import_graph_def(graph, name="")
        session.run("dense_1:0", {"input_1:0": x})

    Args:
        model: a built model; it need not be compiled.
        path: the file to write, usually with the suffix ``.pb``.

    Raises:
        ExportError: a layer is stateful.
        ConfigError: the model is not built, or an input is sparse.
    """
    check_exportable(model, "a frozen graph")
    refuse_states(model, "a frozen graph")
    data = frozen_graph(predict_program(model)).SerializeToString()
    with replacing(path) as beside, open(beside, "wb") as file:
        file.write(data)


def frozen_graph(program: Program) -> Any:
    """A program as a GraphDef with constants in the place of variables."""
    freeze = internal("framework.convert_to_constants").convert_variables_to_constants_v2
    # The results of a function are flattened in the order of their names.
    names = sorted(program.outputs)
    frozen = freeze(program.concrete)
    graph = frozen.graph.as_graph_def()
    taken = {node.name for node in graph.node}
    for name, tensor in zip(names, frozen.outputs, strict=True):
        found = name
        while found in taken:
            found = f"{found}_output"
        taken.add(found)
        node = graph.node.add(op="Identity", name=found, input=[tensor.name])
        node.attr["T"].type = tensor.dtype.as_datatype_enum
    return graph
