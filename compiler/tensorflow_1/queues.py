"""TensorFlow 1's queues of examples, files and batches: each is read as a dataset.

`tf.train.batch` and its kin put tensors, as runs of the graph computed them, into a queue, and took
batches out. Here the part of the graph that computes them is mapped over the datasets that it
starts from. No threads have to be started.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.tensorflow import tf
from compiler.tensorflow_1.pipelines import Iterator, iterator_of
from kir.engine.tensor import is_symbolic
from kir.errors import ConfigError
from kir.ir.graph import Value, topological_order

Dataset = tf.data.Dataset


def examples(tensors: Sequence[Any]) -> Any:
    """A dataset of the tuples of values that these tensors have in one run after the other."""
    values = [v for v in tensors if is_symbolic(v)]
    if not values:
        return Dataset.from_tensors(tuple(map(tf.convert_to_tensor, tensors))).repeat()
    nodes = [n for n in topological_order(values) if iterator_of(n) is not None]
    sources = [iterator_of(n).dataset for n in nodes]  # type: ignore[union-attr]
    outputs: list[Value] = [v for n in nodes for v in n.outputs]

    def compute(*elements: Any) -> tuple[Any, ...]:
        env = dict(zip(outputs, tf.nest.flatten(elements), strict=True))
        found = dict(zip(values, interpret(values, env, Context(training=False)), strict=True))
        return tuple(found[v] if is_symbolic(v) else tf.convert_to_tensor(v) for v in tensors)

    # Without a source each run computes anew, as random numbers do.
    source = Dataset.zip(tuple(sources)) if sources else Dataset.from_tensors(()).repeat()
    return source.map(compute)


def _rows(tensors: Sequence[Any]) -> Any:
    """A dataset of the rows of tensors that hold many examples."""
    if not any(map(is_symbolic, tensors)):
        return Dataset.from_tensor_slices(tuple(tensors)).repeat()
    return examples(tensors).unbatch()


def batch(
    tensors: Any,
    batch_size: int,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`tf.train.batch`: tensors of `batch_size` examples, in their order.

    Args:
        tensors: a list or dict of tensors; those of one example, or of many if `enqueue_many`.
        batch_size: examples in a batch.
        num_threads: how many threads filled the queue; not used.
        capacity: how long the queue was; not used.
        enqueue_many: whether the tensors hold many examples along their first axis.
        shapes: those of an example; not used.
        dynamic_pad: whether examples may differ in size, and are padded with zeros.
        allow_smaller_final_batch: whether what is left at the end of the data is a batch.
        shared_name: not used.
        name: not used.
    """
    return _batches(
        tensors, batch_size, enqueue_many, allow_smaller_final_batch, lambda d: d, dynamic_pad
    )


def shuffle_batch(
    tensors: Any,
    batch_size: int,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`tf.train.shuffle_batch`: as `batch`, of examples drawn at random.

    Args:
        tensors: as in `batch`.
        batch_size: as in `batch`.
        capacity: as in `batch`.
        min_after_dequeue: of how many examples, beside a batch, each one is drawn.
        num_threads: as in `batch`.
        seed: of the order.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.
    """

    def shuffle(dataset: Any) -> Any:
        return dataset.shuffle(min_after_dequeue + batch_size, seed=seed)

    return _batches(tensors, batch_size, enqueue_many, allow_smaller_final_batch, shuffle, False)


def _batches(
    tensors: Any,
    batch_size: int,
    enqueue_many: bool,
    smaller_final: bool,
    order: Callable[[Any], Any],
    pad: bool,
) -> Any:
    keys = list(tensors) if isinstance(tensors, dict) else None
    flat = [tensors[k] for k in keys] if keys else _listed(tensors)
    dataset = order(_rows(flat) if enqueue_many else examples(flat))
    gather = dataset.padded_batch if pad else dataset.batch
    dataset = gather(batch_size, drop_remainder=not smaller_final)
    found = list(Iterator(dataset.prefetch(2)).get_next())
    if keys:
        return dict(zip(keys, found, strict=True))
    return found[0] if len(found) == 1 else found


def _listed(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


class Queue:
    """A queue of strings, numbers or rows, which readers and programs take from.

    Args:
        dataset: what is in it.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._iterator: Iterator | None = None

    def dequeue(self, name: str | None = None) -> Any:
        """The next element, another one in every run."""
        self._iterator = self._iterator or Iterator(self.dataset)
        return self._iterator.get_next()


def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    *_: Any,
    **__: Any,
) -> Queue:
    """`tf.train.input_producer`: the rows of a tensor, over and over or `num_epochs` times."""
    return Queue(_repeated(input_tensor, num_epochs, shuffle, seed))


def string_input_producer(
    string_tensor: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    *_: Any,
    **__: Any,
) -> Queue:
    """`tf.train.string_input_producer`: strings, mostly names of files.

    Raises:
        ConfigError: there is none.
    """
    if not len(string_tensor):
        raise ConfigError("string_input_producer requires a non-null input tensor: got no strings.")
    return Queue(_repeated(string_tensor, num_epochs, shuffle, seed))


def range_input_producer(
    limit: int,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    *_: Any,
    **__: Any,
) -> Queue:
    """`tf.train.range_input_producer`: the numbers below `limit`."""
    return Queue(_repeated(np.arange(limit, dtype=np.int32), num_epochs, shuffle, seed))


def slice_input_producer(
    tensor_list: Sequence[Any],
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    *_: Any,
    **__: Any,
) -> list[Any]:
    """`tf.train.slice_input_producer`: one row of each of these tensors."""
    rows = tuple(map(tf.convert_to_tensor, tensor_list))
    return list(Iterator(_repeated(rows, num_epochs, shuffle, seed)).get_next())


def _repeated(rows: Any, epochs: int | None, shuffle: bool, seed: int | None) -> Any:
    dataset = Dataset.from_tensor_slices(rows)
    if shuffle:
        dataset = dataset.shuffle(max(1, int(dataset.cardinality())), seed=seed)
    return dataset.repeat(epochs)


def match_filenames_once(pattern: str | Sequence[str], name: str | None = None) -> list[str]:
    """`tf.train.match_filenames_once`: the files that are there now."""
    patterns = [pattern] if isinstance(pattern, str) else pattern
    return sorted(f for p in patterns for f in tf.io.gfile.glob(p))


TRAIN = {
    "batch": batch,
    "input_producer": input_producer,
    "match_filenames_once": match_filenames_once,
    "range_input_producer": range_input_producer,
    "shuffle_batch": shuffle_batch,
    "slice_input_producer": slice_input_producer,
    "string_input_producer": string_input_producer,
}
