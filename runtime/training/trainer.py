"""Owns a model's programs, and what Keras's methods do with them."""

from __future__ import annotations

import warnings
import weakref
from typing import Any

import numpy as np

from compiler.programs.forward import ForwardProgram
from compiler.programs.objective import all_layers, build_graph
from compiler.programs.train import StepProgram
from compiler.variables import hidden
from kir import optimizers
from kir.engine.names import name_scope
from kir.engine.variable import Variable, compute_initial_values
from kir.errors import StateError
from kir.initializers.draws import Filled
from kir.ir.types import TensorType
from runtime.training import evaluating, fitting, predicting
from runtime.training.batches import Batches, standardize_batches
from runtime.training.compilation import Compilation, resolve


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
        self._has_state = False
        self.steps_done = 0

    @property
    def model(self) -> Any:
        """The model."""
        model = self._model()
        assert model is not None
        return model

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
        self.trainable_weights = list(model.trainable_weights)

    def _ensure_built(self, arrays: Any = None) -> None:
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

    def forward(self) -> ForwardProgram:
        """The predict program."""
        if self._forward is None:
            self._ensure_built()
            jit = self.compilation.jit if self.compilation is not None else None
            self._forward = ForwardProgram(self.model, jit)
        return self._forward

    def steps(self, is_training: bool, is_weighted: bool) -> StepProgram:
        """The train or evaluate program, with or without sample weights."""
        key = (is_training, is_weighted)
        if key not in self._steps:
            compiled = build_graph(self.model, self.compiled.objectives, is_training, is_weighted)
            if not is_training:
                self._steps[key] = StepProgram(compiled)
            else:
                self._check_trainable()
                self.make_optimizer_state()
                self._steps[key] = StepProgram(
                    compiled,
                    optimizer=self.compiled.optimizer,
                    params=self.trainable_weights,
                    random_counter=self.random_counter if self._is_random() else None,
                )
        return self._steps[key]

    def _is_random(self) -> bool:
        # A user's own layer may draw random numbers without saying so.
        return any(
            layer.varies_with_phase() or not layer.is_lowered for layer in all_layers(self.model)
        )

    def _check_trainable(self) -> None:
        if list(self.model.trainable_weights) != self.trainable_weights:
            warnings.warn(
                "`trainable` was changed after compile(): training goes on with the weights that "
                "were trainable then. Call compile() again for the change to take effect.",
                stacklevel=5,
            )

    def make_optimizer_state(self) -> None:
        """Creates the optimizer's variables, named as in Keras's files."""
        if self._has_state:
            return
        self._has_state = True
        optimizer = self.compiled.optimizer
        if not optimizer.weights:
            with name_scope("training"), name_scope(type(optimizer).__name__):
                optimizer.create_state(self.trainable_weights)
        compute_initial_values([*self.model._weights_by_layer(), *optimizer.weights])

    def make_train_function(self) -> None:
        """Creates the optimizer's state, as a first step of training would."""
        self._ensure_built()
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
        if self.steps_done + planned < fitting.STEPS_WORTH_XLA:
            return False
        return fitting.gains_from_xla(self.model)

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
        self._ensure_built(x)
        return standardize_batches(
            self.model, self.compiled.objectives, x, y, sample_weight, class_weight, batch_size
        )

    def fit(self, **arguments: Any) -> Any:
        """See `Model.fit`."""
        return fitting.fit(self, **arguments)

    def evaluate(self, **arguments: Any) -> Any:
        """See `Model.evaluate`."""
        return evaluating.evaluate(self, **arguments)

    def predict(self, x: Any, **arguments: Any) -> Any:
        """See `Model.predict`."""
        if not self.model.built:
            self._ensure_built(x)
        return predicting.predict(self, x, **arguments)

    def predict_on_batch(self, x: Any) -> Any:
        """See `Model.predict_on_batch`."""
        if not self.model.built:
            self._ensure_built(x)
        return predicting.predict_on_batch(self, x)

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> Any:
        """See `Model.train_on_batch`."""
        batch = self.batches(x, y, sample_weight, class_weight)
        program = self.steps(True, batch.is_weighted)
        self.steps_done += 1
        return self._unpack(program.run_batch(batch.tensors()))

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """See `Model.test_on_batch`."""
        batch = self.batches(x, y, sample_weight)
        return self._unpack(self.steps(False, batch.is_weighted).run_batch(batch.tensors()))

    def _unpack(self, logs: Any) -> Any:
        values = list(logs.numpy())
        return values[0] if len(values) == 1 else values

    # -- state beyond Keras's files

    def extra_state(self) -> dict[str, np.ndarray]:
        """What exact resumption needs and Keras's files leave out."""
        state: dict[str, np.ndarray] = {}
        for name, variable in self._extra_variables().items():
            state[name] = variable.get_value()
        return state

    def set_extra_state(self, state: dict[str, np.ndarray]) -> None:
        """Restores what `extra_state` gave; ignores what this model has no place for."""
        if self.compilation is not None:
            self.make_optimizer_state()
        if "random_counter" in state:
            self.random_counter.set_value(state["random_counter"])
        for position, weight in enumerate(self.model._weights_by_layer()):
            for name in ("biased", "local_step"):
                key = f"weights/{position}/{name}"
                if key in state:
                    value = np.asarray(state[key])
                    hidden(weight, name, value.shape, weight.type.dtype).set_value(value)
        found = self._extra_variables()
        if "iterations" in state and "iterations" in found:
            found["iterations"].set_value(state["iterations"])

    def _extra_variables(self) -> dict[str, Variable]:
        found: dict[str, Variable] = {}
        if self._random_counter is not None:
            found["random_counter"] = self._random_counter
        # By position: the name of a weight depends on what else the process has built.
        for position, weight in enumerate(self.model._weights_by_layer()):
            for name, state in weight.__dict__.get("hidden_states", {}).items():
                found[f"weights/{position}/{name}"] = state
        if self.compilation is not None:
            optimizer = self.compilation.optimizer
            iterations = getattr(optimizer, "iterations", None)
            if iterations is not None and iterations not in optimizer.weights:
                found["iterations"] = iterations
        return found
