"""Data of TensorFlow 1's input pipelines: symbolic tensors that are another batch in every run."""

from __future__ import annotations

from typing import Any

from compiler.dispatch import connect
from compiler.tensorflow import tf
from kir.backend.session import Operation
from kir.engine.tensor import Tensor, announce, executing
from kir.ir.graph import Node, Opaque
from kir.ir.types import TensorType

v1 = tf.compat.v1


class Iterator:
    """What `dataset.make_one_shot_iterator()` and `make_initializable_iterator()` return.

    The end of the data is TensorFlow's own `OutOfRangeError`, in the run that meets it.

    Args:
        dataset: the batches.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._source = iter(dataset)
        self.initializer = Restart([], self)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element's tensors."""
        return v1.data.get_output_shapes(self.dataset)

    @property
    def output_types(self) -> Any:
        """The dtypes of an element's tensors."""
        return v1.data.get_output_types(self.dataset)

    def restart(self) -> None:
        """Begins with the first element again."""
        # The resource stays the same one, which compiled programs hold.
        tf.raw_ops.MakeIterator(
            dataset=self.dataset._variant_tensor, iterator=self._source._iterator_resource
        )

    def get_next(self, name: str | None = None) -> Any:
        """The next element, as symbolic tensors: every run of a program takes one."""
        if executing():
            return self._take()
        spec = self.dataset.element_spec
        types = [_type_of(s) for s in tf.nest.flatten(spec)]
        take = Opaque("next_element", self._take)
        node = Node("tf.function", [], types, attributes={"function": take}, value_class=Tensor)
        announce(node)
        return tf.nest.pack_sequence_as(spec, list(node.outputs))

    def _take(self) -> Any:
        return self._source.get_next()


def iterator_of(node: Node) -> Iterator | None:
    """The iterator that a node takes its values from."""
    function = node.attributes.get("function")
    owner = getattr(function.value, "__self__", None) if isinstance(function, Opaque) else None
    return owner if isinstance(owner, Iterator) else None


def _type_of(spec: Any) -> TensorType:
    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    return TensorType(spec.dtype.name, shape, isinstance(spec, tf.SparseTensorSpec))


class Restart(Operation):
    """The operation `iterator.initializer`."""

    def __init__(self, updates: list[Any], iterator: Iterator) -> None:
        super().__init__(updates)
        self._iterator = iterator

    def prepare(self) -> None:
        """Begins with the first element again."""
        self._iterator.restart()


def offer_iterators() -> Any:
    """`tf.data`, whose datasets make iterators of symbolic tensors."""
    connect()
    for name in ("make_one_shot_iterator", "make_initializable_iterator"):
        setattr(v1.data.Dataset, name, lambda self, *_, **__: Iterator(self))
        setattr(v1.data, name, lambda dataset, *_, **__: Iterator(dataset))
    return v1.data
