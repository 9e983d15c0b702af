"""Graphs of a session in files: frozen ones, and SavedModels as TensorFlow 1 described them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from compiler.tensorflow import internal, tf
from compiler.tensorflow_1.graphs import Session, get_default_graph
from compiler.tensorflow_1.names import find_tensor, placeholders_of
from compiler.tensorflow_1.namespaces import namespace
from compiler.variables import resource, variables_of
from kir.backend.operation_names import operation_name
from kir.engine.executor import executor
from kir.engine.tensor import is_symbolic
from kir.errors import ConfigError
from kir.ir.graph import Graph, Weight, topological_order

v1 = tf.compat.v1


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: Sequence[str],
    variable_names_whitelist: Any = None,
    variable_names_blacklist: Any = None,
) -> Any:
    """`tf.graph_util.convert_variables_to_constants`.

    The placeholders and the results have the names of their operations; everything is at
    inference, or in the phase that `K.set_learning_phase` fixed.

    Args:
        sess: the session.
        input_graph_def: what `as_graph_def()` gave; a graph that was read from a file is frozen by
            TensorFlow itself.
        output_node_names: names of the operations whose results to keep; those of variables may be
            among them.
        variable_names_whitelist: for graphs from files: which variables to freeze.
        variable_names_blacklist: for graphs from files: which to leave.

    Raises:
        MissingKeyError: there is no operation of such a name.
        ConfigError: all are names of variables.
    """
    if len(input_graph_def.node):
        return v1.graph_util.convert_variables_to_constants(
            getattr(sess, "imported", sess),
            input_graph_def,
            output_node_names,
            variable_names_whitelist,
            variable_names_blacklist,
        )
    found = {name: find_tensor(f"{name}:0") for name in output_node_names}
    results = {name: value for name, value in found.items() if not isinstance(value, Weight)}
    if not results:
        raise ConfigError(
            "convert_variables_to_constants: there is no result to compute among the names "
            f"{list(output_node_names)[:5]}. Add [x.op.name for x in model.outputs]."
        )
    outputs = list(results.values())
    inputs = placeholders_of(outputs)
    function = executor().function(inputs, outputs, [], "frozen").concrete_function()
    freeze = internal("framework.convert_to_constants").convert_variables_to_constants_v2
    frozen = freeze(function)
    graph = frozen.graph.as_graph_def()
    fed = {t.op.name: operation_name(v) for t, v in zip(frozen.inputs, inputs, strict=True)}
    names = _new_names(graph, fed, list(results))
    _rename(graph, names)
    for name, tensor in zip(results, frozen.outputs, strict=True):
        if name not in fed.values():  # else an input is a result
            node = graph.node.add(op="Identity", name=name, input=[_renamed(tensor.name, names)])
            node.attr["T"].type = tensor.dtype.as_datatype_enum
    return graph


def _new_names(graph: Any, fed: Mapping[str, str], results: Sequence[str]) -> dict[str, str]:
    """Other names for nodes where an input or a result is to have theirs, and those of inputs."""
    wanted = {*fed.values(), *results}
    taken = wanted | {node.name for node in graph.node}
    found = dict(fed)
    for name in [node.name for node in graph.node if node.name in wanted - fed.keys()]:
        number = 1
        while f"{name}_{number}" in taken:
            number += 1
        found[name] = f"{name}_{number}"
        taken.add(found[name])
    return found


def _rename(graph: Any, names: Mapping[str, str]) -> None:
    for node in graph.node:
        node.name = names.get(node.name, node.name)
        node.input[:] = [_renamed(x, names) for x in node.input]
        node.attr.pop("_class", None)  # says beside which node it is to be placed, by name


def _renamed(edge: str, names: Mapping[str, str]) -> str:
    """An edge such as ``name``, ``name:1`` or ``^name`` with the node's new name."""
    mark = "^" if edge.startswith("^") else ""
    name, colon, number = edge.removeprefix("^").partition(":")
    return f"{mark}{names.get(name, name)}{colon}{number}"


# -- SavedModels

_build_tensor_info = v1.saved_model.build_tensor_info


def build_tensor_info(tensor: Any) -> Any:
    """`tf.saved_model.build_tensor_info`: a tensor's name, dtype and shape."""
    if not is_symbolic(tensor):
        return _build_tensor_info(tensor)
    kind = tensor.type
    return v1.TensorInfo(
        name=f"{operation_name(tensor)}:0",
        dtype=tf.as_dtype(kind.dtype).as_datatype_enum,
        tensor_shape=tf.TensorShape(kind.shape).as_proto(),
    )


class SavedModelBuilder:
    """`tf.saved_model.builder.SavedModelBuilder`: writes what signatures name, with its weights.

    Args:
        export_dir: the folder to make.

    Raises:
        ConfigError: the folder is there already and not empty.
    """

    def __init__(self, export_dir: str | os.PathLike[str]) -> None:
        self._folder = os.fspath(export_dir)
        if os.path.isdir(self._folder) and os.listdir(self._folder):
            raise ConfigError(
                f"Export directory {self._folder!r} already exists, and isn't empty. Choose "
                "another one, or remove it first."
            )
        self._signatures: dict[str, Any] = {}

    def add_meta_graph_and_variables(
        self, sess: Any, tags: Sequence[str], signature_def_map: Any = None, *_: Any, **__: Any
    ) -> None:
        """Takes the signatures; TensorFlow writes them with the tag ``serve``, whatever `tags`."""
        self.add_meta_graph(tags, signature_def_map)

    def add_meta_graph(
        self, tags: Sequence[str], signature_def_map: Any = None, *_: Any, **__: Any
    ) -> None:
        """Takes further signatures."""
        self._signatures.update(signature_def_map or {})

    def save(self, as_text: bool = False) -> str:
        """Writes the folder; returns the path of the description in it.

        Raises:
            ConfigError: there is no signature.
        """
        if not self._signatures:
            raise ConfigError(
                "SavedModelBuilder.save: there is no signature. Pass signature_def_map to "
                "add_meta_graph_and_variables."
            )
        module: Any = tf.Module()
        module.variables_of_model, functions = [], {}
        for key, signature in self._signatures.items():
            functions[key] = self._function(signature, module.variables_of_model)
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("ERROR")
        try:
            tf.saved_model.save(module, self._folder, signatures=functions)
        finally:
            logger.setLevel(level)
        return os.path.join(self._folder, "saved_model.pb")

    def _function(self, signature: Any, variables: list[Any]) -> Any:
        """The function that a signature describes; what it reads is added to `variables`."""
        outputs = {k: find_tensor(info.name) for k, info in signature.outputs.items()}
        inputs = {k: find_tensor(info.name) for k, info in signature.inputs.items()}
        graph = Graph("signature", (), (), topological_order(list(outputs.values())))
        known = {id(v) for v in variables}
        variables += [v for v in map(resource, variables_of(graph)) if id(v) not in known]
        compute = executor().function(list(inputs.values()), list(outputs.values()), [], "serve")
        concrete = compute.concrete_function()

        def serve(**given: Any) -> dict[str, Any]:
            found = concrete(*(given[k] for k in inputs))
            return dict(zip(outputs, found, strict=True))

        specs = {k: tf.TensorSpec(v.type.shape, v.type.dtype, k) for k, v in inputs.items()}
        return tf.function(serve, autograph=False).get_concrete_function(**specs)


def simple_save(
    session: Any,
    export_dir: str | os.PathLike[str],
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    legacy_init_op: Any = None,
) -> None:
    """`tf.saved_model.simple_save`: a SavedModel with one signature, ``serving_default``."""
    signature = v1.saved_model.build_signature_def(
        {k: build_tensor_info(v) for k, v in inputs.items()},
        {k: build_tensor_info(v) for k, v in outputs.items()},
        v1.saved_model.signature_constants.PREDICT_METHOD_NAME,
    )
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
    builder.save()


def load(sess: Any, tags: Sequence[str], export_dir: str, *args: Any, **kwargs: Any) -> Any:
    """`tf.saved_model.loader.load`: reads a SavedModel into the session's graph."""
    session = sess.imported if isinstance(sess, Session) else sess
    graph = sess.graph if isinstance(sess, Session) else get_default_graph()
    with graph.imported.as_default():
        return v1.saved_model.load(session, tags, export_dir, *args, **kwargs)


GRAPH_UTIL = {"convert_variables_to_constants": convert_variables_to_constants}

_BUILDER = {"SavedModelBuilder": SavedModelBuilder}
_TENSOR_INFO = {"build_tensor_info": build_tensor_info}
_LOADER = {"load": load}


def saved_model_names() -> dict[str, Any]:
    """What differs in `tf.saved_model`, and in the modules in it."""
    # What TensorFlow's functions for signatures call.
    internal("saved_model.utils_impl").build_tensor_info = build_tensor_info  # type: ignore[attr-defined]
    parts = {"builder": _BUILDER, "utils": _TENSOR_INFO, "loader": _LOADER}
    modules = {k: namespace(getattr(v1.saved_model, k), v) for k, v in parts.items()}
    own = {"Builder": SavedModelBuilder, "simple_save": simple_save, "load": load}
    return {**modules, **own, **_TENSOR_INFO}
