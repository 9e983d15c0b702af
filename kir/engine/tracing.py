"""Calls of layers whose `call` is a user's: traced once into a region of ops.

`call` runs on the symbolic inputs themselves, so everything that it may look at (shapes, masks,
histories) is there. What it recorded is then cut out: the part between the inputs and the results
becomes the region of one node. Losses and updates that it added are further results of that node,
so that they share what was computed, random draws included.

Only code that insists on TensorFlow's own tensors (a gradient tape, say) cannot be traced. Such a
call stays opaque: `call` runs each time a program is built, on the program's tensors.
"""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kir.backend import regions, values
from kir.backend.creation import constant
from kir.engine.executor import executor
from kir.engine.inlining import updates_by
from kir.engine.node import LayerCall, Node, make_outputs
from kir.engine.static_shape import plain_sizes
from kir.engine.tensor import NeedsTensorFlowError, Tensor, is_symbolic
from kir.engine.user_code import defined_at, explain, is_tensorflows
from kir.errors import ConfigError, DTypeError, KirError, ShapeError
from kir.ir.attributes import to_attribute
from kir.ir.graph import Graph, Ref, Value, Weight
from kir.ir.types import TensorType
from kir.utils.generic_utils import to_list, unpack_singleton

if TYPE_CHECKING:
    from kir.engine.base_layer import Layer
    from kir.ir.graph import Node as AnyNode

UPDATES = ("k.update", "k.update_add", "k.update_sub", "k.moving_average_update")


@dataclass(frozen=True)
class Update:
    """An update that a call performs.

    Attributes:
        function: of the backend, such as ``update_add``.
        arguments: by name; a `Ref` is a result of the call's node.
    """

    function: str
    arguments: Mapping[str, Any]

    def value(self, outputs: Sequence[Value]) -> Any:
        """The update as a value of the graph that the call's results are in."""
        given = {
            k: outputs[v.index] if isinstance(v, Ref) else v for k, v in self.arguments.items()
        }
        return getattr(values, self.function)(**given)


@dataclass(frozen=True)
class Effects:
    """What the results of a traced call are, besides those that the caller gets.

    Attributes:
        public_count: how many results the caller gets.
        losses: which results are losses.
        free_losses: which of them were added without inputs that they depend on.
        updates: what to change by results.
        captured: of an opaque call, the values that its last operands are in the user's code.
        is_opaque: whether `call` runs anew in each program.
    """

    public_count: int
    losses: tuple[int, ...] = ()
    updates: tuple[Update, ...] = ()
    captured: tuple[Value, ...] = ()
    is_opaque: bool = False
    free_losses: tuple[int, ...] = ()


@dataclass
class Collector:
    """What a running `call` adds to the loss and says is to be updated."""

    losses: list[Any] = field(default_factory=list)
    updates: list[Any] = field(default_factory=list)
    free_losses: list[Any] = field(default_factory=list)


@dataclass
class _Call:
    """A call under way.

    Attributes:
        results: the caller's results, then the values of losses and updates.
        several: whether the caller gets a list.
    """

    layer: Layer
    tensors: list[Tensor]
    masks: list[Value | None]
    kwargs: dict[str, Any]
    collected: Collector = field(default_factory=Collector)
    results: list[Any] = field(default_factory=list)
    several: bool = False
    effects: Effects | None = None

    def run(self, inputs: Any, masks: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """Runs `call`; all its results, hidden ones included."""
        layer = self.layer
        arguments = dict(kwargs)
        if "mask" in layer._call_parameters() and any(m is not None for m in masks):
            arguments["mask"] = unpack_singleton(list(masks))
        self.collected = Collector()
        with collecting(layer, self.collected):
            returned = layer.call(inputs, **arguments)
        self.several = isinstance(returned, list | tuple) and len(returned) != 1
        found = list(returned) if isinstance(returned, list | tuple) else [returned]
        self.results = [self._checked(x) for x in found]
        return self._with_effects()

    def _defined(self) -> str:
        """Where the function stands, for messages: what it returned has no line of its own."""
        return defined_at(getattr(self.layer, "function", None) or type(self.layer).call)

    def _checked(self, value: Any) -> Any:
        if isinstance(value, int | float | bool | np.ndarray | np.generic):
            return constant(value, dtype=getattr(value, "dtype", None))
        if value is None:
            raise ConfigError(
                f"the function{self._defined()} returned None; expected a tensor. Is a `return` "
                "missing?"
            )
        if not is_symbolic(value) and not hasattr(value, "dtype"):
            raise DTypeError(
                f"the function{self._defined()} returned {value!r} ({type(value).__name__}); "
                "expected a tensor or a list of tensors."
            )
        return value

    def _with_effects(self) -> list[Any]:
        """The results with the values of losses and updates behind; notes what is where."""
        found = list(self.results)
        losses = [_place(found, self._checked(loss)) for loss in self.collected.losses]
        updates = []
        for given in self.collected.updates:
            update = as_update(given)
            if update is not None:
                arguments = {
                    k: _place(found, v) if _is_computed(v) else v
                    for k, v in update.arguments.items()
                }
                updates.append(Update(update.function, arguments))
        free = set(map(id, self.collected.free_losses))
        self.effects = Effects(
            len(self.results),
            tuple(r.index for r in losses),
            tuple(updates),
            free_losses=tuple(
                r.index
                for r, loss in zip(losses, self.collected.losses, strict=True)
                if id(loss) in free
            ),
        )
        return found


def _place(found: list[Any], value: Any) -> Ref:
    found.append(value)
    return Ref(len(found) - 1)


def _is_computed(value: Any) -> bool:
    """Whether an update's argument is a tensor, computed by the call."""
    return not isinstance(value, Weight | np.ndarray) and hasattr(value, "shape")


def as_update(given: Any) -> Update | None:
    """An update in any of the forms that Keras programs give it; None for what changes nothing."""
    if isinstance(given, list | tuple) and len(given) == 2:
        variable, value = given
        return Update("update", {"x": variable, "new_x": value})
    node = getattr(given, "producer", None)
    if node is None or node.op not in UPDATES:
        return None
    arguments = {
        k: node.inputs[v.index] if isinstance(v, Ref) else v for k, v in node.attributes.items()
    }
    return Update(node.op[2:], arguments)


@contextmanager
def collecting(layer: Layer, into: Collector) -> Iterator[None]:
    """Directs what `add_loss` and `add_update` get into `into`."""
    before = layer._collector
    layer._collector = into
    try:
        yield
    finally:
        layer._collector = before


def make_node(
    layer: Layer, inputs: Any, tensors: list[Tensor], kwargs: dict[str, Any]
) -> tuple[Node, bool]:
    """The node of a call of a user's layer, and whether the call gives a list.

    Raises:
        ShapeError: `compute_output_shape` gives fewer shapes than `call` tensors.
    """
    masks: list[Value | None] = [x.mask for x in tensors]
    if "mask" in kwargs and "mask" in layer._call_parameters():
        given = kwargs.pop("mask")
        masks = list(given) if isinstance(given, list | tuple) else [given]
        masks += [None] * (len(tensors) - len(masks))
    call = _Call(layer, tensors, masks, kwargs)
    traced = _trace(call, inputs)
    assert call.effects is not None
    public = call.effects.public_count
    declared = declared_types(layer, tensors, traced.types[:public], call.several)
    mask = layer.compute_mask(inputs, unpack_singleton(list(masks)))
    use_masks = "mask" in layer._call_parameters() and any(m is not None for m in masks)
    operands = [*tensors, *traced.captures]
    node = LayerCall(
        outbound_layer=layer,
        input_tensors=tensors,
        input_masks=masks,
        output_types=[*declared.types, *traced.types[public:]],
        public_count=public,
        output_masks=layer._output_masks(mask, public),
        operand_masks=[*masks, *(None for _ in traced.captures)] if use_masks else (),
        state_operands=traced.captures,
        arguments={k: _argument(v, operands) for k, v in kwargs.items()},
    )
    node.region = traced.region
    node.effects = call.effects
    if node.region is not None:
        node.region.attributes.update(_contract(node, call.effects))
    node.output_shapes = declared.shapes
    for tensor, shape, found in zip(
        node.output_tensors, declared.shapes, traced.types, strict=False
    ):
        tensor._keras_shape = shape
        if tensor.type != found:
            tensor.computed_type = found  # type: ignore[attr-defined]
    make_outputs(node, layer.varies_with_phase() or traced.uses_phase)
    return node, call.several


def _contract(node: LayerCall, effects: Effects) -> dict[str, Any]:
    """What a region's results are, where they are not just what the caller gets."""
    found: dict[str, Any] = {}
    if effects.public_count < len(node.outputs):
        found["output_count"] = effects.public_count
    if effects.losses:
        found["losses"] = effects.losses
    if any(m is not None for m in node.output_masks):
        sources = [None if m is None else _index(node.input_masks, m) for m in node.output_masks]
        found["masks"] = tuple(sources)
    return found


def _index(masks: Sequence[Any], mask: Value) -> int:
    """Which of the masks it is; -1 for another one."""
    return next((i for i, one in enumerate(masks) if one is mask), -1)


def _argument(value: Any, operands: Sequence[Value]) -> Any:
    if isinstance(value, Value):
        return Ref(operands.index(value))
    if isinstance(value, list | tuple):
        return type(value)(_argument(v, operands) for v in value)
    return to_attribute(value)


@dataclass(frozen=True)
class _Traced:
    types: list[TensorType]
    captures: Sequence[Any]
    region: Graph | None
    uses_phase: bool


def _trace(call: _Call, inputs: Any) -> _Traced:
    """The region of a call, or none if it has to stay opaque."""
    layer = call.layer
    types = [x.type for x in call.tensors]
    label = layer._label()
    connect()
    try:
        outputs, created = run_watched(lambda: _run(call, inputs))
    except Exception as error:
        if isinstance(error, ShapeError) and _doubt_declarations(call):
            return _trace(call, inputs)
        if not _may_need_tensorflow(error):
            raise explain(error, label, types) from error.__cause__
        try:
            return _opaque(call)
        except Exception as second:
            told = error if isinstance(error, AttributeError) else second
            raise explain(told, label, types) from None
    return _region_of(call, outputs, created)


def _doubt_declarations(call: _Call) -> bool:
    """Takes back the sizes of a call's inputs that nothing but a declaration says, if any.

    Keras 2.2: TensorFlow's functions never saw what `compute_output_shape` declared.
    """
    doubted = [x for x in call.tensors if getattr(x, "computed_type", x.type) != x.type]
    for x in doubted:
        layer = x._keras_history[0]
        warnings.warn(
            f"{layer._label()}: its output {x.name!r} is declared as {x.type}, which does not fit "
            f"what {call.layer._label()} does with it; the size is taken as not known. Correct "
            f"{layer._shape_source()}.",
            stacklevel=2,
        )
        x.type = x.computed_type  # type: ignore[attr-defined]
    return bool(doubted)


def _run(call: _Call, inputs: Any) -> list[Any]:
    given = list(inputs) if isinstance(inputs, list) else inputs
    return [executor_constant(v) for v in call.run(given, call.masks, call.kwargs)]


def executor_constant(value: Any) -> Any:
    """A result as a value of the graph: what TensorFlow computed already is a constant."""
    if isinstance(value, Value):
        return value
    if hasattr(value, "numpy"):
        return constant(value.numpy(), dtype=value.dtype)
    raise NeedsTensorFlowError(f"{value!r} is a tensor of a graph of TensorFlow's.")


def _region_of(call: _Call, outputs: list[Any], created: list[AnyNode]) -> _Traced:
    use_masks = "mask" in call.layer._call_parameters()
    pairs = [(x, Tensor(x.type, x.name.split(":")[0])) for x in call.tensors]
    masks = [m for m in call.masks if m is not None] if use_masks else []
    mask_pairs = [(m, Tensor(m.type, f"{m.name.split(':')[0] or 'mask'}")) for m in masks]
    given = [v for v in _values(list(call.kwargs.values())) if v not in call.tensors]
    body = regions.cut("call", [*pairs, *mask_pairs], created, outputs, given)
    inputs = list(body.graph.inputs)
    count = len(pairs)
    # Operands come first, then the masks.
    order = [*inputs[:count], *inputs[count + len(masks) :], *inputs[count : count + len(masks)]]
    attributes = {"captures": len(body.captures)} if body.captures else {}
    graph = Graph("call", order, body.graph.outputs, body.graph.nodes, attributes)
    return _Traced(body.types, body.captures, graph, body.uses_learning_phase)


def _values(given: Any) -> list[Value]:
    if isinstance(given, list | tuple):
        return [v for item in given for v in _values(item)]
    return [given] if isinstance(given, Value) and not isinstance(given, Weight) else []


def infer(layer: Layer, types: Sequence[TensorType], kwargs: Mapping[str, Any]) -> Any:
    """The type of the result for other operands, or the list of types; nothing is recorded."""
    tensors = [Tensor(t, f"input_{i}") for i, t in enumerate(types)]
    given = {k: v for k, v in kwargs.items() if not _mentions_operands(v)}
    call = _Call(layer, tensors, [None for _ in tensors], given)
    traced = _trace(call, unpack_singleton(list(tensors)))
    assert call.effects is not None
    public = traced.types[: call.effects.public_count]
    found = declared_types(layer, tensors, public, call.several).types
    return found if call.several else found[0]


def _mentions_operands(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_mentions_operands, value))
    return isinstance(value, Ref)


def output_shape(layer: Layer, input_shape: Any) -> Any:
    """The shape of what `call` computes, for inputs of this shape."""
    found = infer(layer, layer._types_of(input_shape), {})
    return [t.shape for t in found] if isinstance(found, list) else found.shape


def record_built_in(layer: Layer, inputs: Any, given: dict[str, Any]) -> Any:
    """What `super().call(x)` of a subclass of a built-in layer does on symbolic tensors.

    Args:
        layer: the subclass's object.
        inputs: a tensor or a list of them.
        given: the other arguments by name; None where not given.
    """
    cls = next(c for c in type(layer).__mro__ if getattr(c, "is_lowered", False))
    # The same layer, weights and all, seen as one of the built-in class.
    view = copy.copy(layer)
    view.__class__ = cls
    kwargs = {k: v for k, v in given.items() if v is not None}
    if "mask" in layer._call_parameters():
        kwargs["mask"] = given.get("mask")
    inputs, kwargs = view._prepare_call(inputs, kwargs)
    tensors = [layer._check_tensor(x) for x in to_list(inputs)]
    node, several = view._make_node(inputs, tensors, kwargs)
    view._draw_node_seeds(node)
    layer.add_update(updates_by(node), tensors)
    outputs = list(node.output_tensors)
    return outputs if several else outputs[0]


# -- code that cannot be traced


def connect() -> None:
    """Lets TensorFlow's functions record, if TensorFlow is there at all."""
    if "tensorflow" in sys.modules:
        executor().connect_tensorflow()


def run_watched(function: Any) -> tuple[Any, list[AnyNode]]:
    """Runs a user's function while its nodes are noted.

    Raises:
        NeedsTensorFlowError: it drew random numbers or read variables by TensorFlow alone, which a
            constant in a region could not stand for.
    """
    if "tensorflow" not in sys.modules:
        return regions.watch(function)
    with executor().watch_eager_ops():
        return regions.watch(function)


def _may_need_tensorflow(error: Exception) -> bool:
    """Whether the failure may be due to a tensor that is not TensorFlow's."""
    if isinstance(error, NeedsTensorFlowError):
        return True
    if "tensorflow" not in sys.modules or isinstance(error, KirError):
        return False
    if isinstance(error, AttributeError):
        return is_symbolic(getattr(error, "obj", None))
    return is_tensorflows(error)


def _opaque(call: _Call) -> _Traced:
    """Finds out the types of a call that stays opaque, by running it on placeholders."""
    operands: list[Value] = [*call.tensors, *(m for m in call.masks if m is not None)]
    operands += [v for v in _values(list(call.kwargs.values())) if v not in operands]

    def function(tensors: Sequence[Any]) -> list[Any]:
        known = dict(zip(operands, tensors, strict=True))
        given = [known[x] for x in call.tensors]
        masks = [None if m is None else known[m] for m in call.masks]
        kwargs = {k: _with_tensors(v, known) for k, v in call.kwargs.items()}
        # Run for its types, the call shall leave no losses and updates.
        return call.run(unpack_singleton(given), masks, kwargs)

    found = executor().infer_opaque(function, [v.type for v in operands])
    assert call.effects is not None
    extra = [v for v in operands[len(call.tensors) :] if v not in call.masks]
    captured = (*extra, *found.captured)
    call.effects = replace(call.effects, captured=captured, is_opaque=True)
    return _Traced(found.types, captured, None, found.uses_phase)


def _with_tensors(value: Any, known: Mapping[Value, Any]) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_with_tensors(v, known) for v in value)
    return known.get(value, value) if isinstance(value, Value) else value


def run_opaque(node: AnyNode, inputs: Sequence[Any], masks: Sequence[Any]) -> list[Any]:
    """Runs the `call` of an opaque node on tensors; all results, hidden ones included."""
    layer, effects = node.layer, node.effects
    count = len(inputs) - len(effects.captured)
    kwargs = {
        k: [inputs[r.index] for r in v]
        if isinstance(v, list) and v and isinstance(v[0], Ref)
        else inputs[v.index]
        if isinstance(v, Ref)
        else v
        for k, v in node.arguments.items()
    }
    call = _Call(layer, [], [], {})
    try:
        return call.run(unpack_singleton(list(inputs[:count])), masks[:count], kwargs)
    except Exception as error:
        raise explain(error, layer._label(), [v.type for v in node.inputs[:count]]) from None


# -- types


@dataclass(frozen=True)
class Declared:
    """What the results of a call are, and what the user's layer says that they are.

    Attributes:
        types: of the results, with the sizes that only the layer knows.
        shapes: what Keras programs see as the shapes of the results.
    """

    types: list[TensorType]
    shapes: list[Any]


def declared_types(
    layer: Layer, tensors: Sequence[Tensor], found: Sequence[TensorType], several: bool
) -> Declared:
    """The types of a call's results, with the shapes that the user's layer declares for them.

    Keras 2.2: nothing compares a declaration with what is computed; it is what the layers behind
    it and the program see.
    """
    types, shapes = list(found), [t.shape for t in found]
    if not layer._declares_shape() or any(x._keras_shape is None for x in tensors):
        return Declared(types, shapes)
    given = layer.compute_output_shape(unpack_singleton([x._keras_shape for x in tensors]))
    if not isinstance(given, list | tuple):
        _warn_of_shape(layer, f"as {given!r}, which is no tuple or list of tuples", found)
        return Declared(types, shapes)
    nested = bool(given) and isinstance(given[0], list | tuple)
    declared = [tuple(s) for s in given] if nested else [tuple(given)]
    if len(declared) < len(found):
        raise ShapeError(
            f"{layer._label()}: {layer._shape_source()} gives {len(declared)} shapes, {given}, but "
            f"its function{_defined(layer)} returned {len(found)} tensors. Give a list with a "
            "shape for each."
        )
    if len(declared) > len(found):
        _warn_of_shape(layer, f"as {len(declared)} shapes", found)
    for i, (sizes, kind) in enumerate(zip(declared, found, strict=False)):
        shapes[i] = plain_sizes(sizes)
        declared_type = TensorType(kind.dtype, shapes[i], kind.sparse)
        if declared_type.accepts(kind):
            # Which batch comes is not for a layer to say: a smaller one may be fed.
            batch = kind.shape[:1] if kind.shape is not None else shapes[i][:1]
            types[i] = declared_type.with_shape((*batch, *shapes[i][1:]))
        else:
            _warn_of_shape(layer, f"as {sizes}", [kind])
    return Declared(types, shapes)


def _warn_of_shape(layer: Layer, declared: str, found: Sequence[TensorType]) -> None:
    warnings.warn(
        f"{layer._label()}: its output shape is declared {declared}, but its function"
        f"{_defined(layer)} computes {', '.join(map(str, found))}. Correct "
        f"{layer._shape_source()}, or leave it out: the shape is then taken from the function.",
        stacklevel=2,
    )


def _defined(layer: Layer) -> str:
    return defined_at(getattr(layer, "function", None) or type(layer).call)
