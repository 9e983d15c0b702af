"""The entry of a model: a placeholder for data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kir import settings
from kir.engine.base_layer import Layer
from kir.engine.names import automatic_name, mark_used
from kir.engine.node import LayerCall, record_history
from kir.engine.node import Node as Node
from kir.engine.tensor import Tensor
from kir.errors import ArgumentError, ConfigError, MissingShapeError
from kir.ir.types import TensorType, check_dtype
from kir.legacy.interfaces import legacy_input_support


class InputLayer(Layer):
    """A placeholder as a layer; `Input` makes one and returns its tensor.

    Args:
        input_shape: shape of a sample, without the batch axis.
        batch_size: size of the batch axis; None leaves it open.
        batch_input_shape: shape with the batch axis, instead of the two above.
        dtype: None is `K.floatx()`.
        input_tensor: a tensor to use instead of a placeholder.
        sparse: whether the data are sparse.
        name: the layer's name.

    Shape:
        -> `batch_input_shape`; dtype: `dtype`.

    Raises:
        ConfigError: no shape is given, or two that contradict each other.

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    @legacy_input_support
    def __init__(
        self,
        input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        dtype: str | None = None,
        input_tensor: Any = None,
        sparse: bool = False,
        name: str | None = None,
    ) -> None:
        if not name:
            name = automatic_name("input")
        self._init_common({"name": name})
        self.trainable = False
        self.built = True
        self.sparse = sparse
        if input_shape is not None and batch_input_shape is not None:
            raise ConfigError(
                f"InputLayer {name!r}: Only provide the input_shape OR batch_input_shape argument "
                "to InputLayer, not both at the same time."
            )
        if input_tensor is not None and batch_input_shape is None and input_shape is None:
            batch_input_shape = _shape_of(input_tensor)
        if batch_input_shape is None:
            if input_shape is None:
                raise ConfigError(
                    f"InputLayer {name!r}: An Input layer should be passed either a "
                    "`batch_input_shape` or an `input_shape`, which is without the batch axis."
                )
            batch_input_shape = (batch_size, *input_shape)
        self.batch_input_shape = tuple(map(_whole, batch_input_shape))
        if dtype is None:
            dtype = settings.floatx() if input_tensor is None else _dtype_of(input_tensor)
        self.dtype = check_dtype(dtype)
        self.is_placeholder = input_tensor is None
        self._add_node(input_tensor)

    def _add_node(self, input_tensor: Any) -> None:
        tensor = input_tensor
        if not isinstance(tensor, Tensor):
            if self.is_placeholder:
                mark_used(self.name)
            tensor = Tensor(TensorType(self.dtype, self.batch_input_shape, self.sparse), self.name)
            # A tensor of values is what the placeholder always holds.
            tensor.fixed_value = input_tensor  # type: ignore[attr-defined]
        node = LayerCall(
            outbound_layer=self,
            input_tensors=[],
            input_masks=[None],
            output_types=[],
            public_count=0,
            output_masks=[None],
        )
        node.input_tensors = [tensor]
        node.output_tensors = [tensor]
        shapes: list[Any] = [tuple(self.batch_input_shape)]
        node.input_shapes = node.output_shapes = shapes
        record_history(self, node)

    def get_config(self) -> dict[str, Any]:
        """Shape, dtype and name, with Keras's keys in Keras's order."""
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def _whole(size: Any) -> Any:
    """A size that a program read from a tensor or computed by a division, as a plain one."""
    size = getattr(size, "value", size)
    return int(size) if isinstance(size, float) and size.is_integer() else size


def _dtype_of(tensor: Any) -> str:
    # A variable's dtype is a reference to that of its element.
    return str(getattr(tensor.dtype, "base_dtype", tensor.dtype).name)


def _shape_of(tensor: Any) -> tuple[int | None, ...]:
    shape = tensor._keras_shape if isinstance(tensor, Tensor) else tensor.shape
    return tuple(None if d is None else int(d) for d in shape)


def Input(  # noqa: N802 - Keras's name
    shape: Sequence[int | None] | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    tensor: Any = None,
) -> Any:
    """A placeholder for data: the start of a functional model.

    Args:
        shape: shape of a sample, without the batch axis; None where a size is open.
        batch_shape: shape with the batch axis, instead of `shape`.
        name: name of the input; unique in a model.
        dtype: None is `K.floatx()`.
        sparse: whether the data are sparse.
        tensor: a tensor to use instead of a placeholder.

    Returns:
        A symbolic tensor.

    Shape:
        -> `batch_shape`, or (batch, *shape); dtype: `dtype`.

    Raises:
        MissingShapeError: neither `shape`, `batch_shape` nor `tensor` is given.
        ArgumentError: `shape` is no tuple.

    Reference:
        https://keras.io/layers/core/#input (Keras 2.2.4).
    """
    if batch_shape is None and tensor is None and shape is None:
        raise MissingShapeError(
            "Please provide to Input either a `shape` (without the batch axis) or a `batch_shape` "
            "argument (with it)."
        )
    if shape is not None and batch_shape is None:
        try:
            batch_shape = (None, *shape)
        except TypeError:
            raise ArgumentError(
                f"Input(): `shape` is {shape!r}; expected a tuple, e.g. ({shape},)."
            ) from None
    layer = InputLayer(
        batch_input_shape=batch_shape, name=name, dtype=dtype, sparse=sparse, input_tensor=tensor
    )
    outputs = layer._inbound_nodes[0].output_tensors
    return outputs[0] if len(outputs) == 1 else outputs
