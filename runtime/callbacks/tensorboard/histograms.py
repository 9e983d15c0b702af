"""Histograms of weights, layer results and gradients, and weights as images."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from compiler.programs import histogram
from compiler.programs.inspection import (
    InspectionProgram,
    can_be_summarized,
    layer_results,
    network_only,
)
from compiler.programs.objective import CompiledGraph, build_graph
from compiler.tensorflow import tf
from compiler.variables import resource
from kir.engine.data_arrays import sample_count
from kir.engine.variable import Variable
from kir.errors import ConfigError
from runtime.callbacks.tensorboard.images import image_summary
from runtime.training.batches import take


class Histograms:
    """Makes the summaries of an epoch; what it computes with is traced once.

    Attributes:
        program: sums up results and gradients of a batch.
        trace_count: how often anything was traced, for tests.
    """

    def __init__(self, model: Any, write_grads: bool, write_images: bool) -> None:
        """Prepares the programs for a model.

        Args:
            model: the model; it must be compiled if there are gradients to write.
            write_grads: whether to write the gradients of the total loss.
            write_images: whether to show weights as images.

        Raises:
            ConfigError: gradients of a model that is not compiled.
        """
        self._model = model
        self._write_images = write_images
        self._weights = weight_tags(model)
        results = result_tags(model)
        params: dict[str, Variable] = {}
        if write_grads:
            trained = {w for layer in model.layers for w in layer.trainable_weights}
            params = {f"{tag}_grad": w for tag, w in self._weights.items() if w in trained}
        compiled = self._compile(list(results.values()), bool(params))
        self._fed = compiled.fed
        self._order = _feeding_order(compiled)
        self.program = InspectionProgram(compiled, list(results), params)
        self._weight_traces = 0
        self._weight_function: Any = None
        self._warned: set[str] = set()

    @property
    def trace_count(self) -> int:
        """How often anything was traced, for tests."""
        return self.program.trace_count + self._weight_traces

    def _compile(self, watched: list[Any], with_loss: bool) -> CompiledGraph:
        trainer = getattr(self._model, "_trainer", None)
        if not with_loss:
            return network_only(self._model, watched)
        if trainer is None or trainer.compilation is None:
            raise ConfigError(
                f"TensorBoard: write_grads needs a loss, and {self._model._label()} is not "
                "compiled. Compile it, or leave write_grads away."
            )
        return build_graph(self._model, trainer.compilation.objectives, False, watched=watched)

    def of_weights(self) -> Iterator[Any]:
        """The summaries of the weights as they are now."""
        if self._weight_function is None:
            for weight in self._weights.values():
                resource(weight)  # made outside of the trace
            self._weight_function = tf.function(self._summarize_weights, autograph=False)
        images, counts, facts = (found.numpy() for found in self._weight_function())
        yield from self._summaries(self._weights, counts, facts)
        yield from map(tf.compat.v1.Summary.FromString, images)

    def _summarize_weights(self) -> list[Any]:
        self._weight_traces += 1
        values = {tag: resource(w).read_value() for tag, w in self._weights.items()}
        images: list[Any] = []
        if self._write_images:
            found = (image_summary(tag, value) for tag, value in values.items())
            images = [summary for summary in found if summary is not None]
        joined = tf.stack(images) if images else tf.constant([], tf.string)
        return [joined, *histogram.join([histogram.count(v) for v in values.values()])]

    def of_data(self, arrays: Sequence[Any], batch_size: int) -> Iterator[Any]:
        """The summaries of layer results and gradients, over all batches of the data.

        Args:
            arrays: inputs, targets, sample weights: what callbacks see as `validation_data`.
            batch_size: samples in a batch. A model of a fixed batch size has its own; what does
                not fill a batch is left out then.

        Raises:
            ConfigError: there are fewer arrays than the model takes.
        """
        if len(arrays) < len(self._order):
            raise ConfigError(
                f"TensorBoard: validation_data has {len(arrays)} arrays; "
                f"{self._model._label()} takes {len(self._order)}: inputs, targets, sample weights."
            )
        rows = [arrays[i] for i in self._order]
        count = sample_count(rows)
        fixed = _fixed_batch_size(self._fed)
        if fixed is not None:
            count, batch_size = count - count % fixed, fixed
        total: tuple[np.ndarray, np.ndarray] | None = None
        for start in range(0, count, batch_size):
            batch = slice(start, start + batch_size)
            tensors = [
                tf.constant(np.asarray(take(a, batch), dtype=v.type.dtype))
                for a, v in zip(rows, self._fed, strict=True)
            ]
            found = self.program.run(tensors)
            total = found if total is None else add(*total, *found)
        if total is not None:
            yield from self._summaries(self.program.tags, *total)

    def _summaries(
        self, tags: Iterable[str], counts: np.ndarray, facts: np.ndarray
    ) -> Iterator[Any]:
        for tag, count, fact in zip(tags, counts, facts, strict=True):
            known = dict(zip(histogram.FACTS, fact.tolist(), strict=True))
            if known["left_out"]:
                self._warn(tag, int(known["left_out"]))
            if known["count"]:
                yield summary(tag, count, known)

    def _warn(self, tag: str, left_out: int) -> None:
        if tag not in self._warned:
            self._warned.add(tag)
            warnings.warn(
                f"TensorBoard: {tag!r} holds {left_out} numbers that are NaN or infinite; its "
                "histogram is that of the others. A smaller learning rate or `clipnorm` may help.",
                stacklevel=2,
            )


def weight_tags(model: Any) -> dict[str, Variable]:
    """The weights of all layers by the tags of Keras 2.2.4: their names with ``_0`` for ``:0``."""
    found: dict[str, Variable] = {}
    for weight in dict.fromkeys(w for layer in model.layers for w in layer.weights):
        found[unique_tag(weight.name.replace(":", "_"), found)] = weight
    return found


def result_tags(model: Any) -> dict[str, Any]:
    """What layers give, by the tags of Keras 2.2.4: ``<layer>_out``, or numbered if several."""
    found: dict[str, Any] = {}
    for layer, values in layer_results(model):
        for i, value in enumerate(values):
            tag = f"{layer.name}_out" if len(values) == 1 else f"{layer.name}_out_{i}"
            if can_be_summarized(value):
                found[unique_tag(tag, found)] = value
    return found


def unique_tag(tag: str, taken: Mapping[str, Any]) -> str:
    """The tag, with a number at its end if it is taken."""
    unique, number = tag, 1
    while unique in taken:
        unique, number = f"{tag}_{number}", number + 1
    return unique


def add(
    counts: np.ndarray, facts: np.ndarray, more_counts: np.ndarray, more_facts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The counts and facts of two batches together."""
    joined = facts + more_facts
    at = histogram.FACTS.index
    for place, choose in ((at("minimum"), np.minimum), (at("maximum"), np.maximum)):
        joined[:, place] = choose(facts[:, place], more_facts[:, place])
    return counts + more_counts, joined


def summary(tag: str, counts: np.ndarray, facts: Mapping[str, float]) -> Any:
    """A histogram as event files hold it: buckets, each by where it ends.

    Of empty buckets only those stay that say where the next one begins.
    """
    filled = counts > 0
    shown = filled.copy()
    shown[:-1] |= filled[1:]
    shown[: int(np.argmax(filled))] = False  # the first begins at the minimum
    found = tf.compat.v1.Summary()
    found.value.add(tag=tag).histo.CopyFrom(
        tf.compat.v1.HistogramProto(
            min=facts["minimum"],
            max=facts["maximum"],
            num=facts["count"],
            sum=facts["sum"],
            sum_squares=facts["sum_of_squares"],
            bucket_limit=histogram.LIMITS[shown].tolist(),
            bucket=counts[shown].tolist(),
        )
    )
    return found


def _feeding_order(compiled: CompiledGraph) -> list[int]:
    """Where each of the program's inputs stands in what callbacks see as `validation_data`."""
    of_data = {*compiled.targets, *compiled.sample_weights}
    inputs = [v for v in compiled.fed if v not in of_data]
    targets = [v for v in compiled.targets if v in compiled.fed]
    places = {v: i for i, v in enumerate([*inputs, *targets, *compiled.sample_weights])}
    return [places[v] for v in compiled.fed]


def _fixed_batch_size(fed: Sequence[Any]) -> int | None:
    shapes = [v.type.shape for v in fed if v.type.shape]
    return next((shape[0] for shape in shapes if shape[0] is not None), None)
