"""Philox4x32-10, the counter-based generator behind TensorFlow's random ops, in NumPy.

A draw of `n` uniform numbers costs no graph, no kernel and no TensorFlow: a 64-bit key (the graph
seed) and a 128-bit counter (the op's seed in the upper half, the block number in the lower) are
mixed by ten rounds of multiplications, and each block yields four 32-bit words. The result is the
same, bit for bit, as that of the op, however many threads that used.

Only the uniform distribution is here: the normal ones go through `logf`, `sinf` and `cosf`, whose
last bits are a matter of the C library.

Reference:
    Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, 2011.
"""

from __future__ import annotations

import numpy as np

_ROUNDS = 10
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_WORDS = 4

# How many blocks are mixed at a time: what the rounds work on then stays in the cache.
_CHUNK = 1 << 14


def random_words(key: int, stream: int, count: int) -> np.ndarray:
    """The first `count` words of a stream.

    Args:
        key: the generator's key, 64 bits.
        stream: the upper half of the counter, 64 bits.
        count: how many words.

    Returns:
        An array of uint32, of shape (count,).
    """
    blocks = -(-count // _WORDS)
    words = np.empty((blocks, _WORDS), np.uint32)
    for start in range(0, blocks, _CHUNK):
        stop = min(start + _CHUNK, blocks)
        _mix(key, stream, start, words[start:stop])
    return words.reshape(-1)[:count]


def _mix(key: int, stream: int, start: int, words: np.ndarray) -> None:
    """Fills `words` with the blocks from number `start` on."""
    counter = np.arange(start, start + len(words), dtype=np.uint64)
    # 32-bit words in 64-bit integers, so that a product keeps its upper half.
    x0, x1 = counter & _LOW, counter >> _HALF
    x2 = np.full_like(counter, stream & 0xFFFFFFFF)
    x3 = np.full_like(counter, (stream >> 32) & 0xFFFFFFFF)
    k0, k1 = key & 0xFFFFFFFF, (key >> 32) & 0xFFFFFFFF
    for _ in range(_ROUNDS):
        product_0 = x0 * _MULTIPLIER_0
        product_1 = x2 * _MULTIPLIER_1
        x0 = (product_1 >> _HALF) ^ x1 ^ np.uint64(k0)
        x1 = product_1 & _LOW
        x2 = (product_0 >> _HALF) ^ x3 ^ np.uint64(k1)
        x3 = product_0 & _LOW
        k0 = (k0 + _WEYL_0) & 0xFFFFFFFF
        k1 = (k1 + _WEYL_1) & 0xFFFFFFFF
    for i, x in enumerate((x0, x1, x2, x3)):
        words[:, i] = x


def random_uniform(key: int, stream: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Uniform numbers from 0 up to but not including 1, as TensorFlow's op makes them.

    Args:
        key: the generator's key: the graph seed.
        stream: the op's seed.
        shape: the result's shape.
        dtype: 'float32' or 'float64'.
    """
    size = int(np.prod(shape, dtype=np.int64))
    if dtype == "float32":
        # The lowest 23 bits become the fraction of a number in [1, 2).
        words = random_words(key, stream, size)
        words &= np.uint32(0x7FFFFF)
        words |= np.uint32(127 << 23)
        unit = words.view(np.float32)
    elif dtype == "float64":
        pairs = random_words(key, stream, 2 * size).reshape(-1, 2).astype(np.uint64)
        bits = (pairs[:, 0] & np.uint64(0xFFFFF)) << _HALF | pairs[:, 1]
        unit = (bits | np.uint64(1023 << 52)).view(np.float64)
    else:
        raise ValueError(f"random_uniform: no rule for {dtype!r}")
    unit -= 1
    return unit.reshape(shape)
