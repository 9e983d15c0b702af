"""Layers that join several tensors, and the functions of the same names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.engine.fields import REQUIRED, Field, field, int_field
from kir.engine.lowered_call import LoweredCall
from kir.errors import ArgumentError, ConfigError, ShapeError, UnsupportedError
from kir.ir.types import Shape, TensorType


def broadcast_shapes(layer: Layer, a: Shape, b: Shape) -> Shape:
    """The shape of an element-wise combination of samples; the batch axis is left out.

    Raises:
        ShapeError: two sizes differ and neither is 1.
    """
    if len(a) < len(b):
        a, b = b, a
    head = a[: len(a) - len(b)]
    joined: list[int | None] = list(head)
    for i, j in zip(a[len(head) :], b, strict=True):
        if i is None or j is None:
            joined.append(None)
        elif i == 1:
            joined.append(j)
        elif j == 1 or i == j:
            joined.append(i)
        else:
            raise ShapeError(
                f"{type(layer).__name__} {layer.name!r}: Operands could not be broadcast together "
                f"with shapes {a} {b} (of a sample); expected equal sizes, or 1 where they differ."
            )
    return tuple(joined)


class _Merge(Layer):
    """What element-wise merges have in common.

    A program's own merge overrides `_merge_function`, from the list of inputs to the result.
    """

    _fields: ClassVar[dict[str, Any]] = {}
    supports_masking = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_merge_function" in vars(cls):
            cls.call = _Merge.call
            cls.is_lowered, cls.is_traced = False, True

    def _call(self, inputs: Any) -> Any:
        return self._merge_function(inputs)

    call: Any = _call

    def _merge_function(self, inputs: Any) -> Any:
        raise UnsupportedError(
            f"{self._label()}: `_merge_function` says how it merges; override it."
        )

    def infer(self, *inputs: TensorType) -> TensorType:
        self._check_count(inputs)
        if any(x.shape is None for x in inputs):
            return inputs[0].with_shape(None)
        batches = {x.shape[0] for x in inputs} - {None}  # type: ignore[index]
        if len(batches) > 1:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r}: Can not merge tensors with different batch "
                f"sizes. Got tensors with shapes: {[x.shape for x in inputs]}."
            )
        shape: Shape = (inputs[0].shape or ())[1:]
        for x in inputs[1:]:
            shape = broadcast_shapes(self, shape, (x.shape or ())[1:])
        batch = batches.pop() if batches else None
        return inputs[0].with_shape((batch, *shape))

    def _check_count(self, inputs: tuple[TensorType, ...]) -> None:
        if len(inputs) < 2:
            raise ConfigError(
                f"{type(self).__name__} {self.name!r}: A merge layer should be called on a list of "
                f"at least 2 inputs. Got {len(inputs)} inputs."
            )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        check_mask_list(self, inputs, mask)
        if mask is None or all(m is None for m in mask):
            return None
        present = [K.expand_dims(m, 0) for m in mask if m is not None]
        return K.all(K.concatenate(present, axis=0), axis=0, keepdims=False)


def check_mask_list(layer: Layer, inputs: Any, mask: Any) -> None:
    """Masks and inputs of a merge are lists of one length; raises ConfigError otherwise."""
    if mask is None:
        return
    if not isinstance(mask, list):
        raise ConfigError(f"{layer._label()}: `mask` should be a list; got {mask!r}.")
    if not isinstance(inputs, list):
        raise ConfigError(f"{layer._label()}: `inputs` should be a list; got {inputs!r}.")
    if len(mask) != len(inputs):
        raise ConfigError(
            f"{layer._label()}: The lists `inputs` and `mask` should have the same length; got "
            f"{len(inputs)} and {len(mask)}."
        )


class Add(_Merge):
    """The element-wise sum of several tensors: ``x1 + x2 + ...``.

    Args:
        **kwargs: `name`, `trainable` and the other keywords of every `Layer`.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class Subtract(_Merge):
    """The first of two tensors minus the second: ``x1 - x2``.

    Args:
        **kwargs: `name`, `trainable` and the other keywords of every `Layer`.

    Shape:
        list of 2 of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis
        -> (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: not exactly two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    call = LoweredCall("inputs")

    def _check_count(self, inputs: tuple[TensorType, ...]) -> None:
        check_two(self, inputs)


class Multiply(_Merge):
    """The element-wise product of several tensors: ``x1 * x2 * ...``.

    Args:
        **kwargs: `name`, `trainable` and the other keywords of every `Layer`.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class Average(_Merge):
    """The element-wise mean of several tensors: ``(x1 + x2 + ...) / n``.

    Args:
        **kwargs: `name`, `trainable` and the other keywords of every `Layer`.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class Maximum(_Merge):
    """The element-wise maximum of several tensors.

    Args:
        **kwargs: `name`, `trainable` and the other keywords of every `Layer`.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class Minimum(_Merge):
    """The element-wise minimum of several tensors.

    Args:
        **kwargs: `name`, `trainable` and the other keywords of every `Layer`.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


def check_two(layer: Layer, inputs: Sequence[TensorType]) -> None:
    """Raises ConfigError unless there are two inputs."""
    if len(inputs) != 2:
        raise ConfigError(
            f"{layer._label()}: A `{type(layer).__name__}` layer should be called on exactly 2 "
            f"inputs. Got {len(inputs)} inputs."
        )


class Concatenate(Layer):
    """Joins tensors along one axis.

    Args:
        axis: the axis along which sizes add up; negative counts from the end.

    Shape:
        list of tensors equal on every other axis -> the same with the sizes of `axis` added; dtype:
        that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: ranks or the sizes of other axes differ.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    axis: int = int_field(-1)

    supports_masking = True
    call = LoweredCall("inputs")

    def infer(self, *inputs: TensorType) -> TensorType:
        if len(inputs) < 2:
            raise ConfigError(
                f"Concatenate {self.name!r}: A `Concatenate` layer should be called on a list of "
                f"at least 2 inputs. Got {len(inputs)} inputs."
            )
        if any(x.shape is None for x in inputs):
            return inputs[0].with_shape(None)
        first: Any = inputs[0].shape
        rank = len(first)
        if not -rank <= self.axis < rank or any(x.rank != rank for x in inputs):
            raise ShapeError(self._mismatch(inputs))
        axis = self.axis % rank
        merged = list(first)
        for x in inputs[1:]:
            shape: Any = x.shape
            for i in range(rank):
                if i == axis:
                    known = merged[i] is not None and shape[i] is not None
                    merged[i] = merged[i] + shape[i] if known else None
                elif merged[i] is None:
                    merged[i] = shape[i]
                elif shape[i] is not None and shape[i] != merged[i]:
                    raise ShapeError(self._mismatch(inputs))
        return inputs[0].with_shape(merged)

    def _mismatch(self, inputs: tuple[TensorType, ...]) -> str:
        return (
            f"Concatenate {self.name!r}: A `Concatenate` layer requires inputs with matching "
            "shapes except for the concat axis. Got inputs shapes: "
            f"{[x.shape for x in inputs]} and axis {self.axis}."
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        check_mask_list(self, inputs, mask)
        if mask is None or all(m is None for m in mask):
            return None
        masks = []
        for x, m in zip(inputs, mask, strict=True):
            if m is None:
                masks.append(K.cast(K.ones_like(x), "bool"))
            elif K.ndim(m) < K.ndim(x):  # type: ignore[operator]
                # A mask says nothing of the features: it counts for each of them.
                masks.append(K.expand_dims(m))
            else:
                masks.append(m)
        joined = K.concatenate(masks, axis=self.axis)
        return K.all(joined, axis=-1, keepdims=False)


def _axes_field() -> Any:
    def convert(name: str, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if not isinstance(value, list | tuple):
            raise ArgumentError(
                f"Invalid type for `{name}` - should be a list or an int. Received: {value!r}."
            )
        if len(value) != 2 or not all(isinstance(axis, int) for axis in value):
            raise ConfigError(f"`{name}` is {value!r}; expected an int or a pair of ints.")
        return value

    return Field(REQUIRED, convert)


class Dot(Layer):
    """The product of two tensors, sample by sample, summed along one axis of each.

    Args:
        axes: the axis to sum along, in both tensors or as a pair; 0 is the batch, negative counts
            from the end.
        normalize: whether both are scaled to length 1 along that axis first: the result is then
            the cosine of the angle between them.

    Shape:
        list of (batch, i, n), (batch, j, n) with axes=2 -> (batch, i, j); two vectors (batch, n)
        -> (batch, 1).

    Raises:
        ConfigError: not exactly two inputs.
        ShapeError: the sizes of the two axes differ, or an axis is not there.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """

    axes: Any = _axes_field()
    normalize: bool = field(False)

    supports_masking = True
    call = LoweredCall("inputs")

    def axes_of(self, *ranks: int) -> tuple[int, int]:
        """The axis of each operand, counted from the front."""
        axes = self.axes
        if isinstance(axes, int):
            axes = (axes, axes)
        first, second = (a % rank if a < 0 else a for a, rank in zip(axes, ranks, strict=True))
        return first, second

    def infer(self, *inputs: TensorType) -> TensorType:
        check_two(self, inputs)
        a, b = (x.shape for x in inputs)
        if a is None or b is None or min(len(a), len(b)) < 2:
            raise ShapeError(self._mismatch(inputs, "rank 2 at least"))
        axes = self.axes_of(len(a), len(b))
        if axes[0] >= len(a) or axes[1] >= len(b) or 0 in axes:
            raise ShapeError(self._mismatch(inputs, f"the axes {axes} besides the batch"))
        if a[axes[0]] != b[axes[1]]:
            raise ShapeError(
                f"{self._label()}: Dimension incompatibility {a[axes[0]]} != {b[axes[1]]} on axis "
                f"{axes[0]} and axis {axes[1]}. Layer shapes: {a}, {b}."
            )
        if max(len(a), len(b)) > 3:
            return self._stacked(inputs, axes)
        rest = (*a[: axes[0]], *a[axes[0] + 1 :], *b[1 : axes[1]], *b[axes[1] + 1 :])
        return inputs[0].with_shape(rest if len(rest) > 1 else (*rest, 1))

    def _stacked(self, inputs: Sequence[TensorType], axes: tuple[int, int]) -> TensorType:
        """Keras 2.2: from rank 4 on the axes before the last two are batches of matrices."""
        a, b = (list(x.shape or ()) for x in inputs)
        rank, difference = max(len(a), len(b)), len(a) - len(b)
        a += [1] * -difference
        b += [1] * difference
        rows, inner = (a[-2], a[-1]) if axes[0] == rank - 1 else (a[-1], a[-2])
        columns, other = (b[-2], b[-1]) if axes[1] == rank - 1 else (b[-1], b[-2])
        stacks = [_joined(i, j) for i, j in zip(a[:-2], b[:-2], strict=True)]
        if (None not in (inner, other) and inner != other) or -1 in stacks:
            raise ShapeError(
                self._mismatch(inputs, "matrices on the last two axes that can be multiplied")
            )
        shape = [*stacks, rows, columns]
        if difference:
            ranks = [x.rank or 0 for x in inputs]
            first = ranks[0] + ranks[1] - 3 if difference > 0 else ranks[0] - 1
            if any(size != 1 for size in shape[first : first + abs(difference)]):
                raise ShapeError(self._mismatch(inputs, "equal ranks"))
            del shape[first : first + abs(difference)]
        return inputs[0].with_shape(shape)

    def _mismatch(self, inputs: Sequence[TensorType], expected: str) -> str:
        return (
            f"Dot {self.name!r}: inputs are {', '.join(map(str, inputs))} and axes is "
            f"{self.axes!r}; expected {expected}."
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: the axis that a mask speaks of is summed away."""
        return None


def _joined(a: int | None, b: int | None) -> int | None:
    """The size of an axis of two stacks of matrices, -1 where theirs do not fit."""
    if a == 1 or b == 1:
        return b if a == 1 else a
    if a is None or b is None:
        return a if b is None else b
    return a if a == b else -1


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of a list of tensors, by an `Add` layer.

    Args:
        inputs: a list of two or more tensors.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Add(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """A list of tensors joined along an axis, by a `Concatenate` layer.

    Args:
        inputs: a list of two or more tensors.
        axis: the axis; negative counts from the end.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of tensors equal on every other axis -> the same with the sizes of `axis` added; dtype:
        that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: ranks or the sizes of other axes differ.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The first of two tensors minus the second, by a `Subtract` layer.

    Args:
        inputs: a list of two tensors.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of 2 of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis
        -> (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: not exactly two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of a list of tensors, by a `Multiply` layer.

    Args:
        inputs: a list of two or more tensors.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of a list of tensors, by an `Average` layer.

    Args:
        inputs: a list of two or more tensors.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The maximum of a list of tensors, by a `Maximum` layer.

    Args:
        inputs: a list of two or more tensors.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The minimum of a list of tensors, by a `Minimum` layer.

    Args:
        inputs: a list of two or more tensors.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of (batch, ...) of equal shapes, or of shapes that broadcast behind the batch axis ->
        (batch, ...); dtype: that of the first.

    Raises:
        ConfigError: fewer than two inputs.
        ShapeError: samples whose shapes do not broadcast, or batches of different sizes.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Minimum(**kwargs)(inputs)


def dot(inputs: Any, axes: Any, normalize: bool = False, **kwargs: Any) -> Any:
    """The product of two tensors along an axis of each, by a `Dot` layer.

    Args:
        inputs: a list of two tensors.
        axes: the axis to sum along, in both tensors or as a pair; negative counts from the end.
        normalize: whether both are scaled to length 1 along that axis first.
        **kwargs: `name` and the other keywords of a layer.

    Shape:
        list of (batch, i, n), (batch, j, n) with axes=2 -> (batch, i, j); two vectors (batch, n) ->
        (batch, 1); dtype: that of the first.

    Raises:
        ConfigError: not exactly two inputs.
        ShapeError: the sizes of the two axes differ, or an axis is not there.

    Reference:
        https://keras.io/layers/merge (Keras 2.2.4).
    """
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
