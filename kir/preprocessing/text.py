"""Texts: splitting into words, hashing words to numbers, and a vocabulary that is counted."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from kir.errors import ArgumentError, ConfigError, FileFormatError

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

_MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(
    text: str,
    filters: str = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
    lower: bool = True,
    split: str = " ",
) -> list[str]:
    """Splits a text into words.

    Args:
        text: the text.
        filters: characters that separate words, as `split` does.
        lower: turn the text into lower case.
        split: what separates words.

    Reference:
        https://keras.io/preprocessing/text (Keras 2.2.4).

    Example:
        >>> text_to_word_sequence("Hello, World!")
        ['hello', 'world']
    """
    if lower:
        text = text.lower()
    text = text.translate(str.maketrans(dict.fromkeys(filters, split)))
    return [word for word in text.split(split) if word]


def one_hot(
    text: str,
    n: int,
    filters: str = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """Numbers the words of a text by Python's `hash`; two words may share a number.

    Python's `hash` of a text differs from process to process; `hashing_trick` with 'md5' does not.

    Args:
        text: the text.
        n: numbers are from ``1 ... n - 1``.
        filters: see `text_to_word_sequence`.
        lower: see `text_to_word_sequence`.
        split: see `text_to_word_sequence`.

    Reference:
        https://keras.io/preprocessing/text (Keras 2.2.4).
    """
    return hashing_trick(text, n, hash_function=hash, filters=filters, lower=lower, split=split)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """Numbers the words of a text by a hash function; two words may share a number.

    Args:
        text: the text.
        n: numbers are from ``1 ... n - 1``; 0 stays free for padding.
        hash_function: 'md5', a function from a word to an integer, or None for Python's `hash`.
        filters: see `text_to_word_sequence`.
        lower: see `text_to_word_sequence`.
        split: see `text_to_word_sequence`.

    Raises:
        ConfigError: `hash_function` is another name.

    Reference:
        https://keras.io/preprocessing/text (Keras 2.2.4).
    """
    if hash_function is None:
        hash_function = hash
    elif hash_function == "md5":
        hash_function = _md5
    elif isinstance(hash_function, str):
        raise ConfigError(
            f"hashing_trick: hash_function is {hash_function!r}; it is 'md5', a function, or None."
        )
    words = text_to_word_sequence(text, filters=filters, lower=lower, split=split)
    return [int(hash_function(word) % (n - 1) + 1) for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers words by how often they occur: 1 is the most frequent.

    Args:
        num_words: only words with smaller numbers are used; all if None.
        filters: characters that separate words.
        lower: turn texts into lower case.
        split: what separates words.
        char_level: number characters in place of words.
        oov_token: stands for unknown words and gets the number 1; they are left out if None.
        document_count: documents that were counted before.
        **kwargs: `nb_words`, the name of `num_words` in Keras 1.

    Reference:
        https://keras.io/preprocessing/text (Keras 2.2.4).

    Example:
        >>> tokenizer = Tokenizer()
        >>> tokenizer.fit_on_texts(["the cat", "the dog"])
        >>> tokenizer.texts_to_sequences(["the dog"])
        [[1, 3]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        document_count: int = 0,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            warnings.warn(
                "The `nb_words` argument in `Tokenizer` has been renamed `num_words`.",
                stacklevel=2,
            )
            num_words = kwargs.pop("nb_words")
        if kwargs:
            raise ArgumentError(
                f"Unrecognized keyword arguments: {', '.join(kwargs)}; see help(Tokenizer)."
            )
        self.word_counts: OrderedDict[str, int] = OrderedDict()
        self.word_docs: defaultdict[str, int] = defaultdict(int)
        self.filters = filters
        self.split = split
        self.lower = lower
        self.num_words = num_words
        self.document_count = document_count
        self.char_level = char_level
        self.oov_token = oov_token
        self.index_docs: defaultdict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Any:
        """The words of a text; a list of words is one already."""
        if not self.char_level and not isinstance(text, list):
            return text_to_word_sequence(text, self.filters, self.lower, self.split)
        if not self.lower:
            return text
        return [word.lower() for word in text] if isinstance(text, list) else text.lower()

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Counts the words of texts (or of lists of words) and numbers all words anew."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        by_frequency = sorted(self.word_counts.items(), key=lambda item: item[1], reverse=True)
        vocabulary = [] if self.oov_token is None else [self.oov_token]
        vocabulary += [word for word, _ in by_frequency]
        self.word_index = {word: number for number, word in enumerate(vocabulary, start=1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Iterable[Iterable[int]]) -> None:
        """Counts word numbers in place of words: enough for `sequences_to_matrix`."""
        for sequence in sequences:
            self.document_count += 1
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of each text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """`texts_to_sequences`, one text at a time."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        limit = self.num_words or float("inf")
        for text in texts:
            numbers = (self.word_index.get(word, limit) for word in self._words(text))
            found = (unknown if number >= limit else number for number in numbers)
            yield [int(number) for number in found if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """The words of each sequence of numbers, joined by blanks."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """`sequences_to_texts`, one sequence at a time."""
        limit = self.num_words or float("inf")
        for sequence in sequences:
            words = (
                self.index_word.get(number, self.oov_token) if number < limit else self.oov_token
                for number in sequence
            )
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """A row of word weights for each text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(
        self, sequences: Iterable[Iterable[int]], mode: str = "binary"
    ) -> np.ndarray:
        """A row of word weights for each sequence of word numbers.

        Args:
            sequences: word numbers; those from `num_words` on are left out.
            mode: 'binary' (1 if it occurs), 'count', 'freq' (count / length) or 'tfidf'
                (``(1 + log count) * log(1 + documents / (1 + documents with the word))``).

        Returns:
            (sequences, num_words) float64

        Raises:
            ConfigError: the mode is unknown, or the tokenizer has seen too little for it.
        """
        if mode not in _MODES:
            raise ConfigError(
                f"Unknown vectorization mode: {mode!r}; expected one of {', '.join(_MODES)}."
            )
        if not self.num_words and not self.word_index:
            raise ConfigError(
                "Specify a dimension (`num_words` argument), or fit on some text data first: the "
                "matrix has no known width."
            )
        if mode == "tfidf" and not self.document_count:
            raise ConfigError("Fit the Tokenizer on some data before using tfidf mode.")
        width = self.num_words or len(self.word_index) + 1
        rows = [np.fromiter(sequence, dtype=np.int64) for sequence in sequences]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        numbers = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        if numbers.size and numbers.min() < 0:
            raise ConfigError(f"Tokenizer: word numbers are not negative; got {numbers.min()}.")
        row_of = np.repeat(np.arange(len(rows)), lengths)
        is_used = numbers < width
        cells = row_of[is_used] * width + numbers[is_used]
        counts = np.bincount(cells, minlength=len(rows) * width).reshape(len(rows), width)
        return self._weights(counts.astype(np.float64), lengths, mode)

    def _weights(self, counts: np.ndarray, lengths: np.ndarray, mode: str) -> np.ndarray:
        if mode == "count":
            return counts
        if mode == "freq":
            return counts / np.maximum(lengths, 1)[:, None]
        if mode == "binary":
            return (counts > 0).astype(np.float64)
        documents = np.array([self.index_docs.get(j, 0) for j in range(counts.shape[1])])
        rarity = np.log(1 + self.document_count / (1 + documents))
        frequency = 1 + np.log(np.where(counts > 0, counts, 1))
        return np.where(counts > 0, frequency * rarity, 0.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments, and the counts as JSON texts."""
        return {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            "word_counts": json.dumps(self.word_counts),
            "word_docs": json.dumps(self.word_docs),
            "index_docs": json.dumps(self.index_docs),
            "index_word": json.dumps(self.index_word),
            "word_index": json.dumps(self.word_index),
        }

    def to_json(self, **kwargs: Any) -> str:
        """The class name and `get_config()` as JSON; `kwargs` go to `json.dumps`."""
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `Tokenizer.to_json` wrote.

    Args:
        json_string: what `Tokenizer.to_json` returned.

    Raises:
        FileFormatError: it is no tokenizer.

    Reference:
        https://keras.io/preprocessing/text (Keras 2.2.4).
    """
    try:
        config = dict(json.loads(json_string)["config"])
        tables = {
            name: json.loads(config.pop(name))
            for name in ("word_counts", "word_docs", "word_index", "index_docs", "index_word")
        }
        tokenizer = Tokenizer(**config)
        tokenizer.word_counts = OrderedDict(tables["word_counts"])
        tokenizer.word_docs = defaultdict(int, tables["word_docs"])
        tokenizer.word_index = tables["word_index"]
        tokenizer.index_docs = defaultdict(
            int, {int(number): count for number, count in tables["index_docs"].items()}
        )
        tokenizer.index_word = {int(number): word for number, word in tables["index_word"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileFormatError(
            f"This is no tokenizer that Tokenizer.to_json wrote: {type(error).__name__}: {error}."
        ) from error
    return tokenizer
