"""TensorFlow's functions on symbolic values: recorded as nodes ``tf.<path>``.

A function of TensorFlow's that meets a symbolic value asks it for a tensor, gets an error, and then
offers the call to the dispatchers that are registered. Ours records the outermost function, the one
that the user wrote. Its type is found by trying it out once.

TensorFlow has no dispatch for a few functions that take functions; it is added here, by
TensorFlow's own decorator. `tf.gradients` becomes `K.gradients` where its arguments are symbolic.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from compiler.lowering.captures import Leaf, Trial, captured, flat_tensors, try_out
from compiler.programs.inference import frozen, has_opaque
from compiler.tensorflow import internal, tf
from kir import backend as K
from kir.aliases import tensorflow_1
from kir.backend.recording import adopt_variable, substitute
from kir.engine.names import unique_name
from kir.engine.tensor import (
    NeedsTensorFlowError,
    Symbolic,
    Tensor,
    announce,
    contains_symbolic,
    encode_arguments,
    executing,
)
from kir.engine.user_code import tensorflow_reason
from kir.errors import DTypeError, KirError, ShapeError
from kir.ir.attributes import to_attribute
from kir.ir.graph import Node, Opaque, Ref, Value, Weight
from kir.settings import settings_key

_WITHOUT_DISPATCH = ("while_loop", "map_fn", "vectorized_map", "switch_case")
# Of a tensor and a symbolic value; TensorFlow leaves them to the symbolic one.
_REFLECTED = "__operators__."
_UNNAMED = "tf.function"
_TRIALS: dict[Any, Trial] = {}
_LIMIT = 2048

# Ops that a constant cannot stand for: each run gives another value.
_CHANGING = ("Random", "Multinomial", "TruncatedNormal", "ReadVariableOp", "EagerPyFunc")
_OWN_RUNS = ("/compiler/programs/function.py", "/compiler/initial_values.py")


class _Recorder(tf.__internal__.dispatch.GlobalOpDispatcher):
    """Offered every call that failed on its arguments."""

    def handle(self, op: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Records the call if it has symbolic arguments and no function around it does."""
        if executing() or not contains_symbolic([list(args), dict(kwargs)]) or _is_inner_call():
            return self.NOT_SUPPORTED
        name = _name(op)
        if name.startswith(_REFLECTED) and name != _REFLECTED + "getitem":
            return self.NOT_SUPPORTED
        return record_call(op, name, args, kwargs)


def _is_inner_call() -> bool:
    """Whether a function of TensorFlow's that can be dispatched made the call being handled."""
    frame: Any = sys._getframe(3)  # past this function, `handle` and TensorFlow's `dispatch`
    frame = frame.f_back if frame is not None else None
    while frame is not None and "/tensorflow/" in frame.f_code.co_filename:
        if frame.f_code.co_name == "op_dispatch_handler":
            return True
        frame = frame.f_back
    return False


_RECORDER = _Recorder()


def connect() -> None:
    """Makes TensorFlow's functions record what is applied to symbolic values; once."""
    registered = getattr(tf, "_kir_recorder", None)
    if registered is not None:
        return
    _RECORDER.register()
    tf._kir_recorder = _RECORDER  # type: ignore[attr-defined]
    support = tf.__internal__.dispatch.add_dispatch_support
    for module in (tf, tf.compat.v1):
        for name in _WITHOUT_DISPATCH:
            setattr(module, name, support(getattr(module, name)))
        module.gradients = _differentiating(module.gradients)  # type: ignore[attr-defined]


def _differentiating(function: Callable[..., Any]) -> Callable[..., Any]:
    """`tf.gradients`, which refuses to work outside of graphs, with symbolic values among others.

    It is not dispatched, as it fails in another way than by the type of its arguments.
    """

    @functools.wraps(function)
    def gradients(ys: Any, xs: Any, grad_ys: Any = None, *args: Any, **kwargs: Any) -> Any:
        if executing() or not contains_symbolic([ys, xs]):
            return function(ys, xs, grad_ys, *args, **kwargs)
        if grad_ys is not None:
            values, weights = (v if isinstance(v, list | tuple) else [v] for v in (ys, grad_ys))
            ys = [
                y if w is None else K.sum(y * K.stop_gradient(w))
                for y, w in zip(values, weights, strict=True)
            ]
        return K.gradients(ys, xs if isinstance(xs, list | tuple) else [xs])

    return gradients


def tensorflow_name(name: str) -> Any:
    """TensorFlow, or what is left of a module of TensorFlow 1's that Keras's backend offered."""
    connect()
    v1 = tf.compat.v1
    modules = {
        "config_pb2": "tensorflow.core.protobuf.config_pb2",
        "device_lib": "tensorflow.python.client.device_lib",
        "moving_averages": "tensorflow.python.training.moving_averages",
        "tf_ops": "tensorflow.python.framework.ops",
    }
    if name in modules:
        return importlib.import_module(modules[name])
    parts: dict[str, Any] = {
        "tf": tensorflow_1(tf),
        "control_flow_ops": SimpleNamespace(
            cond=v1.cond, case=v1.case, while_loop=v1.while_loop, group=v1.group, tuple=v1.tuple
        ),
        "tensor_array_ops": SimpleNamespace(TensorArray=v1.TensorArray),
        "functional_ops": SimpleNamespace(
            map_fn=v1.map_fn, foldl=v1.foldl, foldr=v1.foldr, scan=v1.scan
        ),
    }
    return parts[name]


def _name(op: Any) -> str:
    """The public path of a function, without ``tf.``; empty if it has none."""
    find = internal("util.tf_export").get_canonical_name_for_symbol
    return find(op, add_prefix_to_v1_names=True) or ""


def record_call(op: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Adds the node of a call, and returns its result with symbolic tensors in it.

    Raises:
        ShapeError: TensorFlow refuses the operands.
    """
    if name in ("shape", "compat.v1.shape") and len(args) == 1 and not kwargs:
        return K.shape(args[0])  # sizes that are known stay known through K's functions
    arguments = _bound(op, args, kwargs)
    given = arguments.pop("name", None)
    attributes, operands = encode_arguments({k: _plain(v) for k, v in arguments.items()})
    path = f"tf.{name}" if name else _UNNAMED
    if not name:
        attributes["function"] = Opaque(f"{op.__module__}.{op.__name__}", op)
    attributes = {k: v if _is_structure(v) else to_attribute(v) for k, v in attributes.items()}
    trial = _trial(path, attributes, operands)
    if not trial.types:
        return _packed(trial.skeleton, [])
    if trial.captured:
        count = len(operands)
        operands = [*operands, *trial.captured]
        attributes["captures"] = [Ref(count + i) for i in range(len(trial.captured))]
        attributes["captured"] = Opaque("captured", trial.captured)
    label = unique_name(given) if isinstance(given, str) and given else ""
    node = Node(path, operands, trial.types, name=label, attributes=attributes, value_class=Tensor)
    announce(node)
    if trial.uses_phase:
        for output in node.outputs:
            output._uses_learning_phase = True  # type: ignore[attr-defined]
    return _packed(trial.skeleton, node.outputs)


def _bound(op: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by parameter name; what `**kwargs` takes stands among them."""
    signature = inspect.signature(op)
    found = dict(signature.bind(*args, **kwargs).arguments)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            found.update(found.pop(parameter.name, {}))
        elif parameter.kind is parameter.VAR_POSITIONAL and parameter.name in found:
            # Those before them have to be passed by position too.
            found = {"*": list(args), **kwargs}
    return found


def _is_structure(value: Any) -> bool:
    return isinstance(value, Ref | Opaque | list | tuple | dict)


def _plain(value: Any) -> Any:
    """An argument in a form that an attribute can hold; symbolic values stay."""
    if isinstance(value, Symbolic | Weight):
        return value
    if hasattr(value, "_fields") and not contains_symbolic(list(value)):
        # Such as the descriptions of features, which TensorFlow tells apart by their classes.
        return Opaque(type(value).__name__, value)
    if isinstance(value, list | tuple):
        items = [_plain(v) for v in value]
        # Other named tuples are rare among arguments, and TensorFlow takes tuples for them.
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tf.Variable):
        return adopt_variable(value)
    if isinstance(value, tf.DType):
        return value.name
    if isinstance(value, tf.TensorShape):
        return None if value.rank is None else value.as_list()
    if isinstance(value, tf.Tensor):
        if not hasattr(value, "numpy"):
            raise NeedsTensorFlowError(f"{value!r} is a tensor of another graph.")
        array = np.asarray(value.numpy())
        return Opaque("constant", value) if array.dtype.kind in "OSU" else array
    if callable(value):
        return Opaque(getattr(value, "__name__", type(value).__name__), value)
    return to_attribute(value)


def _trial(path: str, attributes: dict[str, Any], operands: Sequence[Value]) -> Trial:
    types = [v.type for v in operands]
    is_cached = not has_opaque(attributes)
    key = (path, tuple(types), frozen(attributes), settings_key()) if is_cached else None
    if key in _TRIALS:
        return _TRIALS[key]
    try:
        found = try_out(lambda tensors: apply(path, attributes, tensors), types)
    except KirError:
        raise
    except (ValueError, TypeError, IndexError, NotImplementedError) as error:
        got = ", ".join(map(str, types))
        made = DTypeError if isinstance(error, TypeError) else ShapeError
        raise made(f"{path} of {got}: {tensorflow_reason(error)}") from None
    if key is not None:
        if len(_TRIALS) >= _LIMIT:
            _TRIALS.clear()
        _TRIALS[key] = found
    return found


def _packed(skeleton: Any, outputs: Sequence[Value]) -> Any:
    leaves = [
        leaf.constant if leaf.index is None else outputs[leaf.index]
        for leaf in tf.nest.flatten(skeleton)
        if isinstance(leaf, Leaf)
    ]
    return tf.nest.pack_sequence_as(skeleton, leaves)


# -- in a program


def apply(path: str, attributes: Mapping[str, Any], tensors: Sequence[Any]) -> Any:
    """Calls the function of a node on tensors."""
    given = {k: _unwrapped(substitute(v, tensors)) for k, v in attributes.items()}
    taken = given.pop("captures", [])
    values = given.pop("captured", ())
    function = given.pop("function") if path == _UNNAMED else resolve_path(path)
    positional = given.pop("*", ())
    with captured(dict(zip(values, taken, strict=True))):
        return function(*positional, **given)


def lower_call(node: Node, operands: Sequence[Any]) -> list[Any]:
    """The tensors of a ``tf.*`` node."""
    return flat_tensors(apply(node.op, node.attributes, operands))


def resolve_path(path: str) -> Any:
    """The function of TensorFlow's that an op is named after.

    Raises:
        ShapeError: there is none.
    """
    found: Any = tf
    for part in path.split(".")[1:]:
        if part.startswith("_") and part not in ("__operators__",):
            found = None
        found = getattr(found, part, None)
    if not callable(found):
        raise DTypeError(f"TensorFlow {tf.__version__} has no function {path}.")
    return found


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Opaque):
        return value.value
    if isinstance(value, list | tuple):
        return type(value)(map(_unwrapped, value))
    if isinstance(value, dict):
        return {k: _unwrapped(v) for k, v in value.items()}
    return value


# -- what TensorFlow computes at once while a function is traced


@contextmanager
def watch_eager_ops() -> Iterator[None]:
    """A scope that fails if an op ran in it whose result no constant can stand for.

    Raises:
        NeedsTensorFlowError: on leaving the scope, if there was such an op.
    """
    op_callbacks = internal("framework.op_callbacks")
    seen: list[str] = []

    def note(op_type: Any, *_: Any, **__: Any) -> None:
        name = op_type.decode() if isinstance(op_type, bytes) else str(op_type)
        changing = name.startswith(_CHANGING) and not name.startswith("StatelessRandom")
        if changing and not _is_own_run():
            seen.append(name)

    op_callbacks.add_op_callback(note)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(note)
    if seen:
        raise NeedsTensorFlowError(f"TensorFlow computed {seen[0]} while the function was traced.")


def _is_own_run() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.endswith(_OWN_RUNS) or executing():
            return True
        frame = frame.f_back
    return False
