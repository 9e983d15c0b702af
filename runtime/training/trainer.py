"""Owns a model's programs, and what Keras's methods do with them."""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from compiler.devices import placed_on
from compiler.lowering.native_optimizers import runs_in_loops
from compiler.lowering.optimizers import Step, has_own_updates, make_step
from compiler.programs.forward import ForwardProgram
from compiler.programs.objective import (
    CompiledGraph,
    all_layers,
    build_graph,
    extended,
    fed_inputs,
    with_logs,
)
from compiler.programs.train import StepProgram
from kir import backend as K
from kir import optimizers, settings
from kir.engine.names import name_scope
from kir.engine.variable import Variable, compute_initial_values
from kir.errors import StateError
from kir.initializers.draws import Filled
from kir.ir.graph import Value
from kir.ir.types import TensorType
from kir.optimizers import TFOptimizer
from kir.user_warnings import warn_user
from kir.utils.generic_utils import to_list
from runtime.data import tensors
from runtime.training import evaluating, extra_state, fitting, generators, predicting
from runtime.training.batches import Batches, standardize_batches, standardize_inputs
from runtime.training.compilation import Compilation, resolve
from runtime.training.own_functions import OwnSteps
from runtime.training.pace import STEPS_WORTH_XLA, gains_from_xla

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _on_device(method: _Method) -> _Method:
    """Lets a method run on the device that `compile` was told."""

    @functools.wraps(method)
    def run(self: Trainer, *args: Any, **kwargs: Any) -> Any:
        device = self.device
        if device is None:
            return method(self, *args, **kwargs)
        with placed_on(device):
            return method(self, *args, **kwargs)

    return run  # type: ignore[return-value]


class Trainer:
    """What runs a model.

    Attributes:
        model: the model.
        compilation: its losses, metrics and optimizer; None before `compile`.
        trainable_weights: the weights that were trainable when the model was compiled.
    """

    def __init__(self, model: Any) -> None:
        # The model owns its trainer: a strong reference back would keep both alive.
        self._model = weakref.ref(model)
        self.compilation: Compilation | None = None
        self.trainable_weights: list[Variable] = []
        self._forward: ForwardProgram | None = None
        self._steps: dict[tuple[bool, bool], StepProgram] = {}
        self._random_counter: Variable | None = None
        self._pending: dict[str, Any] | None = None
        self._symbolic: CompiledGraph | None = None
        self._metrics_tensors: list[Value] | None = None
        self._measured_count = 0
        self._optimizer_step: Step | None = None
        self._own_updates: list[Value] | None = None
        self.steps_done = 0
        self.own_train_function: Callable[[Sequence[Any]], Any] | None = None

    @property
    def model(self) -> Any:
        """The model."""
        model = self._model()
        assert model is not None
        return model

    @property
    def device(self) -> str | None:
        """Where the model runs; None leaves it to TensorFlow."""
        return self.compilation.device if self.compilation is not None else None

    @property
    def is_compiled(self) -> bool:
        """Whether `compile` was called."""
        return self.compilation is not None or self._pending is not None

    # -- compile

    def compile(self, **arguments: Any) -> Trainer:
        """Resolves the arguments of `compile`; puts on the model what Keras puts there."""
        model = self.model
        model.loss = arguments["loss"] if arguments["loss"] is not None else []
        model.metrics = arguments["metrics"] or []
        model.weighted_metrics = arguments["weighted_metrics"]
        model.loss_weights = arguments["loss_weights"]
        model.sample_weight_mode = arguments["sample_weight_mode"]
        model.stop_training = False
        if not model.built:
            # A Sequential without an input shape: the rest waits for the first data.
            model.optimizer = optimizers.get(arguments["optimizer"])
            self._pending = {**arguments, "optimizer": model.optimizer}
            return self
        self._resolve(arguments)
        return self

    def _resolve(self, arguments: dict[str, Any]) -> None:
        model = self.model
        self._pending = None
        self.compilation = resolve(model, arguments)
        model.optimizer = self.compilation.optimizer
        model.metrics_names = list(self.compilation.metrics_names)
        model.loss_functions = [o.loss for o in self.compilation.objectives]
        model.loss_weights_list = [o.factor for o in self.compilation.objectives]
        stateful = self.compilation.stateful_metrics
        model.stateful_metric_names = list(stateful)
        model.stateful_metric_functions = list(stateful.values())
        model.metrics_updates = [u for m in stateful.values() for u in m.updates]
        model.sample_weight_modes = [
            "temporal" if o.is_temporal else None for o in self.compilation.objectives
        ]
        if not any(o.loss is not None for o in self.compilation.objectives):
            _ = self.symbolic  # says that there is nothing to minimize
        self.trainable_weights = list(model.trainable_weights)

    def build_for(self, arrays: Any = None) -> None:
        """Builds a model that has no input shape yet for its first data.

        Raises:
            StateError: there are no data.
        """
        if not self.model.built:
            if arrays is None:
                raise StateError(
                    f"{self.model._label()} is not built: it has no input shape yet. Give the "
                    "first layer input_shape, or pass data."
                )
            self.model._set_inputs(arrays if isinstance(arrays, list | tuple) else [arrays])
        if self._pending is not None:
            self._resolve(self._pending)

    @property
    def compiled(self) -> Compilation:
        """Losses, metrics and optimizer."""
        assert self.compilation is not None
        return self.compilation

    # -- programs

    @property
    def random_counter(self) -> Variable:
        """Counts steps, for the random numbers of each."""
        if self._random_counter is None:
            # What differs from run to run are the seeds of the calls, drawn from NumPy's generator.
            self._random_counter = Variable(
                TensorType("int32", ()),
                "kir/random_counter:0",
                Filled(0, (), "int32"),
                trainable=False,
            )
        return self._random_counter

    @property
    def has_random_counter(self) -> bool:
        """Whether steps were counted for random numbers."""
        return self._random_counter is not None

    def forward(self) -> ForwardProgram:
        """The predict program."""
        if self._forward is None:
            self.build_for()
            jit = self.compilation.jit if self.compilation is not None else None
            self._forward = ForwardProgram(self.model, jit)
        return self._forward

    @property
    def symbolic(self) -> CompiledGraph:
        """The graph of the losses and metrics, with sample weights: what a user can look at."""
        if self._symbolic is None:
            self._symbolic = build_graph(self.model, self.compiled.objectives, True)
        return self._symbolic

    @property
    def metrics_tensors(self) -> list[Value]:
        """What is logged after the loss; the program may append to the list."""
        if self._metrics_tensors is None:
            self._metrics_tensors = list(self.symbolic.graph.outputs[1 : self.symbolic.log_count])
        return self._metrics_tensors

    @property
    def _measured(self) -> list[Value]:
        """What a program appended to the model's `metrics_tensors`, with names for it."""
        if self._metrics_tensors is None:
            return []
        named = len(self.model.metrics_names) - len(self.compiled.metrics_names)
        return self._metrics_tensors[self.symbolic.log_count - 1 :][: max(named, 0)]

    @property
    def log_names(self) -> list[str]:
        """Names of all logs of a step, ``loss`` first."""
        own = self.compiled.metrics_names
        return [*own, *self.model.metrics_names[len(own) :][: len(self._measured)]]

    def steps(self, is_training: bool, is_weighted: bool) -> StepProgram | OwnSteps:
        """The train or evaluate program for data with or without sample weights."""
        if len(self._measured) != self._measured_count:
            self._steps, self._measured_count = {}, len(self._measured)
        if not is_training:
            return self._evaluation(is_weighted)
        if self.own_train_function is not None:
            count, phase = len(fed_inputs(self.model)), self.model.uses_learning_phase
            return OwnSteps(self.own_train_function, count, phase)
        key = (True, is_weighted)
        if key not in self._steps:
            self.make_optimizer_state()
            if self._own_updates is None:
                compiled = build_graph(self.model, self.compiled.objectives, True, is_weighted)
            else:
                # They belong to one graph, which serves data without weights too.
                key = (True, True)
                updates = self._own_updates
                graph = extended(self.symbolic.graph, updates, updates)
                compiled = replace(self.symbolic, graph=graph)
            self._steps[key] = self._steps.get(key) or StepProgram(
                with_logs(compiled, self._measured),
                is_training=True,
                phase=self._phase(),
                step=self._optimizer_step,
                random_counter=self.random_counter if self._is_random() else None,
            )
            self._steps[True, is_weighted] = self._steps[key]
        return self._steps[key]

    def _phase(self) -> bool:
        """The learning phase of what does not have its own.

        Keras 2.2: once the phase is fixed, programs are no longer told theirs, and what was built
        before follows the default, which is inference.
        """
        if settings.fixed_learning_phase() is None or not self.model.uses_learning_phase:
            return True
        warn_user(
            f"The learning phase was fixed after {self.model.name!r} was built: as in Keras 2.2, "
            "its dropout, noise and batch normalization work as at inference while it is "
            "trained. Call set_learning_phase() before the model is built, or not at all.",
        )
        return False

    def _evaluation(self, is_weighted: bool) -> StepProgram:
        key = (False, is_weighted)
        if key not in self._steps:
            objectives = self.compiled.objectives
            compiled = build_graph(self.model, objectives, False, is_weighted, with_states=True)
            self._steps[key] = StepProgram(with_logs(compiled, self._measured))
        return self._steps[key]

    @property
    def runs_in_loops(self) -> bool:
        """Whether steps of training may run in a loop inside the graph."""
        if self.own_train_function is not None:
            return False
        optimizer = self.compiled.optimizer
        return not isinstance(optimizer, TFOptimizer) or runs_in_loops(optimizer.optimizer)

    def _is_random(self) -> bool:
        # A user's own layer may draw random numbers without saying so.
        return any(
            layer.varies_with_phase() or not layer.is_lowered for layer in all_layers(self.model)
        )

    def check_trainable(self) -> None:
        """Warns if other weights are trainable now than when the model was compiled."""
        if list(self.model.trainable_weights) != self.trainable_weights:
            warn_user(
                f"Discrepancy between the trainable weights of {self.model._label()} and those it "
                "was compiled with: `trainable` was changed after compile(). Training goes on with "
                "the latter; call compile() again for the change to take effect."
            )

    def make_optimizer_state(self) -> None:
        """Creates the optimizer's variables, named as in Keras's files."""
        if self._optimizer_step is not None or self._own_updates is not None:
            return
        optimizer = self.compiled.optimizer
        params = self.trainable_weights
        with name_scope("training"), name_scope(type(optimizer).__name__):
            if has_own_updates(optimizer):
                loss = self.symbolic.graph.outputs[0]
                updates = optimizer.get_updates(loss=loss, params=params)
                self._own_updates = [u if isinstance(u, Value) else K.update(*u) for u in updates]
            else:
                self._optimizer_step = make_step(optimizer, params)
        state = self._optimizer_step.variables if self._optimizer_step is not None else []
        compute_initial_values([*self.model._weights_by_layer(), *state])

    def reset_metrics(self) -> None:
        """Sets the metrics that accumulate by themselves back to their start."""
        for metric in self.compiled.stateful_metrics.values():
            metric.reset_states()

    @_on_device
    def make_train_function(self) -> None:
        """Creates the optimizer's state, as a first step of training would."""
        self.build_for()
        self.check_trainable()
        self.make_optimizer_state()

    def make_test_function(self) -> None:
        """Builds the evaluate program."""
        self.steps(False, False)

    def make_predict_function(self) -> None:
        """Builds the predict program."""
        self.forward()

    def use_xla(self, planned: int) -> bool:
        """Whether the step loop is compiled by XLA: what the user said, else by what it contains.

        XLA takes about a second to compile, and makes small dense networks ten times as fast; on
        large matrices it gains nothing, and its convolutions on a CPU are slow.
        """
        if self.compiled.jit is not None:
            return self.compiled.jit
        if self.steps_done + planned < STEPS_WORTH_XLA or not self.runs_in_loops:
            return False
        return gains_from_xla(self.model)

    # -- what Keras's methods do

    def batches(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        batch_size: int | None = None,
    ) -> Batches:
        """Data checked against the model."""
        x, y, sample_weight = tensors.evaluated(x, y, sample_weight)
        self.build_for(x)
        return standardize_batches(
            self.model, self.compiled.objectives, x, y, sample_weight, class_weight, batch_size
        )

    def standardize_inputs(self, x: Any) -> list[Any]:
        """Inputs checked against the model."""
        self.build_for(x)
        return standardize_inputs(self.model, x)

    @_on_device
    def fit(self, **arguments: Any) -> Any:
        """See `Model.fit`."""
        return fitting.fit(self, **arguments)

    @_on_device
    def evaluate(self, **arguments: Any) -> Any:
        """See `Model.evaluate`."""
        return evaluating.evaluate(self, **arguments)

    @_on_device
    def fit_generator(self, **arguments: Any) -> Any:
        """See `Model.fit_generator`."""
        return generators.fit_generator(self, **arguments)

    @_on_device
    def evaluate_generator(self, **arguments: Any) -> Any:
        """See `Model.evaluate_generator`."""
        return generators.evaluate_generator(self, **arguments)

    @_on_device
    def predict_generator(self, **arguments: Any) -> Any:
        """See `Model.predict_generator`."""
        return generators.predict_generator(self, **arguments)

    @_on_device
    def predict(self, x: Any, **arguments: Any) -> Any:
        """See `Model.predict`."""
        if not self.model.built:
            self.build_for(tensors.evaluated(x)[0])
        return predicting.predict(self, x, **arguments)

    @_on_device
    def predict_on_batch(self, x: Any) -> Any:
        """See `Model.predict_on_batch`."""
        (x,) = tensors.evaluated(x)
        if not self.model.built:
            self.build_for(x)
        return predicting.predict_on_batch(self, x)

    @_on_device
    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> Any:
        """See `Model.train_on_batch`."""
        batch = self.batches(x, y, sample_weight, class_weight)
        self.check_trainable()
        return self.train_on(batch)

    @_on_device
    def train_on(self, batch: Batches) -> Any:
        """One step on a checked batch; returns the logs as a number or a list of numbers."""
        program = self.steps(True, batch.is_weighted)
        self.steps_done += 1
        return _unpack(program.run_batch(batch.tensors(is_weighted=program.is_weighted)))

    @_on_device
    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """See `Model.test_on_batch`."""
        return self.test_on(self.batches(x, y, sample_weight))

    @_on_device
    def test_on(self, batch: Batches) -> Any:
        """The logs of a checked batch."""
        return _unpack(self.steps(False, batch.is_weighted).run_batch(batch.tensors()))

    def made_function(self, method: str) -> Callable[[Sequence[Any]], Any] | None:
        """`function`, or the program's own; None before it is made, as in Keras.

        Args:
            method: ``train_on``, ``test_on`` or ``predict_on_batch``.
        """
        if method == "train_on" and self.own_train_function is not None:
            return self.own_train_function
        made = {
            "train_on": self._optimizer_step is not None or self._own_updates is not None,
            "test_on": any(not is_training for is_training, _ in self._steps),
            "predict_on_batch": self._forward is not None,
        }
        return self.function(method) if made[method] else None

    def function(self, method: str) -> Callable[[Sequence[Any]], list[Any]]:
        """One step as a function from a list of arrays to a list: what Keras's models hold.

        Args:
            method: ``train_on``, ``test_on`` or ``predict_on_batch``.
        """

        def call(arrays: Sequence[Any]) -> list[Any]:
            counts = [len(fed_inputs(self.model)), 0, 0]
            if method != "predict_on_batch":
                counts[1:] = [sum(o.takes_data for o in self.compiled.objectives)] * 2
            given = iter(arrays)
            x, y, weights = (list(itertools.islice(given, n)) for n in counts)
            batch = x if method == "predict_on_batch" else self.batches(x, y, weights)
            return to_list(getattr(self, method)(batch))

        return call

    # -- state beyond Keras's files

    def extra_state(self) -> dict[str, Any]:
        """What exact resumption needs and Keras's files leave out."""
        return extra_state.read(self)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Restores what `extra_state` gave; ignores what this model has no place for."""
        extra_state.write(self, state)


def _unpack(logs: Any) -> Any:
    values = list(logs.numpy())
    return values[0] if len(values) == 1 else values
