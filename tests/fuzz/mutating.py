"""Makes malformed inputs out of good ones; the same seed gives the same inputs."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

# What a value of a config may be replaced by.
ODD_VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 7, 1 << 31, -(1 << 63), 1 << 70, 0.5, -1.5, 1e308, "", "x",
    "relu", "same", "channels_first", "../x", "é" * 3, [], {}, [None], [0], [-1, 2], [[]], [1, 2],
    {"class_name": "Dense"}, {"class_name": "Dense", "config": {}}, ["a", 0, 0], [["a", 0, 0, {}]],
    {"class_name": "__lambda__", "config": {"code": "AAAA"}},
]  # fmt: skip

# Bytes that mean something in one of the formats.
ODD_BYTES = [
    b"\x00", b"\xff", b"\x80", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"{", b"}", b"[", b"]",
    b'"', b"\\", b"\n", b":", b",", b"-", b"&a ", b"*a ", b"!!python/object/apply:os.system ",
    b"%", b"@", b"#1", b"None", b"null", b"1e999", b"-1", b"99999999999999999999", b"\xef\xbb\xbf",
    b"\xed\xa0\x80", b"PK\x03\x04", b"PK\x01\x02", b"\x89HDF", b"f32", b"?", b"$0",
]  # fmt: skip


def bytes_like(seeds: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Inputs with a few bytes changed, left out, repeated, exchanged or put in."""
    source = random.Random(seed)
    for _ in range(count):
        data = bytearray(source.choice(seeds))
        for _ in range(source.choice((1, 1, 1, 2, 4, 8))):
            _change_bytes(data, source)
        yield bytes(data)


def _change_bytes(data: bytearray, source: random.Random) -> None:
    at = source.randrange(len(data) + 1)
    kind = source.randrange(7)
    if kind == 0 and data:
        data[at % len(data)] ^= 1 << source.randrange(8)
    elif kind == 1 and data:
        data[at % len(data)] = source.randrange(256)
    elif kind == 2:
        data[at:at] = source.choice(ODD_BYTES)
    elif kind == 3:
        word = source.choice(ODD_BYTES)
        data[at : at + len(word)] = word
    elif kind == 4:
        del data[at : at + source.choice((1, 2, 8, 64, 1024))]
    elif kind == 5:
        length = source.choice((1, 4, 16, 64))
        start = source.randrange(len(data) + 1)
        data[at:at] = data[start : start + length]
    elif source.random() < 0.3:
        del data[at:]


def configs_like(seeds: list[Any], count: int, seed: int) -> Iterator[Any]:
    """JSON values with a few parts replaced, left out, moved or repeated."""
    source = random.Random(seed)
    for _ in range(count):
        config = copy.deepcopy(source.choice(seeds))
        for _ in range(source.choice((1, 1, 1, 2, 3))):
            config = _change_config(config, source)
        yield config


def texts_like(seeds: list[Any], count: int, seed: int) -> Iterator[str]:
    """`configs_like` as JSON texts."""
    for config in configs_like(seeds, count, seed):
        yield json.dumps(config)


def _change_config(config: Any, source: random.Random) -> Any:
    places = list(_places(config))
    if not places:
        return source.choice(ODD_VALUES)
    holder, key = source.choice(places)
    kind = source.randrange(6)
    if kind <= 2:
        holder[key] = copy.deepcopy(source.choice(ODD_VALUES))
    elif kind == 3:
        del holder[key]
    elif kind == 4:
        other, at = source.choice(places)
        holder[key] = copy.deepcopy(other[at]) if at in _keys(other) else None
    elif isinstance(holder, dict):
        holder[source.choice(("name", "dtype", "layers", "class_name", "odd"))] = holder.get(key)
    else:
        holder.insert(key, copy.deepcopy(holder[key]))
    return config


def _keys(holder: Any) -> Any:
    return holder if isinstance(holder, dict) else range(len(holder))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    stack = [value]
    while stack:
        holder = stack.pop()
        if isinstance(holder, dict | list):
            for key in _keys(holder):
                yield holder, key
                stack.append(holder[key])
