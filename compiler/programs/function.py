"""`K.function`: a recorded graph as a callable from arrays to arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.programs.calling import bind
from compiler.programs.structure import structure
from compiler.tensorflow import tf
from compiler.variables import resource
from kir.backend.control import is_learning_phase
from kir.backend.recording import RANDOM_OPS
from kir.engine.tensor import Tensor
from kir.engine.variable import Variable
from kir.errors import ArgumentError, ShapeError
from kir.ir.graph import Node, Value, topological_order
from kir.settings import on_clear_session, settings_key

Program = Callable[..., list[Any]]

# How often a graph without state is computed op by op before it is compiled: compiling takes
# about a thousand times as long as running, which an expression that is asked for once
# (`K.eval`) never makes up for.
EAGER_CALLS = 2
EAGER_NODES = 64

# Programs by the structure of their graph; see `structure`.
SHARED_LIMIT = 256
_SHARED: dict[Any, Program] = {}
on_clear_session(_SHARED.clear)


def function(
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    updates: Sequence[Any] = (),
    name: str | None = None,
) -> CompiledFunction:
    """Returns the compiled function of a graph; the same one when asked for the same again.

    Args:
        inputs: the values that the caller feeds; the learning phase may be among them.
        outputs: the values to compute.
        updates: pairs (variable, new value), or values of which only the effect is wanted.
        name: a label.
    """
    parts = [tuple(map(id, group)) for group in (inputs, outputs)]
    flat = [v for u in updates for v in (u if isinstance(u, list | tuple) else (u,))]
    key = (*parts, tuple(map(id, flat)), len(updates))
    holder = next((v for v in (*outputs, *flat) if isinstance(v, Tensor)), None)
    if holder is None:
        return CompiledFunction(inputs, outputs, updates, name)
    # Kept by the tensor itself, so that both are forgotten together.
    known: dict[Any, CompiledFunction] = holder.__dict__.setdefault("_compiled_functions", {})
    if key not in known:
        known[key] = CompiledFunction(inputs, outputs, updates, name)
    return known[key]


class CompiledFunction:
    """A graph with inputs, outputs and updates; compiled for a learning phase when first run.

    Attributes:
        trace_count: how often it was compiled.
    """

    def __init__(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        updates: Sequence[Any] = (),
        name: str | None = None,
    ) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.updates = list(updates)
        self.name = name or "function"
        self.trace_count = 0
        self._phase_at = next((i for i, v in enumerate(self.inputs) if is_learning_phase(v)), None)
        self._fed = [v for i, v in enumerate(self.inputs) if i != self._phase_at]
        self._feeders = [_feeder(v) for v in self._fed]
        # TensorFlow refuses shapes (int32) as results of a function that is called as an op.
        self._widened = [
            i
            for i, v in enumerate(self.outputs)
            if isinstance(v, Value) and v.type.dtype == "int32"
        ]
        self._programs: dict[Any, Program] = {}
        self._shorter: dict[int, CompiledFunction] = {}
        self._eager_calls = EAGER_CALLS if self._is_plain() else 0

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """Runs the function.

        Raises:
            ArgumentError: the number of arrays is not that of the inputs.
            ShapeError: an array does not have its input's shape.
        """
        training: Any = False
        if len(inputs) < len(self.inputs):
            return self._of_first(len(inputs))(inputs)
        if len(inputs) > len(self.inputs):
            raise ArgumentError(_wrong_count(self.inputs, len(inputs)))
        if self._phase_at is not None:
            training = bool(inputs[self._phase_at])
            inputs = [v for i, v in enumerate(inputs) if i != self._phase_at]
        fed = [feed(v) for feed, v in zip(self._feeders, inputs, strict=True)]
        key = (training, settings_key())
        program = self._programs.get(key)
        if program is None:
            if self._eager_calls:
                self._eager_calls -= 1
                return [np.asarray(v) for v in self._compute(training, fed)]
            program = self._programs[key] = self._shared(training) or self._compile(training)
        results = [v.numpy() for v in program(*fed)]
        for i in self._widened:
            results[i] = results[i].astype(np.int32)
        return results

    def _of_first(self, count: int) -> CompiledFunction:
        """The function of the first inputs alone. Keras 2.2: what is not needed may be left out.

        Raises:
            ArgumentError: one of the others is needed.
        """
        if count not in self._shorter:
            flat = [v for u in self.updates for v in (u if isinstance(u, list | tuple) else (u,))]
            wanted = {v for v in (*self.outputs, *flat) if isinstance(v, Value)}
            for node in topological_order(wanted, stop=self.inputs):
                wanted.update(node.operands)
            if any(v in wanted and not is_learning_phase(v) for v in self.inputs[count:]):
                raise ArgumentError(_wrong_count(self.inputs, count))
            self._shorter[count] = CompiledFunction(
                self.inputs[:count], self.outputs, self.updates, self.name
            )
        return self._shorter[count]

    def _compute(
        self, training: bool, tensors: Sequence[Any], values: Mapping[Variable, Any] | None = None
    ) -> list[Any]:
        context = Context(training=training)
        context.values.update(values or {})
        env = dict(zip(self._fed, tensors, strict=True))
        if self._phase_at is not None:
            env[self.inputs[self._phase_at]] = training
        pairs = [u for u in self.updates if isinstance(u, list | tuple)]
        effects = [u for u in self.updates if isinstance(u, Value)]
        new_values = [value for _, value in pairs]
        wanted = [v for v in (*self.outputs, *effects, *new_values) if isinstance(v, Value)]
        found = dict(zip(wanted, interpret(wanted, env, context), strict=True))
        for variable, value in pairs:
            value = found[value] if isinstance(value, Value) else value
            context.assign(variable, tf.cast(value, variable.type.dtype))
        results = [_as_output(found[v] if isinstance(v, Value) else v) for v in self.outputs]
        context.apply_updates()
        return results

    def graph_def(self) -> Any:
        """What TensorFlow runs in inference, as a `GraphDef`."""
        return self.concrete_function().graph.as_graph_def()

    def concrete_function(self) -> Any:
        """TensorFlow's function for inference: from the fed tensors to the outputs."""
        return self._trace(False)

    def _compile(self, training: bool, variables: Sequence[Variable] = ()) -> Program:
        """Traces the graph; `variables` are fed behind the inputs instead of being read."""
        self.trace_count += 1
        concrete = self._trace(training, variables)
        if any(v.type.sparse for v in self._fed):
            return concrete  # type: ignore[no-any-return]
        return bind(concrete)

    def _trace(self, training: bool, variables: Sequence[Variable] = ()) -> Any:
        count = len(self._fed)

        def run(*tensors: Any) -> list[Any]:
            values = dict(zip(variables, tensors[count:], strict=True))
            results = self._compute(training, tensors[:count], values)
            for i in self._widened:
                results[i] = tf.cast(results[i], tf.int64)
            return results

        traced = tf.function(run, autograph=False)
        return traced.get_concrete_function(*map(_spec, [*self._fed, *variables]))

    def _shared(self, training: bool) -> Program | None:
        """The program of a graph of this structure, which was perhaps compiled before.

        Only for graphs that are fed nothing: there variables are read for each run and fed, which
        costs more than reading them inside.
        """
        if self._fed or self.updates or not all(isinstance(v, Value) for v in self.outputs):
            return None
        found = structure(self.outputs)
        if found is None:
            return None
        key, variables = (found[0], training, settings_key()), found[1]
        program = _SHARED.get(key)
        if program is None:
            if len(_SHARED) >= SHARED_LIMIT:
                _SHARED.clear()
            program = _SHARED[key] = self._compile(training, variables)
        resources = [resource(v) for v in variables]
        return lambda: program(*(r.read_value() for r in resources))

    def _is_plain(self) -> bool:
        """Whether the graph is small and computing it op by op gives the same."""
        if self.updates or self._fed:
            return False
        nodes = topological_order([v for v in self.outputs if isinstance(v, Value)])
        return len(nodes) <= EAGER_NODES and all(map(_is_plain, nodes))


def _is_plain(node: Node) -> bool:
    return (
        node.op.startswith("k.")
        and node.region is None
        and node.op not in RANDOM_OPS
        and not node.op.startswith(("k.update", "k.moving_average_update", "k.gradients"))
    )


def _wrong_count(inputs: Sequence[Any], count: int) -> str:
    return f"The function takes {len(inputs)} inputs; got {count} values."


def _as_output(value: Any) -> Any:
    if isinstance(value, tf.SparseTensor):
        return tf.sparse.to_dense(value)
    return tf.identity(value)


def _spec(value: Value) -> Any:
    kind = value.type
    make: Any = tf.SparseTensorSpec if kind.sparse else tf.TensorSpec
    return make(kind.shape, kind.dtype)


def _feeder(value: Value) -> Callable[[Any], Any]:
    """What makes a tensor for an input from what the caller gives."""
    kind = value.type
    dtype = tf.as_dtype(kind.dtype)
    if kind.sparse:
        return lambda given: _sparse(given, dtype)
    numpy_type = dtype.as_numpy_dtype
    sizes = kind.shape
    convert = tf.convert_to_tensor

    def feed(given: Any) -> Any:
        if not tf.is_tensor(given):
            given = np.asarray(given, numpy_type)
        found = given.shape
        if sizes is not None and (
            len(found) != len(sizes)
            or any(a is not None and a != b for a, b in zip(sizes, found, strict=True))
        ):
            raise ShapeError(
                f"Input {value.name!r} of the function is {kind}; got an array of shape "
                f"{tuple(found)}."
            )
        return convert(given, dtype)

    return feed


def _sparse(given: Any, dtype: Any) -> Any:
    """A sparse tensor from SciPy's matrices, triples (indices, values, shape), or tensors."""
    if isinstance(given, tf.SparseTensor):
        return given
    if hasattr(given, "tocoo"):
        entries = given.tocoo()
        given = (np.stack([entries.row, entries.col], 1), entries.data, entries.shape)
    elif hasattr(given, "dense_shape"):
        given = (given.indices, given.values, given.dense_shape)
    indices, values, shape = given
    made = tf.SparseTensor(np.asarray(indices, np.int64), tf.cast(values, dtype), shape)
    return tf.sparse.reorder(made)
