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
from compiler.lowering.optimizers import apply_gradients
from compiler.pipeline import EVALUATE, TRAIN, run_passes
from compiler.programs.calling import BoundFunction, bind
from compiler.programs.forward import signature
from compiler.programs.objective import CompiledGraph
from compiler.tensorflow import tf
from compiler.variables import materialize, resource
from kir.engine.variable import Variable

# Loops that are kept for other batch sizes (and for XLA, other sizes of the data).
MOST_LOOPS = 8


class StepProgram:
    """Runs steps of training or evaluation.

    Attributes:
        log_count: number of logs of a step.
        trace_count: how often the step was traced, for tests.
    """

    def __init__(
        self,
        compiled: CompiledGraph,
        *,
        optimizer: Any = None,
        params: Sequence[Variable] = (),
        random_counter: Variable | None = None,
    ) -> None:
        self.is_training = optimizer is not None
        self.graph = run_passes(compiled.graph, TRAIN if self.is_training else EVALUATE)
        self.log_count = compiled.log_count
        self.trace_count = 0
        self._optimizer = optimizer
        self._params = list(params)
        self._random_counter = random_counter
        self._single: BoundFunction | None = None
        self._many: dict[Any, BoundFunction] = {}

    # -- one step

    def _step(self, inputs: Sequence[Any]) -> Any:
        """One step on the tensors of a batch; the logs as a vector."""
        self.trace_count += 1
        counter = self._random_counter
        step = None if counter is None else resource(counter).read_value()
        context = Context(training=self.is_training, random_step=step)
        env = dict(zip(self.graph.inputs, inputs, strict=True))
        logs = interpret(self.graph.outputs[: self.log_count], env, context)
        if self.is_training:
            self._train(logs[0], context)
        interpret(self.graph.outputs[self.log_count :], env, context)
        if counter is not None:
            context.assign(counter, step + 1)
        context.apply_updates()
        return tf.stack([tf.cast(v, tf.float32) for v in logs])

    def _train(self, loss: Any, context: Context) -> None:
        params = self._params
        values = [context.read(p) for p in params]
        grads = tf.gradients(loss, values)
        present = [tf.zeros_like(v) if g is None else g for g, v in zip(grads, values, strict=True)]
        apply_gradients(self._optimizer, context, params, present)

    def run_batch(self, inputs: Sequence[Any]) -> Any:
        """One step; returns the logs as a tensor."""
        if self._single is None:
            self._make_variables()
            traced = tf.function(lambda *tensors: [self._step(tensors)], autograph=False)
            specs = [signature(v.type) for v in self.graph.inputs]
            self._single = bind(traced.get_concrete_function(*specs))
        return self._single(*inputs)[0]

    def _make_variables(self) -> None:
        optimizer = self._optimizer
        state = [*vars(optimizer).values(), *optimizer.weights] if self.is_training else []
        materialize(self.graph, [*self._params, *state, self._random_counter])

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
        self._make_variables()

        def run(*arguments: Any) -> list[Any]:
            *samples, indices, steps = arguments
            # Compiled by XLA, one large gather and slices of it beat a small gather in each step.
            placed = [tf.gather(s, indices) for s in samples] if jit else None

            def batch_at(i: Any) -> list[Any]:
                if placed is not None:
                    return [p[i] for p in placed]
                return [_gather(s, indices[i], batch) for s in samples]

            def body(i: Any, logs: Any) -> tuple[Any, Any]:
                return i + 1, logs.write(i, self._step(batch_at(i)))

            array = tf.TensorArray(
                tf.float32, size=capacity if jit else steps, element_shape=[self.log_count]
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
            specs = [
                tf.TensorSpec([None, *v.type.shape[1:]], v.type.dtype) for v in self.graph.inputs
            ]
        concrete = traced.get_concrete_function(
            *specs, tf.TensorSpec([capacity, batch], tf.int32), tf.TensorSpec([], tf.int32)
        )
        return bind(concrete)


def _gather(samples: Any, rows: Any, batch: int) -> Any:
    found = tf.gather(samples, rows)
    found.set_shape([batch, *samples.shape[1:]])
    return found
