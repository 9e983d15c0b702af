"""Export to TensorFlow's SavedModel: a folder that plain TensorFlow serves, without kir."""

from __future__ import annotations

import os
from typing import Any

from compiler.tensorflow import tf
from runtime.export.checks import check_exportable
from runtime.export.programs import (
    Program,
    predict_program,
    quiet,
    train_program,
    weight_resources,
)
from runtime.files import replacing_folder

SIGNATURE = "serving_default"
TRAINING_SIGNATURE = "train"


def export_saved_model(
    model: Any, folder: str | os.PathLike[str], *, training: bool = False
) -> None:
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

    With `training` a second signature, ``train``, takes one step of training: the inputs and, for
    each output with a loss, ``<output>_target``; it returns ``loss`` and the metrics by name, and
    changes the weights, from where ``serving_default`` reads them::

        logs = loaded.signatures["train"](input_1=x, dense_1_target=y)  # {"loss": ..., "acc": ...}

    Args:
        model: a built model.
        folder: the folder to write; missing parents are made. A SavedModel that is there already
            is replaced, but only when the new one is complete.
        training: whether to add the signature ``train``; the model must be compiled.

    Raises:
        ConfigError: the model is not built, or not compiled and `training` is set, or has an input
            that a signature cannot take.
        FileExistsError: `folder` exists and is no SavedModel.
    """
    check_exportable(model, "the signature of a SavedModel")
    with replacing_folder(folder, "saved_model.pb") as beside:
        _save(serving_module(model, predict_program(model), training), beside)


def serving_module(model: Any, program: Program, training: bool = False) -> Any:
    """What TensorFlow saves: the functions and the variables that they read."""
    module: Any = tf.Module()
    module.weights = weight_resources(model)
    module.serve = program.concrete
    known = {id(v) for v in module.weights}
    module.states = [v for v in program.variables if id(v) not in known]
    if training:
        trained = train_program(model)
        known |= {id(v) for v in module.states}
        module.train = trained.concrete
        module.training_states = [v for v in trained.variables if id(v) not in known]
    return module


def _save(module: Any, folder: str) -> None:
    signatures = {SIGNATURE: module.serve}
    if hasattr(module, "train"):
        signatures[TRAINING_SIGNATURE] = module.train
    with quiet():
        tf.saved_model.save(module, folder, signatures=signatures)
