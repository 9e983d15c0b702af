"""Export to TensorFlow's SavedModel: a folder that plain TensorFlow serves, without kir."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from compiler.programs.forward import ForwardProgram, signature
from compiler.tensorflow import tf
from compiler.variables import resource
from kir.engine.variable import compute_initial_values
from kir.errors import ConfigError
from runtime.files import replacing_folder

SIGNATURE = "serving_default"


def export_saved_model(model: Any, folder: str | os.PathLike[str]) -> None:
    """Writes a model as a SavedModel that ``tf.saved_model.load`` reads without kir.

    It holds the graph of inference, with the compiler's passes applied, and each variable once.
    The signature ``serving_default`` takes the inputs by the names of `model.input_names` and
    returns the outputs by those of `model.output_names` (of equal names the second gets ``_1`` at
    its end; in an input's name ``_`` takes the place of what is no letter, digit or underscore)::

        loaded = tf.saved_model.load(folder)
        serve = loaded.signatures["serving_default"]
        outputs = serve(input_1=tf.constant(x))  # {"dense_1": <tf.Tensor>}

    The batch may be of any size unless the model fixes it. ``loaded.weights`` are the variables in
    the order of `model.get_weights()`; ``loaded.states`` are those of stateful layers, which move
    on from call to call. The model itself is not changed and need not be compiled.

    Args:
        model: a built model.
        folder: the folder to write; missing parents are made. A SavedModel that is there already
            is replaced, but only when the new one is complete.

    Raises:
        ConfigError: the model is not built, or has an input that a signature cannot take.
        FileExistsError: `folder` exists and is no SavedModel.
    """
    if not model.inputs:
        raise ConfigError(
            f"{model.name!r} is not built, so there is no graph to export. Give its first layer an "
            "input_shape, or call build() or fit() first."
        )
    for value, name in zip(model.inputs, model.input_names, strict=True):
        if value.type.sparse:
            raise ConfigError(
                f"The input {name!r} of {model.name!r} is sparse; the signature of a SavedModel "
                "takes dense tensors only. Export a model with a dense input."
            )
    with replacing_folder(folder, "saved_model.pb") as beside:
        _save(_module(model), beside)


def _module(model: Any) -> Any:
    """What TensorFlow saves: the serving function and the variables that it reads."""
    weights = model._weights_by_layer()
    compute_initial_values(weights)
    serve = _serving_function(model)
    module: Any = tf.Module()
    module.weights = [resource(w) for w in weights]
    known = {id(v) for v in module.weights}
    module.states = [v for v in serve.graph.variables if id(v) not in known]
    module.serve = serve
    return module


def _serving_function(model: Any) -> Any:
    program = ForwardProgram(model)
    names = distinct([argument_name(name) for name in model.input_names])
    output_names = distinct(model.output_names)

    def serve(**inputs: Any) -> dict[str, Any]:
        results = program.compute(*(inputs[name] for name in names))
        return dict(zip(output_names, results, strict=True))

    specs = dict(zip(names, (signature(value.type) for value in model.inputs), strict=True))
    return tf.function(serve, autograph=False).get_concrete_function(**specs)


def argument_name(name: str) -> str:
    """A layer's name as TensorFlow allows it for an argument."""
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    return word if word[:1].isalpha() else f"arg_{word}"


def distinct(names: Sequence[str]) -> list[str]:
    """The names, the repeated ones made distinct by a number."""
    found: list[str] = []
    for name in names:
        candidate, count = name, 0
        while candidate in found or (count and candidate in names):
            count += 1
            candidate = f"{name}_{count}"
        found.append(candidate)
    return found


def _save(module: Any, folder: str) -> None:
    with _quiet():
        tf.saved_model.save(module, folder, signatures={SIGNATURE: module.serve})


@contextmanager
def _quiet() -> Iterator[None]:
    """Holds back TensorFlow's notes on where it put which part."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
