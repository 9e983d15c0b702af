"""Where the data sets come from, and which files they are."""

from __future__ import annotations

import os
from typing import Any

from kir.utils.downloads import get_file

# The addresses in Keras 2.2.4 are gone; these are the same files, by their hashes.
_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

# The environment's name for the address of a mirror, a folder that holds the files.
MIRROR = "KIR_DATASETS_URL"

# MD5 where Keras 2.2.4 gives that, else SHA-256; of fashion-MNIST its authors' MD5.
HASHES = {
    "boston_housing.npz": "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    "cifar-100-python.tar.gz": "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    "imdb.npz": "599dadb1135973df5b59232a0e9a887c",
    "imdb_word_index.json": "bfafd718b763782e994055a2d397834f",
    "mnist.npz": "8a61469f7ea1b51cbae51d4f78837e45",
    "reuters.npz": "87aedbeb0cb229e378797a632c1997b6",
    "reuters_word_index.json": "4d44cc38712099c9e383dc6e5f11a921",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
}

# CIFAR's own server is where its archives have always been.
_OTHER_ORIGINS = {
    "cifar-10-python.tar.gz": "https://www.cs.toronto.edu/~kriz/",
    "cifar-100-python.tar.gz": "https://www.cs.toronto.edu/~kriz/",
}


def fetch(name: str, path: Any = None, **options: Any) -> str:
    """The path of a data set's file, which is downloaded if it is not there.

    Args:
        name: the file's name where it comes from.
        path: its name in the cache; the same if None.
        **options: of `get_file`.
    """
    origin = os.environ.get(MIRROR) or _OTHER_ORIGINS.get(name, _ORIGIN)
    return get_file(
        name if path is None else path,
        origin=f"{origin.rstrip('/')}/{name}",
        file_hash=HASHES[name],
        **options,
    )
