"""Layers: what every layer of the language is, declared or written by a user."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kir import regularizers, settings
from kir.backend import identity
from kir.engine import fields, tracing
from kir.engine.inlining import losses_by, updates_by
from kir.engine.input_spec import InputSpec, check_input_compatibility
from kir.engine.layer_effects import LayerEffects
from kir.engine.layer_history import LayerHistory
from kir.engine.layer_weights import LayerWeights
from kir.engine.lowered_call import LoweredCall
from kir.engine.names import automatic_name, name_scope, snake_case, undisturbed
from kir.engine.node import LayerCall, Node, make_outputs, record_history
from kir.engine.tensor import Tensor, contains_symbolic, executing
from kir.engine.variable import Variable
from kir.errors import (
    ArgumentError,
    ConfigError,
    DTypeError,
    KirError,
    NoTensorError,
)
from kir.ir import ops
from kir.ir.graph import Opaque, Value
from kir.ir.types import TensorType, check_dtype
from kir.legacy.conversion import convert_arguments
from kir.utils.generic_utils import has_arg, to_list, unpack_singleton

COMMON_ARGUMENTS = (
    "input_shape",
    "batch_input_shape",
    "batch_size",
    "dtype",
    "name",
    "trainable",
    "weights",
    "input_dtype",
)


class Layer(LayerWeights, LayerEffects, LayerHistory):
    """A function with weights, applied to symbolic tensors.

    A built-in layer is a declaration: fields (its parameters), `parameters` (its weights) and
    `infer` (the type of its result); how it computes stands in `compiler.lowering`. A user's layer
    overrides `build`, `call`, `compute_output_shape` and `get_config` as in Keras.

    Args:
        **kwargs: `name`, `trainable`, `dtype`, and for the first layer of a Sequential
            `input_shape` (without the batch axis), `batch_input_shape`, `batch_size`; `weights`,
            a list of arrays to start from.

    Reference:
        https://keras.io/layers/about-keras-layers (Keras 2.2.4).
    """

    _fields: ClassVar[dict[str, fields.Field]] = {}
    _config_order: tuple[str, ...] = ()
    op_name = "keras.Layer"
    supports_masking = False
    stateful = False
    built = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declares = any(isinstance(v, fields.Field) for v in cls.__dict__.values())
        if declares:
            cls._fields = fields.collect(cls)
        if "_fields" in cls.__dict__ and "__init__" not in cls.__dict__:
            cls.__init__ = fields.constructor(cls._fields)  # type: ignore[method-assign]
        # A user's class may bear a built-in's name without being it.
        dialect = "keras" if cls.__module__.split(".")[0] == "kir" else "user"
        cls.op_name = f"{dialect}.{cls.__name__}"
        # Whichever of the two a class defines last in its line of bases is what counts.
        if "infer" in cls.__dict__:
            cls._infers_shape_only = False
        elif "compute_output_shape" in cls.__dict__:
            cls._infers_shape_only = True
        cls._call_takes = None
        # A subclass that brings its own `call` computes by it, not by its parent's lowering.
        if "call" in cls.__dict__:
            cls.is_lowered = isinstance(cls.__dict__["call"], LoweredCall)
            cls.is_traced = not cls.is_lowered and (dialect == "user" or cls.is_traced)
        elif cls.call is Layer.call:
            cls.is_traced = dialect == "user"
        is_built_in = cls.__module__.startswith(("kir.layers", "kir.legacy"))
        if is_built_in and not cls.__name__.startswith("_"):
            register_layer_op(cls)

    is_lowered = False
    is_network = False
    is_traced = False
    _collector: tracing.Collector | None = None
    _infers_shape_only = True
    _call_takes: frozenset[str] | None = None

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            """Built-in layers generate theirs from their fields."""

    else:

        def __init__(self, **kwargs: Any) -> None:
            self._init_common(kwargs)

    # -- construction

    def _bind_arguments(
        self,
        specs: Mapping[str, fields.Field],
        names: Sequence[str],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> dict[str, Any]:
        """Values of all fields, from a call's arguments; takes them out of `kwargs`."""
        args, kwargs = self._convert_legacy_arguments(args, kwargs)
        label = type(self).__name__
        if len(args) > len(names):
            raise ArgumentError(
                f"{label} takes at most {len(names)} positional arguments "
                f"({', '.join(names)}); got {len(args)}."
            )
        given = dict(zip(names, args, strict=False))
        for name in names:
            if name in kwargs:
                if name in given:
                    raise ArgumentError(f"{label} got two values for the argument `{name}`.")
                given[name] = kwargs.pop(name)
            elif name not in given:
                default = specs[name].default
                if default is fields.REQUIRED:
                    raise ArgumentError(f"{label} misses the required argument `{name}`.")
                given[name] = default
        self._prepare_common(given, kwargs)
        return given

    def _convert_legacy_arguments(
        self, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[Sequence[Any], dict[str, Any]]:
        """Turns the spellings of Keras 1 into today's."""
        args, converted = convert_arguments(type(self), args, kwargs)
        if converted is not kwargs:
            kwargs.clear()  # the caller takes what is left of them
            kwargs.update(converted)
        return args, kwargs

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        """Lets a layer derive common arguments (`input_shape`) from its own."""

    def _after_init(self) -> None:
        """Runs when all fields are set; a layer checks here what concerns several of them."""

    def _init_common(self, kwargs: Mapping[str, Any]) -> None:
        for key in kwargs:
            if key not in COMMON_ARGUMENTS:
                raise ArgumentError(_unknown_argument(type(self), key))
        name = kwargs.get("name")
        if not name:
            name = automatic_name(snake_case(type(self).__name__))
        elif not isinstance(name, str):
            raise DTypeError(f"The name of a layer is a string; got {name!r}.")
        self.name: str = name
        self.trainable: bool = kwargs.get("trainable", True)
        self.built = False
        self.input_spec: Any = None
        self._trainable_weights: list[Variable] = []
        self._non_trainable_weights: list[Variable] = []
        self._regularized: list[tuple[Any, Variable]] = []
        self._losses: list[Any] = []
        self._updates: list[Any] = []
        self._from_calls: set[Any] = set()
        self._per_input_losses: dict[Any, list[Any]] = {}
        self._per_input_updates: dict[Any, list[Any]] = {}
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []
        self._initial_weights: Any = kwargs.get("weights")
        self._set_batch_input_shape(kwargs)

    def _set_batch_input_shape(self, kwargs: Mapping[str, Any]) -> None:
        shape = kwargs.get("batch_input_shape")
        if shape is None and kwargs.get("input_shape") is not None:
            given = kwargs["input_shape"]
            shape = (
                kwargs.get("batch_size"),
                *(given if isinstance(given, Iterable) else (given,)),
            )
        if shape is not None:
            # A tuple stays the same object: YAML marks equal objects as aliases.
            self.batch_input_shape = tuple(shape)
            self._check_batch_input_shape()
            dtype = kwargs.get("dtype") or kwargs.get("input_dtype")
            self.dtype = check_dtype(dtype) if dtype is not None else settings.floatx()

    def _check_batch_input_shape(self) -> None:
        for size in self.batch_input_shape:
            # Keras 2.2: an Embedding's tuple of lengths stands as one entry.
            if not (size is None or isinstance(size, Integral | tuple | list)):
                raise ConfigError(
                    f"{self._label()}: the input shape is {self.batch_input_shape} with the batch "
                    f"axis; expected whole numbers or None, got {size!r}."
                )

    # -- what a layer does

    def build(self, input_shape: Any) -> None:
        """Creates the weights; called once, before the first call."""
        declared = type(self).parameters
        # A user's subclass of a built-in layer has its weights, whatever `call` it brings.
        if declared is not Layer.parameters and declared.__module__.startswith("kir."):
            for _ in self.parameters(*self._types_of(input_shape)):
                pass
        self.built = True

    def _types_of(self, shapes: Any) -> list[TensorType]:
        dtype = getattr(self, "dtype", None) or settings.floatx()
        # A program may give one shape as a list of sizes.
        several = isinstance(shapes, list) and not all(
            n is None or isinstance(n, Integral) for n in shapes
        )
        return [TensorType(dtype, tuple(s)) for s in (shapes if several else [shapes])]

    def infer(self, *inputs: TensorType) -> TensorType | list[TensorType]:
        """The type of the result, or of each of several results."""
        shapes = [t.shape for t in inputs]
        found = self.compute_output_shape(unpack_singleton(shapes))
        dtype = inputs[0].dtype if inputs else settings.floatx()
        if isinstance(found, list):
            return [TensorType(dtype, tuple(s)) for s in found]
        return TensorType(dtype, tuple(found))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result for inputs of this shape, with None for unknown sizes."""
        if self._declares_shape():
            # A user's method asks, by way of `super()`, what the class below says.
            if type(self).infer is Layer.infer:
                return input_shape
        elif self._infers_shape_only:
            # Not while `call` runs, which may ask for the shape.
            if self.is_traced and self.built and self._collector is None:
                return tracing.output_shape(self, input_shape)
            return input_shape
        found = self.infer(*self._types_of(input_shape))
        return [t.shape for t in found] if isinstance(found, list) else found.shape

    def _declares_shape(self) -> bool:
        """Whether a user's code says what shape the result has."""
        owner = next(c for c in type(self).__mro__ if "compute_output_shape" in c.__dict__)
        return owner.__module__.split(".")[0] != "kir"

    def _shape_source(self) -> str:
        return "compute_output_shape"

    def internal_types(self, *inputs: TensorType) -> list[TensorType]:
        """Types of results that no user sees, such as the batch statistics that updates need."""
        return []

    def _internal_types_of_call(
        self, types: Sequence[TensorType], arguments: Mapping[str, Any]
    ) -> list[TensorType]:
        return self.internal_types(*types)

    if TYPE_CHECKING:
        # A LoweredCall in built-in layers, a method of any signature in a user's.
        call: Any

        def __getattr__(self, name: str) -> Any:
            """Weights are attributes by their names."""

    else:

        def call(self, inputs: Any, **kwargs: Any) -> Any:
            """The layer's function; the identity unless overridden."""
            return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the result; the input's, if the layer supports masks.

        Raises:
            DTypeError: there is a mask and the layer does not support masks.
        """
        if not self.supports_masking:
            if any(m is not None for m in to_list(mask)):
                raise DTypeError(
                    f"{type(self).__name__} {self.name!r} does not support masking, but was "
                    f"passed an input_mask: {mask!r}. Take the Masking layer or mask_zero=True "
                    "away before it, or use a layer that supports masks."
                )
            return None
        return mask

    def varies_with_phase(self) -> bool:
        """Whether the result differs between training and inference."""
        return False

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Checks `inputs` against `self.input_spec`.

        Raises:
            ShapeError: an input does not fit.
        """
        check_input_compatibility(self, to_list(inputs))

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """Applies the layer to a symbolic tensor or a list of them."""
        if executing() or not contains_symbolic([inputs, *kwargs.values()]):
            return self._call_on_values(inputs, kwargs)
        with name_scope(self.name):
            inputs, kwargs = self._prepare_call(inputs, kwargs)
            tensors = [self._check_tensor(x) for x in to_list(inputs)]
            if not self.built:
                self._build_for(tensors)
            self.assert_input_compatibility(inputs)
            return self._add_call(inputs, tensors, kwargs)

    def _prepare_call(self, inputs: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Lets a layer move keyword operands (an initial state) among the inputs."""
        return inputs, kwargs

    def _check_tensor(self, x: Any) -> Tensor:
        if isinstance(x, Variable):
            tensor: Any = identity(x)
            tensor._stands_for = x
            return tensor  # type: ignore[no-any-return]
        if not isinstance(x, Tensor):
            raise NoTensorError(
                f"{type(self).__name__} {self.name!r} was called with an input that isn't a "
                f"symbolic tensor. Received type: {type(x)}. Full input: {x!r}. Layers take what "
                "Input() or another layer returned."
            )
        return x

    def _build_for(self, tensors: Sequence[Tensor]) -> None:
        self.assert_input_compatibility(list(tensors))
        shapes = [x._keras_shape for x in tensors]
        self._input_dtype = tensors[0].type.dtype
        self.build(unpack_singleton(shapes))
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _call_on_values(self, inputs: Any, kwargs: dict[str, Any]) -> Any:
        """The call while a program is built, or eagerly on TensorFlow tensors."""
        for x in to_list(inputs):
            if not hasattr(x, "shape") or isinstance(x, np.ndarray):
                self._check_tensor(x)
        if not self.built:
            with name_scope(self.name):
                shapes = [tuple(x.shape) for x in to_list(inputs)]
                self.build(unpack_singleton(shapes))
                self.built = True
        return self.call(inputs, **kwargs)

    @classmethod
    def _call_parameters(cls) -> frozenset[str]:
        if cls._call_takes is None:
            cls._call_takes = frozenset(
                name for name in ("mask", "training", "initial_state") if has_arg(cls.call, name)
            )
        return cls._call_takes

    def _add_call(self, inputs: Any, tensors: list[Tensor], kwargs: dict[str, Any]) -> Any:
        """Records the call as a node and returns its results."""
        node, several = self._make_node(inputs, tensors, kwargs)
        self._draw_node_seeds(node)
        record_history(self, node)
        if not self.is_network:
            self._keep_effects(node, tensors)
        outputs = list(node.output_tensors)
        return outputs if several else outputs[0]

    def _make_node(
        self, inputs: Any, tensors: list[Tensor], kwargs: dict[str, Any]
    ) -> tuple[Node, bool]:
        """The node of a call, entered nowhere yet, and whether the call gives a list."""
        if self.is_traced:
            return tracing.make_node(self, inputs, tensors, kwargs)
        masks = [x.mask for x in tensors]
        takes_mask = "mask" in self._call_parameters()
        if takes_mask and "mask" in kwargs:
            masks = to_list(kwargs.pop("mask"))
            masks += [None] * (len(tensors) - len(masks))
        user_kwargs = dict(kwargs)  # without the mask, which is an operand
        try:
            types = self._infer_call([x.type for x in tensors], kwargs)
        except KirError as error:
            error.add_note(f"In the call of {self._label()}.")
            raise
        several = isinstance(types, list)
        public = list(types) if several else [types]
        hidden = self.internal_types(*(x.type for x in tensors))
        mask = self.compute_mask(inputs, unpack_singleton(list(masks)))
        output_masks = self._output_masks(mask, len(public))
        use_masks = takes_mask and any(m is not None for m in masks)
        states = self.state_operands(tensors)
        node = LayerCall(
            outbound_layer=self,
            input_tensors=tensors,
            input_masks=masks,
            output_types=[*public, *hidden],
            public_count=len(public),
            output_masks=output_masks,
            operand_masks=[*masks, *(None for _ in states)] if use_masks else (),
            state_operands=states,
            arguments=user_kwargs,
        )
        # A phase that the call states is the same in training and inference.
        is_fixed = isinstance(node.training, int)  # bool too
        make_outputs(node, self.varies_with_phase() and not is_fixed)
        return node, several

    def _keep_effects(self, node: Node, tensors: list[Tensor]) -> None:
        """Notes what a call changes and adds to the loss."""
        updates, losses = updates_by(node), losses_by(node)
        self._from_calls.update(updates, losses)
        for values, keep in ((updates, self.add_update), (losses, self.add_loss)):
            for value in values:
                keep(value, tensors)

    def _draw_node_seeds(self, node: Node) -> None:
        node.seeds = self.draw_seeds()

    def _output_masks(self, mask: Any, count: int) -> list[Value | None]:
        masks = list(mask) if isinstance(mask, list | tuple) else [mask] * count
        return masks[:count] + [None] * (count - len(masks))

    def _infer_call(self, types: list[TensorType], kwargs: Mapping[str, Any]) -> Any:
        if self.is_traced:
            return tracing.infer(self, types, kwargs)
        if self._infers_shape_only:
            shapes = self.compute_output_shape(unpack_singleton([t.shape for t in types]))
            dtype = types[0].dtype
            if isinstance(shapes, list) and shapes and isinstance(shapes[0], list | tuple):
                return [TensorType(dtype, tuple(s)) for s in shapes]
            return TensorType(dtype, tuple(shapes))
        return self.infer(*types)

    def node_updates(self, node: Any) -> list[Any]:
        """What a call changes besides giving results: moving averages, states."""
        return []

    def node_losses(self, node: Any) -> list[Any]:
        """Scalar losses that a call adds, such as the activity regularizer's."""
        regularizer = getattr(self, "activity_regularizer", None)
        if regularizer is None:
            return []
        return [regularizer(x) for x in node.outputs[: self.public_count(node)]]

    def public_count(self, node: Any) -> int:
        """How many of a call's results a user sees; the rest are `internal_types`."""
        if node.effects is not None:
            return node.effects.public_count  # type: ignore[no-any-return]
        return len(node.outputs) - len(_internal_types(self, node))

    def draw_seeds(self) -> tuple[int, ...]:
        """Seeds of a call's random numbers.

        Keras 2.2: drawn from NumPy's generator when the layer is called, so that they move the
        initial weights of layers made later.
        """
        return ()

    def state_operands(self, inputs: list[Tensor]) -> list[Value]:
        """Further operands of a call: states that it reads."""
        return []

    # -- configuration

    def _label(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def get_config(self) -> dict[str, Any]:
        """What is needed to make the layer again: Keras's keys in Keras's order."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "batch_input_shape"):
            config["batch_input_shape"] = self.batch_input_shape
        if hasattr(self, "dtype"):
            config["dtype"] = self.dtype
        for key in self._config_order or self._fields:
            if self._fields[key].in_config:
                config[key] = self._config_of(key)
        return config

    def _config_of(self, key: str) -> Any:
        spec, value = self._fields[key], getattr(self, key)
        return spec.serialize(value) if spec.serialize is not None else value

    def node_config(self) -> dict[str, Any]:
        """The configuration as the graph shows it.

        A program whose own `get_config` fails may run nevertheless; only its files need one.
        """
        try:
            return self.get_config()
        except Exception as error:
            fault = Opaque(type(error).__name__, error)
            found: dict[str, Any] = {"trainable": self.trainable}
            for key in [k for k, spec in self._fields.items() if spec.in_config]:
                try:
                    found[key] = self._config_of(key)
                except Exception:
                    found[key] = fault
            return found if self._fields else {**found, "config": fault}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Makes a layer from what `get_config` gave."""
        return cls(**config)


def _internal_types(layer: Layer, node: Any) -> list[TensorType]:
    """The types of a call's results that no user sees."""
    fixed = {} if node.phase is None else {"training": node.training}
    return layer._internal_types_of_call([v.type for v in node.inputs], node.arguments | fixed)


def register_layer_op(cls: type[Layer]) -> None:
    """Enters a built-in layer in the table of ops, for the printer, parser and verifier."""
    # A layer that a config describes may build the layer inside it.
    scope = undisturbed if "layer" in cls._fields else contextlib.nullcontext

    def infer(node: Any) -> list[TensorType]:
        layer = node.layer
        if layer is None:
            with scope():
                layer = cls.from_config({**node.attributes, "name": node.name})
        types = layer._infer_call([v.type for v in node.inputs], node.arguments)
        public = types if isinstance(types, list) else [types]
        return [*public, *_internal_types(layer, node)]

    defaults: dict[str, Any] = {"trainable": True}
    for name, spec in cls._fields.items():
        if spec.default is fields.REQUIRED or not spec.in_config or name == "data_format":
            continue  # the default of data_format depends on a setting
        value = spec.convert(name, spec.default) if spec.convert is not None else spec.default
        defaults[name] = spec.serialize(value) if spec.serialize is not None else value
    # What a traced layer computes is in its region.
    ops.register(ops.OpDef(cls.op_name, None if cls.is_traced else infer, defaults))


def _unknown_argument(cls: type, key: str) -> str:
    import difflib

    known = [*cls._fields, *COMMON_ARGUMENTS]  # type: ignore[attr-defined]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else f" It takes {', '.join(known)}."
    return f"Keyword argument not understood: {cls.__name__} does not know `{key}`.{hint}"


__all__ = ["InputSpec", "Layer", "Node", "regularizers"]
