"""TensorFlow 1's readers: what is in the files of a queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.tensorflow import tf
from compiler.tensorflow_1.pipelines import Iterator
from compiler.tensorflow_1.queues import Queue

Dataset = tf.data.Dataset


class Reader:
    """`tf.ReaderBase`: what is in the files of a queue, one record after the other.

    Args:
        records: the dataset of a file's records, by its name.
    """

    def __init__(self, records: Callable[[Any], Any]) -> None:
        self._records = records

    def _dataset(self, queue: Queue) -> Any:
        def of_file(file: Any) -> Any:
            def keyed(number: Any, record: Any) -> Any:
                return tf.strings.join([file, ":", tf.strings.as_string(number)]), record

            return self._records(file).enumerate().map(keyed)

        return queue.dataset.flat_map(of_file)

    def read(self, queue: Queue, name: str | None = None) -> Any:
        """A record's name and content."""
        return Iterator(self._dataset(queue)).get_next()

    def read_up_to(self, queue: Queue, num_records: int, name: str | None = None) -> Any:
        """The names and contents of several records."""
        return Iterator(self._dataset(queue).batch(num_records)).get_next()


def tf_record_reader(name: str | None = None, options: Any = None) -> Reader:
    """`tf.TFRecordReader`: the records of TFRecord files."""
    kind: Any = tf.io.TFRecordOptions.get_compression_type_string(options)
    return Reader(lambda file: tf.data.TFRecordDataset(file, kind))


def text_line_reader(skip_header_lines: int | None = None, name: str | None = None) -> Reader:
    """`tf.TextLineReader`: lines."""
    return Reader(lambda file: tf.data.TextLineDataset(file).skip(skip_header_lines or 0))


def fixed_length_record_reader(
    record_bytes: int,
    header_bytes: int | None = None,
    footer_bytes: int | None = None,
    *_: Any,
    **__: Any,
) -> Reader:
    """`tf.FixedLengthRecordReader`: records of so many bytes."""
    return Reader(
        lambda file: tf.data.FixedLengthRecordDataset(
            file, record_bytes, header_bytes, footer_bytes
        )
    )


class WholeFileReader(Reader):
    """`tf.WholeFileReader`: whole files, by their names."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(lambda file: Dataset.from_tensors(tf.io.read_file(file)))

    def _dataset(self, queue: Queue) -> Any:
        return queue.dataset.map(lambda file: (file, tf.io.read_file(file)))


READERS = {
    "FixedLengthRecordReader": fixed_length_record_reader,
    "TFRecordReader": tf_record_reader,
    "TextLineReader": text_line_reader,
    "WholeFileReader": WholeFileReader,
}
