"""The train and evaluate programs: one step, and many steps in one call.

A call of a TensorFlow function costs about as long as a step of a small network. So the steps of
an epoch, or of a part of one, run in a loop inside the graph: the data lie on the device, each step
gathers its samples by index, and the logs of all steps come back as one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.lowering.optimizers import Step, clip
from compiler.pipeline import EVALUATE, TRAIN, run_passes
from compiler.programs.calling import BoundFunction, bind
from compiler.programs.forward import environment, fed_signature
from compiler.programs.objective import CompiledGraph
from compiler.tensorflow import tf
from compiler.variables import resource, variables_of
from kir.engine.variable import Variable
from kir.ir.types import TensorType
from kir.optimizers.base import check_gradients

# Loops that are kept for other batch sizes (and for XLA, other sizes of the data).
MOST_LOOPS = 8


class StepProgram:
    """Runs steps of training or evaluation.

    Attributes:
        log_count: number of logs of a step.
        is_weighted: whether sample weights are among the inputs.
        trace_count: how often the step was traced, for tests.
        fed: the inputs that are data: the model's, then targets, then sample weights.
    """

    def __init__(
        self,
        compiled: CompiledGraph,
        *,
        is_training: bool = False,
        phase: bool | None = None,
        step: Step | None = None,
        random_counter: Variable | None = None,
    ) -> None:
        """Makes the program of a compiled graph.

        Args:
            compiled: the graph.
            is_training: whether it trains the weights.
            phase: its learning phase, if that is not `is_training`.
            step: the optimizer's; None where the graph's own updates are all there is.
            random_counter: counts the steps, for their random numbers.
        """
        self.phase = is_training if phase is None else phase
        self.graph = run_passes(compiled.graph, TRAIN if is_training else EVALUATE)
        self.log_count = compiled.log_count
        self.is_weighted = bool(compiled.sample_weights)
        self.trace_count = 0
        self.fed = compiled.fed
        logs = self.graph.outputs[: self.log_count]
        is_exact = all(v.type.dtype in ("float16", "float32") for v in logs)
        self._log_dtype = tf.float32 if is_exact else tf.float64
        self._optimizer_step = step
        self._random_counter = random_counter
        self._single: BoundFunction | None = None
        self._many: dict[Any, BoundFunction] = {}

    # -- one step

    def _step(self, inputs: Sequence[Any]) -> Any:
        """One step on the tensors of a batch; the logs as a vector."""
        self.trace_count += 1
        counter = self._random_counter
        number: Any = None if counter is None else resource(counter).read_value()
        context = Context(training=self.phase, random_step=number)
        env = environment(self.graph.inputs, self.fed, inputs, context)
        used = [v for node in self.graph.nodes for v in node.operands]
        logs = interpret(self.graph.outputs[: self.log_count], env, context, used)
        if self._optimizer_step is not None:
            self._train(self._optimizer_step, logs[0], context)
        interpret(self.graph.outputs[self.log_count :], env, context)
        if counter is not None:
            context.assign(counter, number + 1)
        context.apply_updates()
        return tf.stack([tf.cast(v, self._log_dtype) for v in logs])

    def _train(self, step: Step, loss: Any, context: Context) -> None:
        values = [context.read(p) for p in step.params]
        grads = tf.gradients(loss, values)
        check_gradients(grads, step.params)
        step.apply(context, clip(step.optimizer, grads))

    def compute(self, *inputs: Any) -> Any:
        """One step as operations of the function that is being traced; the logs as a vector."""
        return self._step(inputs)

    def run_batch(self, inputs: Sequence[Any]) -> Any:
        """One step; returns the logs as a tensor."""
        if self._single is None:
            self.make_variables()
            traced = tf.function(lambda *tensors: [self._step(tensors)], autograph=False)
            specs = [fed_signature(v.type) for v in self.fed]
            self._single = bind(traced.get_concrete_function(*specs))
        return self._single(*inputs)[0]

    def make_variables(self) -> list[Any]:
        """Makes all TensorFlow variables; one made in the trace would live as long as it does."""
        step = self._optimizer_step
        state = step.variables if step is not None else []
        return [resource(v) for v in variables_of(self.graph, [*state, self._random_counter])]

    # -- many steps

    def run_steps(self, data: Sequence[Any], indices: Any, capacity: int, jit: bool = False) -> Any:
        """As many steps as `indices` has rows, each on the samples that its row names.

        Args:
            data: tensors of all samples.
            indices: (steps, batch) of sample numbers.
            capacity: for XLA, the number of rows that calls are padded to, so that one compiled
                program serves them all.
            jit: whether the whole loop is compiled by XLA.

        Returns:
            (steps, logs).
        """
        steps, batch = indices.shape
        # XLA compiles for fixed sizes; TensorFlow's own loop takes any number of samples and steps.
        key = (batch, capacity, tuple(tuple(d.shape) for d in data)) if jit else (batch,)
        bound = self._many.get(key)
        if bound is None:
            bound = self._compile_loop(data, batch, capacity if jit else None)
            self._many[key] = bound
            if len(self._many) > MOST_LOOPS:
                del self._many[next(iter(self._many))]
        if jit and steps < capacity:
            indices = tf.pad(indices, [[0, capacity - steps], [0, 0]])
        logs = bound(*data, indices, tf.constant(steps, tf.int32))[0]
        return logs[:steps]

    def _compile_loop(self, data: Sequence[Any], batch: int, capacity: int | None) -> BoundFunction:
        jit = capacity is not None
        self.make_variables()

        def run(*arguments: Any) -> list[Any]:
            *samples, indices, steps = arguments
            # Compiled by XLA, one large gather and slices of it beat a small gather in each step.
            placed: Any = [tf.gather(s, indices) for s in samples] if jit else None

            def batch_at(i: Any) -> list[Any]:
                if placed is not None:
                    return [p[i] for p in placed]
                return [_gather(s, indices[i], batch) for s in samples]

            def body(i: Any, logs: Any) -> tuple[Any, Any]:
                return i + 1, logs.write(i, self._step(batch_at(i)))

            array = tf.TensorArray(
                self._log_dtype, size=capacity if jit else steps, element_shape=[self.log_count]
            )
            _, array = tf.while_loop(
                lambda i, _: i < steps,
                body,
                (tf.constant(0), array),
                # Each step needs the weights of the one before it.
                parallel_iterations=1,
            )
            return [array.stack()]

        traced = tf.function(run, autograph=False, jit_compile=jit)
        if jit:
            specs = [tf.TensorSpec(d.shape, d.dtype) for d in data]
        else:
            specs = [_open_batch(v.type) for v in self.fed]
        concrete = traced.get_concrete_function(
            *specs, tf.TensorSpec([capacity, batch], tf.int32), tf.TensorSpec([], tf.int32)
        )
        return bind(concrete)


def _gather(samples: Any, rows: Any, batch: int) -> Any:
    found = tf.gather(samples, rows)
    if samples.shape.rank is not None:
        found.set_shape([batch, *samples.shape[1:]])
    return found


def _open_batch(kind: TensorType) -> Any:
    """The spec of data of any number of samples."""
    shape: Any = None if kind.shape is None else (None, *kind.shape[1:])
    return tf.TensorSpec(shape, kind.dtype)
