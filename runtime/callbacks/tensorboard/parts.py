"""What the callback is made of; loaded when training begins, as it needs TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.programs.inspection import network_only, operation_graph
from compiler.programs.objective import build_graph
from kir.engine.network import Network
from runtime.callbacks.tensorboard import hparams
from runtime.callbacks.tensorboard.conceptual import conceptual_config
from runtime.callbacks.tensorboard.embeddings import Embeddings as Embeddings
from runtime.callbacks.tensorboard.histograms import Histograms as Histograms
from runtime.callbacks.tensorboard.writing import (
    add_conceptual_graph,
    add_operation_graph,
    add_summaries,
)
from runtime.callbacks.tensorboard.writing import add_scalars as add_scalars
from runtime.callbacks.tensorboard.writing import open_writer as open_writer


def write_graphs(writer: Any, model: Any) -> None:
    """Writes the graph of TensorFlow's operations and that of the layers, in the same run.

    TensorBoard opens the page with the former and fails where a run has the latter only.
    """
    if not isinstance(model, Network) or not model.inputs:
        return
    add_operation_graph(writer, operation_graph(_compiled(model)))
    add_conceptual_graph(writer, conceptual_config(model))


def _compiled(model: Any) -> Any:
    trainer = getattr(model, "_trainer", None)
    if trainer is None or trainer.compilation is None:
        return network_only(model)
    return build_graph(model, trainer.compilation.objectives, False, with_weights=False)


def write_settings(writer: Any, model: Any, params: Mapping[str, Any]) -> None:
    """Writes what `compile` and `fit` were told."""
    summary = hparams.start_summary(model, params)
    if summary is not None:
        add_summaries(writer, [summary], 0)


def write_end(writer: Any) -> None:
    """Writes that the run has ended well."""
    add_summaries(writer, [hparams.end_summary()], 0)


def model_key(model: Any) -> Any:
    """What the summaries of a model depend on: itself, how it is compiled, what is trained."""
    trainer = getattr(model, "_trainer", None)
    trained = tuple(id(w) for layer in model.layers for w in layer.trainable_weights)
    return model, getattr(trainer, "compilation", None) and id(trainer), trained
