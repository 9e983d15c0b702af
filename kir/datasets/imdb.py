"""IMDB: 50,000 reviews of films as word numbers, and whether they praise the film."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from kir.datasets._files import fetch
from kir.datasets._words import as_objects, mixed, number_of_words, selected

__all__ = ["get_word_index", "load_data"]


def load_data(
    path: Any = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Any:
    """Loads the reviews.

    Words are numbered by how frequent they are, before `index_from` is added.

    Args:
        path: name of the file in the cache, or an absolute path.
        num_words: words with this number or a greater one count as unknown.
        skip_top: so do words with smaller numbers than this one.
        maxlen: reviews of this length or a greater one are left out.
        seed: of the mixing; sets NumPy's random state.
        start_char: the number that each review begins with; none if None.
        oov_char: the number of unknown words; they are left out if None.
        index_from: added to the numbers of all words.
        **kwargs: `nb_words`, the name of `num_words` in Keras 1.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of numbers, and 0 or 1.

    Raises:
        DownloadError: the file is not there and cannot be fetched.

    Reference:
        https://keras.io/datasets (Keras 2.2.4).
    """
    num_words = number_of_words(num_words, kwargs)
    # The file holds lists as pickled objects; its hash says that it is the one that is meant.
    with np.load(fetch("imdb.npz", path), allow_pickle=True) as f:
        np.random.seed(seed)
        x_train, y_train = mixed(f["x_train"], f["y_train"])
        x_test, y_test = mixed(f["x_test"], f["y_test"])
    texts, labels = selected(
        np.concatenate([x_train, x_test]),
        np.concatenate([y_train, y_test]),
        num_words,
        skip_top,
        maxlen,
        start_char,
        oov_char,
        index_from,
    )
    # Keras 2.2: with maxlen, reviews of the test move up into the training.
    train = len(x_train)
    x, y = as_objects(texts), np.array(labels)
    return (x[:train], y[:train]), (x[train:], y[train:])


def get_word_index(path: Any = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word, before `index_from` is added.

    Args:
        path: name of the file in the cache, or an absolute path.

    Raises:
        DownloadError: the file is not there and cannot be fetched.

    Reference:
        https://keras.io/datasets (Keras 2.2.4).
    """
    with open(fetch("imdb_word_index.json", path), encoding="utf8") as file:
        return json.load(file)
