"""More than 20,000 malformed inputs: every loader answers with a model or with an error of kir's.

The fast tests take a few of each; `make test-slow` takes them all.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mutating
import pytest
import seeds

from kir.models import load_model, model_from_json, model_from_yaml
from kir.serde import proto
from kir.serde.generated import kir_pb2
from kir.serde.graph_config import model_from_graph
from kir.serde.text import parse

pytestmark = pytest.mark.tf

FEW = 60


@dataclass(frozen=True)
class Format:
    """How inputs of a format are made and loaded.

    Attributes:
        inputs: from (how many, seed) to that many inputs.
        load: the loader.
        count: how many the long test takes.
    """

    inputs: Callable[[int, int], Iterator[Any]]
    load: Callable[[Any], Any]
    count: int


def json_values(count: int, seed: int) -> Iterator[str]:
    return mutating.texts_like(seeds.json_configs(), count, seed)


def json_texts(count: int, seed: int) -> Iterator[str]:
    texts = [json.dumps(config).encode() for config in seeds.json_configs()]
    for data in mutating.bytes_like(texts, count, seed):
        yield data.decode(errors="replace")


def yaml_texts(count: int, seed: int) -> Iterator[str]:
    for data in mutating.bytes_like(seeds.yaml_texts(), count, seed):
        yield data.decode(errors="replace")


def graph_texts(count: int, seed: int) -> Iterator[str]:
    for data in mutating.bytes_like(seeds.graph_texts(), count, seed):
        yield data.decode(errors="replace")


def graph_files(count: int, seed: int) -> Iterator[bytes]:
    return mutating.bytes_like(seeds.graph_bytes(), count, seed)


def graph_modules(count: int, seed: int) -> Iterator[bytes]:
    """Files with a right checksum of a wrong graph."""
    modules = [kir_pb2.File.FromString(data).module for data in seeds.graph_bytes()]
    for module in mutating.bytes_like(modules, count, seed):
        yield checked(module)


def checked(module: bytes) -> bytes:
    file = kir_pb2.File(
        format=proto.FORMAT, version=proto.VERSION, checksum=zlib.crc32(module), module=module
    )
    return file.SerializeToString()


def hdf5_files(count: int, seed: int) -> Iterator[bytes]:
    return mutating.bytes_like(seeds.hdf5_files(), count, seed)


def hdf5_configs(count: int, seed: int) -> Iterator[bytes]:
    """Files with other configs of the model and the training."""
    import h5py

    files = seeds.hdf5_files()
    for number in range(count):
        buffer = io.BytesIO(files[number % len(files)])
        with h5py.File(buffer, "r+") as file:
            for name in ("model_config", "training_config"):
                if name in file.attrs and (number % 4 or name == "model_config"):
                    config = json.loads(file.attrs[name])
                    changed = next(mutating.configs_like([config], 1, seed + number))
                    file.attrs[name] = json.dumps(changed)
        yield buffer.getvalue()


def archives(files: Callable[[], list[bytes]]) -> Callable[[int, int], Iterator[bytes]]:
    """Archives with changed bytes, or with one changed member."""

    def inputs(count: int, seed: int) -> Iterator[bytes]:
        contents = files()
        parts = [seeds.members(content) for content in contents]
        yield from mutating.bytes_like(contents, count // 4, seed)
        for number in range(count - count // 4):
            given = dict(parts[number % len(parts)])
            name = sorted(given)[number // len(parts) % len(given)]
            if name.endswith(".json"):
                value = json.loads(given[name])
                changed = next(mutating.texts_like([value], 1, seed + number)).encode()
            else:
                changed = next(mutating.bytes_like([given[name]], 1, seed + number))
            given[name] = changed
            if name == "graph.kirpb" and number % 2:
                module = kir_pb2.File.FromString(parts[number % len(parts)][name]).module
                given[name] = checked(next(mutating.bytes_like([module], 1, seed + number)))
            yield seeds.zipped(given)

    return inputs


def from_bytes(data: bytes) -> Any:
    return load_model(io.BytesIO(data))


FORMATS = {
    "JSON values": Format(json_values, model_from_json, 6000),
    "JSON texts": Format(json_texts, model_from_json, 2000),
    "YAML": Format(yaml_texts, model_from_yaml, 1500),
    "kirt": Format(graph_texts, lambda text: model_from_graph(parse(text)), 3000),
    "kirpb": Format(graph_files, lambda data: model_from_graph(proto.from_bytes(data)), 1500),
    "kirpb modules": Format(
        graph_modules, lambda data: model_from_graph(proto.from_bytes(data)), 2500
    ),
    "HDF5": Format(hdf5_files, from_bytes, 1500),
    "HDF5 configs": Format(hdf5_configs, from_bytes, 1000),
    ".keras": Format(archives(seeds.keras_files), from_bytes, 1500),
    ".kir": Format(archives(seeds.kir_archives), from_bytes, 1500),
}


def test_the_long_test_takes_20_000_inputs():
    assert sum(format.count for format in FORMATS.values()) >= 20_000


@pytest.mark.parametrize("name", FORMATS)
def test_a_few_malformed_inputs(name, fuzz):
    format = FORMATS[name]
    fuzz(name, format.inputs(FEW, 1), format.load)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_many_malformed_inputs(name, fuzz):
    format = FORMATS[name]
    tally = fuzz(name, format.inputs(format.count, 2026), format.load)
    assert tally.count == format.count
