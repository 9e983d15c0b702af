"""What exporters through TensorFlow share: a model's programs as functions with named arguments."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from compiler.programs.forward import ForwardProgram
from compiler.tensorflow import tf
from compiler.variables import resource, variables_of
from kir.engine.variable import compute_initial_values
from kir.errors import ConfigError, ExportError
from kir.ir.types import TensorType


@dataclass(frozen=True)
class Program:
    """A function with names.

    Attributes:
        function: takes the inputs by name and returns a dict by the outputs' names.
        concrete: the same, traced.
        inputs: names and types of the inputs.
        outputs: names of the outputs.
        variables: the TensorFlow variables that it reads or changes.
    """

    function: Any
    concrete: Any
    inputs: dict[str, TensorType]
    outputs: list[str]
    variables: list[Any]


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


def fed_names(model: Any, fed: Sequence[Any]) -> list[str]:
    """Names of those of a model's inputs that take data."""
    chosen = {id(v) for v in fed}
    pairs = zip(model.input_names, model.inputs, strict=True)
    return distinct([argument_name(name) for name, value in pairs if id(value) in chosen])


def predict_program(
    model: Any,
    batch: int | None = None,
    jit: bool | None = None,
    *,
    loop_style: str = "arrays",
) -> Program:
    """Inference, with the compiler's passes applied.

    Args:
        model: a built model.
        batch: the batch size where the model leaves it open; None keeps it open.
        jit: whether XLA compiles the function; None leaves that to the one who runs it.
        loop_style: how loops over time are built; see `compiler.lowering.context.Context`.
    """
    compute_initial_values(model._weights_by_layer())
    program = ForwardProgram(model, loop_style=loop_style)
    variables = [resource(v) for v in variables_of(program.graph)]
    inputs = {
        name: _sized(value.type, batch)
        for name, value in zip(fed_names(model, program.fed), program.fed, strict=True)
    }
    outputs = distinct(model.output_names)

    def serve(**given: Any) -> dict[str, Any]:
        results = program.compute(*(given[name] for name in inputs))
        return dict(zip(outputs, results, strict=True))

    return _program(serve, inputs, outputs, variables, jit)


def train_program(model: Any, batch: int | None = None, jit: bool | None = None) -> Program:
    """One step of training, as `train_on_batch` takes it.

    The inputs are the model's and, for each output with a loss, a target named
    ``<output>_target``; the outputs are the logs by the names of `model.metrics_names`. The step
    changes the weights and the optimizer's state.

    Raises:
        ConfigError: the model is not compiled.
    """
    if getattr(model, "optimizer", None) is None:
        raise ConfigError(
            f"{model.name!r} is not compiled, so there is no training to export. Call compile() "
            "first, or leave training out."
        )
    trainer = model._trainer
    trainer.build_for()
    program = trainer.steps(True, False)
    variables = program.make_variables()
    own = [x for x in model.inputs if x in program.fed]
    names = fed_names(model, own)
    targets = [v for v in program.fed if v not in own]
    active = [o.name for o in trainer.compiled.objectives if o.takes_data]
    names += [argument_name(f"{name}_target") for name in active[: len(targets)]]
    inputs = {
        name: _sized(value.type, batch)
        for name, value in zip(distinct(names), [*own, *targets], strict=True)
    }
    logs = distinct(model.metrics_names)

    def train(**given: Any) -> dict[str, Any]:
        vector = program.compute(*(given[name] for name in inputs))
        return {name: vector[i] for i, name in enumerate(logs)}

    return _program(train, inputs, logs, variables, jit)


def _program(
    function: Any,
    inputs: dict[str, TensorType],
    outputs: list[str],
    variables: list[Any],
    jit: bool | None,
) -> Program:
    traced = tf.function(function, autograph=False, jit_compile=jit)
    concrete = traced.get_concrete_function(**specs_of(inputs))
    return Program(traced, concrete, inputs, outputs, variables)


def specs_of(inputs: dict[str, TensorType]) -> dict[str, Any]:
    """TensorFlow's declarations of arguments."""
    return {
        name: tf.TensorSpec(kind.shape, kind.dtype, name)  # type: ignore[arg-type]
        for name, kind in inputs.items()
    }


def _sized(kind: TensorType, batch: int | None) -> TensorType:
    shape = kind.shape
    if batch is None or not shape or shape[0] is not None:
        return kind
    return kind.with_shape((batch, *shape[1:]))


def weight_resources(model: Any) -> list[Any]:
    """The variables of a model's weights, in the order of `get_weights`."""
    weights = model._weights_by_layer()
    compute_initial_values(weights)
    return [resource(w) for w in weights]


def refuse_states(model: Any, target: str) -> None:
    """Whether a format that keeps nothing between runs can hold the model.

    Raises:
        ExportError: a layer is stateful.
    """
    found = [layer for layer in all_layers(model) if getattr(layer, "stateful", False)]
    found = [layer for layer in found if not layer.is_network]
    if found:
        layer = found[0]
        raise ExportError(
            f"{type(layer).__name__} {layer.name!r} cannot be exported to {target}: it is "
            f"stateful, and {target} keeps nothing from one run to the next. Build the model with "
            "stateful=False, or export it to savedmodel or tfjs, which keep states."
        )


def all_layers(model: Any) -> Iterator[Any]:
    """The layers of a model, those of nested models included."""
    for layer in model.layers:
        yield layer
        if getattr(layer, "is_network", False):
            yield from all_layers(layer)


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back TensorFlow's notes on where it put which part, and on its own future."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
