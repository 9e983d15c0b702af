"""Texts as word numbers, as the two text data sets give them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kir.errors import ArgumentError, ConfigError
from kir.preprocessing.sequence import _remove_long_seq


def number_of_words(num_words: int | None, kwargs: dict[str, Any]) -> int | None:
    """`num_words`, also by the name that it had in Keras 1."""
    if "nb_words" in kwargs:
        warnings.warn("`nb_words` is now named `num_words`.", stacklevel=3)
        num_words = kwargs.pop("nb_words")
    if kwargs:
        raise ArgumentError(f"load_data has no argument {next(iter(kwargs))!r}.")
    return num_words


def mixed(texts: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Texts and labels in a random order."""
    order = np.arange(len(texts))
    np.random.shuffle(order)
    return texts[order], labels[order]


def selected(
    texts: Any,
    labels: Any,
    num_words: int | None,
    skip_top: int,
    maxlen: int | None,
    start_char: int | None,
    oov_char: int | None,
    index_from: int,
) -> tuple[list[list[int]], Any]:
    """The texts with a start, words moved on by `index_from`, and rare words left out."""
    if start_char is not None:
        texts = [[start_char, *(w + index_from for w in text)] for text in texts]
    elif index_from:
        texts = [[w + index_from for w in text] for text in texts]
    if maxlen:
        texts, labels = _remove_long_seq(maxlen, texts, labels)
        if not texts:
            raise ConfigError(
                f"No text has fewer than maxlen={maxlen} words. Pass a greater number."
            )
    if not num_words:
        num_words = max(max(text, default=0) for text in texts)
    # Keras 2.2: without num_words the word with the greatest number counts as rare, too.
    if oov_char is None:
        kept = [[w for w in text if skip_top <= w < num_words] for text in texts]
    else:
        kept = [[w if skip_top <= w < num_words else oov_char for w in text] for text in texts]
    return kept, labels


def as_objects(texts: list[list[int]]) -> np.ndarray:
    """An array of lists, also where all of them have one length."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array
