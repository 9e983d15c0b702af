"""Sequences: padding to one length, word pairs for skip-gram models, windows of a time series."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sized
from collections.abc import Sequence as AnySequence
from typing import Any

import numpy as np

from kir.errors import ConfigError, DTypeError, FileFormatError, ShapeError
from kir.utils.data_utils import Sequence

__all__ = [
    "TimeseriesGenerator",
    "make_sampling_table",
    "pad_sequences",
    "skipgrams",
    "timeseries_generator_from_json",
]

_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Iterable[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Makes one array of sequences of different lengths.

    Args:
        sequences: sequences of numbers, or of vectors of one shape.
        maxlen: length of every row of the result; the longest sequence's if None.
        dtype: of the result; `object` for strings of any length.
        padding: where a short sequence is filled up, 'pre' or 'post'.
        truncating: where a long sequence is cut off, 'pre' or 'post'.
        value: what a short sequence is filled up with.

    Returns:
        (len(sequences), maxlen, ...)

    Raises:
        ConfigError: the sequences are not sequences, or an option is unknown.
        ShapeError: the elements of two sequences differ in shape.

    Reference:
        https://keras.io/preprocessing/sequence (Keras 2.2.4).

    Example:
        >>> pad_sequences([[1], [2, 3]], maxlen=2)
        array([[0, 1],
               [2, 3]], dtype=int32)
    """
    if not isinstance(sequences, Sized):
        raise ConfigError(
            "`sequences` must be iterable: pad_sequences takes a list of sequences; "
            f"got {sequences!r}, which has no length."
        )
    rows = list(sequences)
    for position, row in enumerate(rows):
        if not isinstance(row, Sized):
            raise ConfigError(
                f"`sequences` must be a list of iterables. Found non-iterable: {row!r}, which is "
                f"number {position}. Write [[...], [...]]."
            )
    for name, given in (("truncating", truncating), ("padding", padding)):
        if given not in _SIDES:
            raise ConfigError(
                f'{name.capitalize()} type "{given}" not understood; it is "pre" or "post".'
            )
    is_text = dtype in (object, "object") or np.issubdtype(np.dtype(dtype), np.str_)
    if isinstance(value, str) and not is_text:
        raise ConfigError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}. "
            "You should set `dtype=object` for variable length strings."
        )
    if maxlen is None:
        maxlen = max((len(row) for row in rows), default=0)
    element_shape = next((np.asarray(row).shape[1:] for row in rows if len(row)), ())
    padded = np.full((len(rows), maxlen, *element_shape), value, dtype=dtype)
    for position, row in enumerate(rows):
        kept = row[len(row) - maxlen :] if truncating == "pre" and len(row) > maxlen else row
        kept = np.asarray(kept[:maxlen], dtype=dtype)
        if not len(kept):
            continue
        if kept.shape[1:] != element_shape:
            raise ShapeError(
                f"Shape of sample {kept.shape[1:]} of sequence at position {position} is "
                f"different from expected shape {element_shape}."
            )
        where = slice(maxlen - len(kept), None) if padding == "pre" else slice(len(kept))
        padded[position, where] = kept
    return padded


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """The probability with which the word of each frequency rank is kept as a centre word.

    Word frequencies are taken to follow Zipf's law, so that the rank alone gives the frequency:
    ``p = min(1, sqrt(sampling_factor / frequency(rank)))``.

    Args:
        size: number of words.
        sampling_factor: the smaller, the fewer frequent words are kept.

    Returns:
        (size,) float64; entry i belongs to the word of rank i.

    Reference:
        Mikolov et al., Distributed Representations of Words and Phrases, 2013.
        https://keras.io/preprocessing/sequence (Keras 2.2.4).
    """
    euler_gamma = 0.577
    rank = np.arange(size, dtype=np.float64)
    rank[:1] = 1  # rank 0 is no word; this keeps the logarithm finite
    inverse_frequency = rank * (np.log(rank) + euler_gamma) + 0.5 - 1.0 / (12.0 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse_frequency))


def skipgrams(
    sequence: AnySequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words that stand near each other (label 1), and random pairs (label 0).

    Randomness is that of Python's `random`, as in Keras.

    Args:
        sequence: word numbers; 0 is no word and is skipped.
        vocabulary_size: random words are drawn from ``1 ... vocabulary_size - 1``.
        window_size: greatest distance of two words that count as near.
        negative_samples: random pairs for each near pair; 0 for none.
        shuffle: mix the pairs; otherwise the near pairs come first.
        categorical: labels ``[0, 1]`` and ``[1, 0]`` in place of 1 and 0.
        sampling_table: probability of each word to be a centre, see `make_sampling_table`.
        seed: of the shuffling.

    Returns:
        the pairs, and their labels

    Reference:
        Mikolov et al., Efficient Estimation of Word Representations in Vector Space, 2013.
        https://keras.io/preprocessing/sequence (Keras 2.2.4).
    """
    near, random_pair = ([0, 1], [1, 0]) if categorical else (1, 0)
    couples: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word:
            continue
        if sampling_table is not None and sampling_table[word] < random.random():
            continue
        around = range(max(0, i - window_size), min(len(sequence), i + window_size + 1))
        couples += [[word, sequence[j]] for j in around if j != i and sequence[j]]
    labels: list[Any] = [near] * len(couples)

    if negative_samples > 0:
        count = int(len(couples) * negative_samples)
        centres = [couple[0] for couple in couples]
        random.shuffle(centres)
        couples += [
            [centres[i % len(centres)], random.randint(1, vocabulary_size - 1)]
            for i in range(count)
        ]
        labels += [random_pair] * count

    if shuffle:
        if seed is None:
            seed = random.randint(0, 10_000_000)
        # The same seed twice mixes both lists alike.
        random.seed(seed)
        random.shuffle(couples)
        random.seed(seed)
        random.shuffle(labels)
    return couples, labels


def _remove_long_seq(
    maxlen: int, seq: Iterable[Any], label: Iterable[Any]
) -> tuple[list[Any], list[Any]]:
    """Drops the sequences of `maxlen` elements or more, and their labels."""
    kept = [(x, y) for x, y in zip(seq, label, strict=False) if len(x) < maxlen]
    return [x for x, _ in kept], [y for _, y in kept]


class TimeseriesGenerator(Sequence):
    """Windows of a time series and the value after each, batch by batch.

    Sample ``i`` is ``data[i - length : i : sampling_rate]`` with target ``targets[i]``.

    Args:
        data: (time, ...) the series.
        targets: (time, ...) what belongs to each time; as long as `data`.
        length: time steps that a window spans; a multiple of `sampling_rate`.
        sampling_rate: distance of two steps within a window.
        stride: distance of two windows.
        start_index: first time that windows may use.
        end_index: last time that windows may use; the end of the data if None.
        shuffle: draw the windows at random.
        reverse: give each window backwards in time.
        batch_size: windows in a batch.

    Raises:
        ConfigError: data and targets differ in length, or no window fits.

    Reference:
        https://keras.io/preprocessing/sequence (Keras 2.2.4).

    Example:
        >>> windows = TimeseriesGenerator(np.arange(6), np.arange(6), length=2, batch_size=1)
        >>> windows[0]
        (array([[0., 1.]]), array([2.]))
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise ConfigError(
                "Data and targets have to be of same length, as each step needs its target. "
                f"Data length is {len(data)} while target length is {len(targets)}."
            )
        if length % sampling_rate:
            raise ConfigError(
                f"TimeseriesGenerator: length={length} is no multiple of "
                f"sampling_rate={sampling_rate}; take {length - length % sampling_rate}."
            )
        self.data = np.asarray(data) if isinstance(data, list | tuple) else data
        self.targets = np.asarray(targets) if isinstance(targets, list | tuple) else targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        # Keras 2.2: the attribute, and so the config, holds the first *target*'s index.
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index:
            raise ConfigError(
                f"`start_index+length={self.start_index} > end_index={self.end_index}` is "
                "disallowed, as no part of the sequence would be left to be used as current step. "
                "Shorten the window, or give more data."
            )

    def __len__(self) -> int:
        span = self.batch_size * self.stride
        return (self.end_index - self.start_index + span) // span

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The batch number `index`: (windows, length / sampling_rate, ...) and (windows, ...)."""
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            stop = min(first + self.batch_size * self.stride, self.end_index + 1)
            rows = np.arange(first, stop, self.stride)
        samples = self._windows(rows)
        # Keras 2.2: float64, whatever the data are.
        targets = _take(self.targets, rows).astype(np.float64)
        return (samples[:, ::-1] if self.reverse else samples), targets

    def _windows(self, rows: np.ndarray) -> np.ndarray:
        if isinstance(self.data, np.ndarray):
            offsets = np.arange(-self.length, 0, self.sampling_rate)
            return self.data[rows[:, None] + offsets].astype(np.float64)
        # A file's matrix: it takes slices, no index arrays.
        steps = slice(None, None, self.sampling_rate)
        windows = [np.asarray(self.data[row - self.length : row])[steps] for row in rows]
        return np.array(windows, dtype=np.float64)

    def get_config(self) -> dict[str, Any]:
        """The arguments; the data and targets as JSON texts."""
        return {
            "data": _to_json(self.data, "data"),
            "targets": _to_json(self.targets, "targets"),
            "length": self.length,
            "sampling_rate": self.sampling_rate,
            "stride": self.stride,
            "start_index": self.start_index,
            "end_index": self.end_index,
            "shuffle": self.shuffle,
            "reverse": self.reverse,
            "batch_size": self.batch_size,
        }

    def to_json(self, **kwargs: Any) -> str:
        """The class name and `get_config()` as JSON; `kwargs` go to `json.dumps`."""
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)


def timeseries_generator_from_json(json_string: str) -> TimeseriesGenerator:
    """The generator that `TimeseriesGenerator.to_json` wrote.

    Args:
        json_string: what `TimeseriesGenerator.to_json` returned.

    Raises:
        FileFormatError: it is no such generator.

    Reference:
        https://keras.io/preprocessing/sequence (Keras 2.2.5).
    """
    try:
        config = dict(json.loads(json_string)["config"])
        for name in ("data", "targets"):
            config[name] = json.loads(config[name])
        config["start_index"] -= config["length"]
        return TimeseriesGenerator(**config)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileFormatError(
            "This is nothing that TimeseriesGenerator.to_json wrote: "
            f"{type(error).__name__}: {error}."
        ) from error


def _take(values: Any, rows: np.ndarray) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values[rows]
    return np.array([np.asarray(values[int(row)]) for row in rows])


def _to_json(values: Any, name: str) -> str:
    try:
        return json.dumps(values.tolist() if isinstance(values, np.ndarray) else values)
    except TypeError as error:
        raise DTypeError(
            f"TimeseriesGenerator: the {name} cannot be written as JSON ({error}); "
            "they have to be numbers in an array."
        ) from error
