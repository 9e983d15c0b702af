"""A layer for every time step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kir import backend as K
from kir.engine.inlining import hidden_results, substitute
from kir.engine.input_spec import InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.engine.tensor import Tensor
from kir.errors import ConfigError, RankError
from kir.ir.graph import Graph, Value
from kir.ir.types import TensorType
from kir.layers.wrappers.base import Wrapper, training_argument
from kir.utils.generic_utils import object_list_uid


class TimeDistributed(Wrapper):
    """Applies a layer to every time step.

    Where the batch size is open, the time steps of all samples form one large batch. Keras 2.2:
    where it is fixed, the layer is applied to one step after the other: a batch normalization
    inside then uses the statistics of each step, and its moving averages stay as they are.

    Args:
        layer: a layer or a model.

    Shape:
        (batch, timesteps, ...) -> (batch, timesteps, ...), the layer seeing (batch, ...).

    Raises:
        RankError: the input has rank 2 or less.

    Reference:
        https://keras.io/layers/wrappers/#timedistributed (Keras 2.2.4).
    """

    supports_masking = True
    call = LoweredCall("inputs", training=None, mask=None)

    def build(self, input_shape: Any) -> None:  # type: ignore[override]
        """Creates the weights of the layer inside."""
        shape = tuple(input_shape)
        self._check_rank(shape, shape)
        self.input_spec = InputSpec(shape=shape)
        if not self.layer.built:
            self.layer.build((shape[0], *shape[2:]))
            self.layer.built = True
        super().build()

    def _check_rank(self, shape: Any, shown: Any) -> None:
        if shape is None or len(shape) < 3:
            raise RankError(
                f"{self._label()}: input is {shown}; expected rank 3 at least, (batch, timesteps, "
                "...). The layer inside gets (batch, ...)."
            )

    def _sample_type(self, x: TensorType) -> TensorType:
        self._check_rank(x.shape, x)
        return x.with_shape((x.shape[0], *x.shape[2:]))  # type: ignore[index]

    def infer(self, *inputs: TensorType) -> TensorType:
        """The layer's type with the axis of time."""
        (x,) = inputs
        found = self.layer._infer_call([self._sample_type(x)], {})
        if isinstance(found, list):
            raise ConfigError(
                f"{self._label()}: {self.layer._label()} returns {len(found)} tensors; expected a "
                "layer that returns one. Take return_state=True away."
            )
        return found.with_shape((found.shape[0], x.shape[1], *found.shape[1:]))  # type: ignore[index]

    def _trace(
        self,
        types: Sequence[TensorType],
        masks: Sequence[Value | None] = (),
        arguments: Mapping[str, Any] | None = None,
    ) -> Graph:
        x = self._sample_type(types[0])
        is_stepwise = bool(x.shape[0])  # type: ignore[index]
        sample = Tensor(x, self.layer.name)
        if masks and masks[0] is not None and not is_stepwise:
            sample.mask = Tensor(_without_time(masks[0].type), f"{self.layer.name}_mask")
        node, _ = self.layer._make_node(sample, [sample], training_argument(self.layer, arguments))
        inputs = [v for v in (sample, sample.mask) if v is not None]
        # Keras 2.2: what happens in a time step updates nothing.
        hidden = [] if is_stepwise else hidden_results(node)
        return Graph(self.layer.name, inputs, [*node.output_tensors, *hidden], [node])

    def node_losses(self, node: Any) -> list[Any]:
        """The activity regularizer's loss of the result.

        Keras 2.2: where the batch size is fixed it counts twice.
        """
        # Made again, as a model counts each value once.
        is_stepwise = bool(node.inputs[0].type.shape[0])
        again = super().node_losses(node) if is_stepwise else ()
        return [*super().node_losses(node), *again]

    @property
    def _input_map(self) -> dict[str, Any]:
        """What the layer inside sees: the time steps of all samples as one large batch."""
        return {
            object_list_uid(node.input_tensors): node.inner.inputs[0]
            for node in self._inbound_nodes
            if node.inner is not None and not node.inputs[0].type.shape[0]  # type: ignore[index]
        }

    def varies_with_phase(self) -> bool:
        """Whether the layer inside does."""
        return self.layer.varies_with_phase()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the layer inside, with the axis of time; else the input's."""
        x = inputs[0] if isinstance(inputs, list) else inputs
        mask = mask[0] if isinstance(mask, list) else mask
        shape = x._keras_shape
        if shape[0]:
            return mask
        inner = self._traced_call([x.type], [mask])
        assert inner is not None
        (node,) = inner.nodes
        found = node.output_masks[0]  # type: ignore[attr-defined]
        if found is None:
            for _ in range(2, K.ndim(mask) if mask is not None else 0):  # type: ignore[arg-type]
                mask = K.any(mask, axis=-1)
            return mask
        values = [_merge_time(x)] + ([] if mask is None else [_merge_time(mask)])
        (made,) = substitute([found], dict(zip(inner.inputs, values, strict=True)))
        steps = shape[1] if shape[1] is not None else K.shape(x)[1]
        return K.reshape(made, (-1, steps, *_known_sizes(made, made.type.shape[1:])))


def _without_time(type: TensorType) -> TensorType:
    shape: Any = type.shape
    return type.with_shape((None, *shape[2:]))


def _merge_time(x: Any) -> Any:
    """(batch, timesteps, ...) -> (batch * timesteps, ...)."""
    return K.reshape(x, (-1, *_known_sizes(x, x.type.shape[2:], offset=2)))


def _known_sizes(x: Any, sizes: Any, offset: int = 1) -> list[Any]:
    return [K.shape(x)[i + offset] if size is None else size for i, size in enumerate(sizes)]
