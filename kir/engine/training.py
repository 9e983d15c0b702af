"""Models: networks that can be trained. What runs them is behind the executor."""

from __future__ import annotations

from typing import Any

from kir import losses
from kir.engine.base_layer import Layer as Layer
from kir.engine.executor import executor
from kir.engine.network import Network as Network
from kir.engine.streams import check_alone, check_arrays, gives_batches
from kir.engine.training_utils import (
    check_array_length_consistency as check_array_length_consistency,
)
from kir.engine.training_utils import (
    check_loss_and_target_compatibility as check_loss_and_target_compatibility,
)
from kir.engine.training_utils import collect_metrics as collect_metrics
from kir.engine.training_utils import standardize_class_weights as standardize_class_weights
from kir.engine.training_utils import standardize_sample_weights as standardize_sample_weights
from kir.engine.training_utils import standardize_weights as standardize_weights
from kir.engine.training_utils import weighted_masked_objective as weighted_masked_objective
from kir.engine.variable import Variable
from kir.errors import MissingAttributeError, StateError
from kir.legacy.interfaces import legacy_generator_methods_support


class Model(Network):
    """A network with `compile`, `fit`, `evaluate` and `predict`.

    Args:
        inputs: symbolic tensors made by `Input`, one or a list.
        outputs: symbolic tensors that depend on the inputs, one or a list.
        name: the model's name.

    Reference:
        https://keras.io/models/model (Keras 2.2.4).
    """

    _trainer: Any = None

    def compile(
        self,
        optimizer: Any,
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        **kwargs: Any,
    ) -> None:
        """Says how the model is trained.

        Args:
            optimizer: an optimizer or its name.
            loss: name or function; with several outputs a list or a dict by output name.
            metrics: names or functions; with several outputs also a dict by output name.
            loss_weights: factor of each output's loss, as a list or a dict by output name.
            sample_weight_mode: ``'temporal'`` for weights of each time step (samples, timesteps).
            weighted_metrics: metrics that sample weights apply to.
            target_tensors: tensors to use as targets instead of data.
            **kwargs: `jit=True/False` chooses or forbids XLA; None decides by the model.
                `device`, such as ``'gpu:1'`` or ``'cpu'``, is where the model's programs, data and
                variables go that are not made yet; None is the first GPU, else the CPU.

        Raises:
            ConfigError: an unknown name, or a loss, metric or weight for an unknown output.
        """
        # A call that fails leaves the model as it was compiled before.
        self._trainer = (
            executor()
            .training(self)
            .compile(
                optimizer=optimizer,
                loss=loss,
                metrics=metrics,
                loss_weights=loss_weights,
                sample_weight_mode=sample_weight_mode,
                weighted_metrics=weighted_metrics,
                target_tensors=target_tensors,
                **kwargs,
            )
        )
        self._is_compiled = True

    def _running(self) -> Any:
        """The trainer, for what needs no `compile` (predict)."""
        if self._trainer is None:
            self._trainer = executor().training(self)
        return self._trainer

    def _compiled(self) -> Any:
        if self._trainer is None or not self._trainer.is_compiled:
            raise StateError(
                f"You must compile a model before training/testing, and {self._label()} is not. "
                "Use `model.compile(optimizer, loss)`."
            )
        return self._trainer

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Trains the model for a number of epochs.

        Args:
            x: arrays of inputs: one, a list, or a dict by input name; or symbolic tensors, which
                are computed anew in each step. A generator or `Sequence` is handed to
                `fit_generator`.
            y: arrays of targets: one, a list, or a dict by output name.
            batch_size: samples in a step; None is 32.
            epochs: number of the last epoch, counted from `initial_epoch`.
            verbose: 0 silent, 1 progress bar, 2 a line an epoch.
            callbacks: list of callbacks.
            validation_split: fraction of the last samples that is kept for validation.
            validation_data: (x, y) or (x, y, sample_weight) to validate on after each epoch.
            shuffle: whether samples are shuffled before each epoch; ``'batch'`` shuffles batches.
            class_weight: dict from class number to weight.
            sample_weight: array of one weight a sample.
            initial_epoch: epoch to start at.
            steps_per_epoch: steps in an epoch, where inputs are tensors.
            validation_steps: steps of validation, where inputs are tensors.
            **kwargs: `nb_epoch`, the name that `epochs` had in Keras 1; with a generator
                `max_queue_size`, `workers` and `use_multiprocessing`.

        Returns:
            A `History`; its `history` is a dict of lists, one number an epoch.

        Raises:
            StateError: the model is not compiled.
            ShapeError, ConfigError: data that do not fit the model.
        """
        if gives_batches(x):
            split = validation_split or None
            check_alone(
                "fit",
                y=y,
                batch_size=batch_size,
                sample_weight=sample_weight,
                validation_split=split,
            )
            return self.fit_generator(
                x,
                steps_per_epoch=steps_per_epoch,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_data=validation_data,
                validation_steps=validation_steps,
                class_weight=class_weight,
                shuffle=bool(shuffle),
                initial_epoch=initial_epoch,
                **kwargs,
            )
        return self._compiled().fit(
            x=x,
            y=y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            **kwargs,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Loss and metrics on data, averaged over samples.

        A generator or `Sequence` is handed to `evaluate_generator`, with `kwargs`.

        Returns:
            The loss as a number, or a list of numbers in the order of `metrics_names`.
        """
        if gives_batches(x):
            check_alone("evaluate", y=y, batch_size=batch_size, sample_weight=sample_weight)
            return self.evaluate_generator(x, steps=steps, verbose=verbose, **kwargs)
        check_arrays("evaluate", kwargs)
        return self._compiled().evaluate(
            x=x,
            y=y,
            batch_size=batch_size,
            verbose=verbose,
            sample_weight=sample_weight,
            steps=steps,
        )

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int = 0,
        steps: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """The model's outputs for data, as one NumPy array or a list of them.

        A generator or `Sequence` is handed to `predict_generator`, with `kwargs`.

        Args:
            x: arrays of inputs: one, a list, or a dict by input name.
            batch_size: samples in a step; None is 32.
            verbose: 1 shows a progress bar.
            steps: number of steps, where inputs are tensors.
            **kwargs: `max_queue_size`, `workers` and `use_multiprocessing`, with a generator.
        """
        if gives_batches(x):
            check_alone("predict", batch_size=batch_size)
            return self.predict_generator(x, steps=steps, verbose=verbose, **kwargs)
        check_arrays("predict", kwargs)
        return self._running().predict(x, batch_size=batch_size, verbose=verbose, steps=steps)

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> Any:
        """One step of training.

        Returns:
            The loss as a number, or a list of numbers in the order of `metrics_names`.
        """
        return self._compiled().train_on_batch(
            x, y, sample_weight=sample_weight, class_weight=class_weight
        )

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Loss and metrics of one batch."""
        return self._compiled().test_on_batch(x, y, sample_weight=sample_weight)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        return self._running().predict_on_batch(x)

    @legacy_generator_methods_support
    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        class_weight: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> Any:
        """Trains the model on batches that a generator or a `Sequence` gives.

        Args:
            generator: gives ``(x, y)`` or ``(x, y, sample_weight)``, without end; or a
                `keras.utils.Sequence`.
            steps_per_epoch: batches in an epoch; None is a Sequence's length.
            epochs: number of the last epoch, counted from `initial_epoch`.
            verbose: 0 silent, 1 progress bar, 2 a line an epoch.
            callbacks: list of callbacks.
            validation_data: arrays as in `fit`, a generator or a Sequence.
            validation_steps: batches of validation; None is a Sequence's length.
            class_weight: dict from class number to weight.
            max_queue_size: batches that the workers read ahead.
            workers: threads or processes that read; 0 reads between the steps.
            use_multiprocessing: whether the workers are processes.
            shuffle: whether a Sequence's batches come in a random order.
            initial_epoch: epoch to start at.

        Returns:
            A `History`.

        Raises:
            StateError: the model is not compiled.
            ConfigError: what the generator gives is no batch, or the number of steps is missing.
            ExhaustedError: the generator ended (a StopIteration).
        """
        return self._compiled().fit_generator(
            generator=generator,
            steps_per_epoch=steps_per_epoch,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            class_weight=class_weight,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
        )

    @legacy_generator_methods_support
    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Loss and metrics on batches, averaged over samples.

        Args:
            generator: as in `fit_generator`.
            steps: number of batches; None is a Sequence's length.
            max_queue_size: batches that the workers read ahead.
            workers: threads or processes that read; 0 reads between the steps.
            use_multiprocessing: whether the workers are processes.
            verbose: 1 shows a progress bar.

        Returns:
            The loss as a number, or a list of numbers in the order of `metrics_names`.
        """
        return self._compiled().evaluate_generator(
            generator=generator,
            steps=steps,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            verbose=verbose,
        )

    @legacy_generator_methods_support
    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """The model's outputs for batches, one behind the other.

        Args:
            generator: as in `fit_generator`, or one that gives inputs only.
            steps: number of batches; None is a Sequence's length.
            max_queue_size: batches that the workers read ahead.
            workers: threads or processes that read; 0 reads between the steps.
            use_multiprocessing: whether the workers are processes.
            verbose: 1 shows a progress bar.
        """
        return self._running().predict_generator(
            generator=generator,
            steps=steps,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            verbose=verbose,
        )

    # -- the compiled model as a graph

    def _resolved(self, what: str) -> Any:
        """The trainer, for an attribute that exists once the model is compiled and built."""
        trainer = self._trainer
        if trainer is None or trainer.compilation is None:
            raise MissingAttributeError(
                f"{self._label()} has no `{what}` before it is compiled (and built)."
            )
        return trainer

    def _symbolic(self, what: str) -> Any:
        return self._resolved(what).symbolic

    @property
    def train_function(self) -> Any:
        """One step of training: from a list of arrays to the list of logs.

        The arrays are the inputs, the targets and the sample weights of all outputs; the learning
        phase may follow. None before it is made: by training, or by `_make_train_function()`. A
        function that is set here is what training calls from then on, step by step.
        """
        return self._resolved("train_function").made_function("train_on")

    @train_function.setter
    def train_function(self, function: Any) -> None:
        self._resolved("train_function").own_train_function = function

    @property
    def test_function(self) -> Any:
        """The logs of one batch; takes what `train_function` takes. None before it is made."""
        return self._resolved("test_function").made_function("test_on")

    @property
    def predict_function(self) -> Any:
        """The outputs for one batch: from a list of arrays to a list. None before it is made."""
        return self._resolved("predict_function").made_function("predict_on_batch")

    @property
    def total_loss(self) -> Any:
        """The scalar that training minimizes, as a tensor."""
        return self._symbolic("total_loss").graph.outputs[0]

    @property
    def metrics_tensors(self) -> list[Any]:
        """What `metrics_names` names after the loss, as tensors.

        A program may append a tensor here and its name there, after `compile`: its mean is logged
        from then on.
        """
        found: list[Any] = self._resolved("metrics_tensors").metrics_tensors
        return found

    @property
    def targets(self) -> list[Any]:
        """The targets of the outputs that have a loss: placeholders, or the given tensors."""
        return list(self._symbolic("targets").targets)

    @property
    def sample_weights(self) -> list[Any]:
        """The sample weights, as placeholders."""
        return list(self._symbolic("sample_weights").sample_weights)

    @property
    def _feed_inputs(self) -> list[Any]:
        return [x for x in self.inputs if x._keras_history[0].is_placeholder]

    @property
    def _feed_targets(self) -> list[Any]:
        found = self._symbolic("_feed_targets")
        return [x for x in found.targets if x in found.fed]

    @property
    def _feed_sample_weights(self) -> list[Any]:
        return self.sample_weights

    @property
    def _feed_input_names(self) -> list[str]:
        return [x._keras_history[0].name for x in self._feed_inputs]

    @property
    def _feed_input_shapes(self) -> list[Any]:
        return [x._keras_shape for x in self._feed_inputs]

    def _fed_objectives(self, what: str) -> list[Any]:
        """The outputs whose targets are data."""
        return [o for o in self._resolved(what).compiled.objectives if o.takes_data]

    @property
    def _feed_outputs(self) -> list[Any]:
        return [o.output for o in self._fed_objectives("_feed_outputs")]

    @property
    def _feed_output_names(self) -> list[str]:
        return [o.name for o in self._fed_objectives("_feed_output_names")]

    @property
    def _feed_output_shapes(self) -> list[Any]:
        found = self._fed_objectives("_feed_output_shapes")
        # A class number stands for a row of probabilities.
        return [
            (*o.output._keras_shape[:-1], 1)
            if o.loss is losses.sparse_categorical_crossentropy
            else o.output._keras_shape
            for o in found
        ]

    @property
    def _feed_loss_fns(self) -> list[Any]:
        return [o.loss for o in self._fed_objectives("_feed_loss_fns")]

    @property
    def _feed_sample_weight_modes(self) -> list[Any]:
        found = self._fed_objectives("_feed_sample_weight_modes")
        return ["temporal" if o.is_temporal else None for o in found]

    def _standardize_user_data(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        check_array_lengths: bool = True,
        batch_size: int | None = None,
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Checked data as lists of arrays: inputs, targets, and a weight for every sample."""
        if y is None:
            return self._running().standardize_inputs(x), [], []
        batches = self._compiled().batches(x, y, sample_weight, class_weight, batch_size)
        return batches.inputs, batches.targets, batches.full_weights()

    def _make_train_function(self) -> None:
        self._compiled().make_train_function()

    def _check_trainable_weights_consistency(self) -> None:
        if self._trainer is not None and self._trainer.compilation is not None:
            self._trainer.check_trainable()

    def _make_test_function(self) -> None:
        self._compiled().make_test_function()

    def _make_predict_function(self) -> None:
        self._running().make_predict_function()

    def _extra_state(self) -> dict[str, Any]:
        """State that Keras's files leave out: what exact resumption needs besides weights."""
        return self._running().extra_state()

    def _set_extra_state(self, state: dict[str, Any]) -> None:
        self._running().set_extra_state(state)

    @property
    def _collected_trainable_weights(self) -> list[Variable]:
        trainer = self._trainer
        if trainer is not None and trainer.is_compiled:
            found: list[Variable] = trainer.trainable_weights
            return found
        return self.trainable_weights
