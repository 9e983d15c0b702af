"""Symbolic tensors, and how functions applied to them are recorded as nodes."""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kir import settings
from kir.engine.executor import executor
from kir.engine.static_shape import StaticShape, plain_sizes
from kir.errors import DTypeError, ShapeError
from kir.ir.graph import Node, Opaque, Ref, Value, Weight
from kir.ir.types import TensorType

TypeRule = Callable[
    [Mapping[str, Any], tuple[TensorType, ...]], "TensorType | list[TensorType] | None"
]


class DTypeName(str):
    """A dtype name that also answers like TensorFlow's dtype objects."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The dtype as a plain string."""
        return str(self)

    @property
    def base_dtype(self) -> DTypeName:
        """The dtype itself; TensorFlow 1 distinguished references."""
        return self

    @property
    def is_floating(self) -> bool:
        """Whether it is a floating-point type."""
        return "float" in self


class ReferenceDTypeName(DTypeName):
    """The dtype of a variable: TensorFlow 1 named the reference that a variable gave."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """TensorFlow 1's name of a reference to such an element, e.g. 'float32_ref'."""
        return f"{self}_ref"

    @property
    def base_dtype(self) -> DTypeName:
        """The dtype of the element itself."""
        return DTypeName(self)


class NeedsTensorFlowError(DTypeError):
    """Code asks for a tensor of TensorFlow's where there is a symbolic one."""


class Symbolic:
    """What symbolic tensors and variables have in common: a static type."""

    __slots__ = ()
    type: TensorType

    @property
    def dtype(self) -> DTypeName:
        """The element type's name."""
        return DTypeName(self.type.dtype)

    @property
    def shape(self) -> StaticShape:
        """The static shape."""
        return StaticShape(self.type.shape)

    def get_shape(self) -> StaticShape:
        """The static shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """States sizes that are not known yet.

        Raises:
            ShapeError: a size is known to be another one.
        """
        if shape is None:
            return
        sizes = plain_sizes(shape)
        if not self.type.accepts(TensorType(self.type.dtype, sizes, self.type.sparse)):
            raise ShapeError(f"set_shape: {self!r} cannot have the shape {sizes}.")
        known = self.type.shape or sizes
        self.type = self.type.with_shape(
            b if a is None else a for a, b in zip(known, sizes, strict=True)
        )
        self._keras_shape = self.type.shape

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        """What TensorFlow's functions ask for: the value, while a program is being built.

        Otherwise there is none yet. TensorFlow then offers the call to its dispatchers, and the
        executor's records it.

        Raises:
            NeedsTensorFlowError: no program is being built.
        """
        if executing():
            return executor().read(self)  # type: ignore[arg-type]
        executor().connect_tensorflow()
        raise NeedsTensorFlowError(
            f"{self!r} is symbolic: it has no value yet, and this function of TensorFlow's cannot "
            "be recorded. Call it inside a Lambda or a layer's `call`, or use the function of K."
        )


class Tensor(Symbolic, Value):
    """A value of the graph, as a user sees it: what `Input` and layer calls return.

    Attributes:
        mask: the symbolic mask that travels with it, or None.
        _keras_shape: the static shape with None for unknown sizes.
        _keras_history: (layer, node index, tensor index) if a layer made it.
        _uses_learning_phase: whether its value differs between training and inference.
    """

    # No __slots__: programs of the Keras 2 era set attributes of their own on tensors. No __len__
    # either: they tell a model's only output from a list of outputs by it.

    _keras_history: tuple[Any, int, int]

    def __new__(cls, type: TensorType | None = None, *_: Any, **__: Any) -> Tensor:
        """Makes a `SparseTensor` if the type is sparse."""
        is_sparse = type is not None and type.sparse and cls is Tensor
        return super().__new__(SparseTensor if is_sparse else cls)  # type: ignore[arg-type]

    def __init__(
        self, type: TensorType, name: str = "", producer: Node | None = None, index: int = 0
    ) -> None:
        super().__init__(type, name, producer, index)
        self._keras_shape = type.shape
        self._uses_learning_phase = False
        self.mask: Value | None = None

    def __bool__(self) -> bool:
        # TensorFlow asks where it would loop in Python; in a program it builds a loop.
        asks = "/tensorflow/" in sys._getframe(1).f_code.co_filename
        raise (NeedsTensorFlowError if asks else TypeError)(
            f"{self!r} is symbolic: it has no truth value while the model is built. "
            "Use K.switch or K.in_train_phase to choose between tensors."
        )

    def __repr__(self) -> str:
        return f"<Tensor {self.name or '_'}: {self.type}>"


class SparseTensor(Tensor):
    """A sparse value of the graph; its parts are tensors of their own."""

    @property
    def indices(self) -> Tensor:
        """The places of the values of a sparse tensor."""
        return self._part("indices", TensorType("int64", (None, self.type.rank)))

    @property
    def values(self) -> Tensor:
        """The values of a sparse tensor."""
        return self._part("values", TensorType(self.type.dtype, (None,)))

    @property
    def dense_shape(self) -> Tensor:
        """The full shape of a sparse tensor."""
        return self._part("dense_shape", TensorType("int64", (self.type.rank,)))

    def _part(self, part: str, type: TensorType) -> Tensor:
        found: Tensor = record("k.sparse_part", {"x": self, "part": part}, lambda *_: type)
        return found


class _Execution(threading.local):
    depth = 0


_EXECUTION = _Execution()


def executing() -> bool:
    """Whether a program is being built from the graph: functions then compute, not record."""
    return _EXECUTION.depth > 0


@contextlib.contextmanager
def execution() -> Iterator[None]:
    """The scope in which the compiler applies functions to TensorFlow tensors."""
    _EXECUTION.depth += 1
    try:
        yield
    finally:
        _EXECUTION.depth -= 1


def is_symbolic(value: Any) -> bool:
    """Whether `value` stands for a tensor that is computed later."""
    return isinstance(value, Tensor | Weight)


def contains_symbolic(value: Any) -> bool:
    """Whether `value` is symbolic or a list, tuple or dict with something symbolic in it."""
    if isinstance(value, list | tuple):
        return any(map(contains_symbolic, value))
    if isinstance(value, dict):
        return any(map(contains_symbolic, value.values()))
    return is_symbolic(value)


# For each function of the user that is being traced into a region, the nodes recorded in it.
NEW_NODES: list[list[Node]] = []

# All other nodes that are in use, the newest last: what a graph of TensorFlow 1's would hold.
_RECORDED: weakref.WeakKeyDictionary[Node, None] = weakref.WeakKeyDictionary()


def note(node: Node) -> None:
    """Enters a node that was just recorded in the innermost trace, or among all others."""
    node.gradient_names = tuple(settings.gradient_names().items())
    if NEW_NODES:
        NEW_NODES[-1].append(node)
    else:
        _RECORDED[node] = None


def recorded_nodes() -> list[Node]:
    """The nodes of this session that are in use, the newest last."""
    return list(_RECORDED)


@settings.on_clear_session
def _forget_nodes() -> None:
    _RECORDED.clear()


def announce(node: Node) -> None:
    """Completes a node that was just recorded: marks its outputs, enters it in running traces."""
    uses_phase = any(getattr(v, "_uses_learning_phase", False) for v in node.inputs)
    for output in node.outputs:
        output._uses_learning_phase = uses_phase  # type: ignore[attr-defined]
    note(node)


def encode_arguments(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[Value]]:
    """A call's arguments as attributes, and the operands that their `Ref`s name."""
    operands: list[Value] = []

    def encode(value: Any) -> Any:
        if isinstance(value, Value):
            for i, known in enumerate(operands):
                if known is value:
                    return Ref(i)
            operands.append(value)
            return Ref(len(operands) - 1)
        if isinstance(value, list | tuple):
            return (
                type(value)(encode(v) for v in value)
                if type(value) in (list, tuple)
                else tuple(encode(v) for v in value)
            )
        if isinstance(value, dict):
            return {k: encode(v) for k, v in value.items()}
        if callable(value):
            return Opaque(getattr(value, "__name__", type(value).__name__), value)
        return value

    return {name: encode(value) for name, value in arguments.items()}, operands


def record(op: str, arguments: Mapping[str, Any], infer: TypeRule | None = None) -> Any:
    """Adds a node that applies `op` to `arguments`, and returns its result(s).

    Args:
        op: dialect and name, such as ``k.dot``.
        arguments: by parameter name; symbolic values may stand anywhere in lists and tuples.
        infer: a rule from (attributes, operand types) to the result type, or to a list of types
            if the function returns a list. Without one, or where it answers None, the executor
            traces the function once.
    """
    attributes, operands = encode_arguments(arguments)
    types = tuple(v.type for v in operands)
    result = infer(attributes, types) if infer is not None else None
    if result is None:
        result = executor().infer(op, attributes, types)
    several = isinstance(result, list)
    node = Node(
        op,
        operands,
        result if several else [result],
        attributes=attributes,
        value_class=Tensor,
    )
    announce(node)
    return list(node.outputs) if several else node.outputs[0]
