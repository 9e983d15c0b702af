"""Which program wrote a config: its dialect and its version."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any


class Dialect(enum.IntEnum):
    """Families of configs that are written alike."""

    KERAS_0 = 0
    KERAS_1 = 1
    KERAS_2 = 2
    """Keras 2.0 to 2.2.4: what is written here."""
    TF_KERAS = 3
    """Keras 2.2.5 to 2.3 and tf.keras: Keras 2 with more keys and other defaults."""
    KERAS_3 = 4


@dataclass(frozen=True)
class Origin:
    """What wrote a config.

    Attributes:
        dialect: the family.
        version: as the file says it, or None.
    """

    dialect: Dialect
    version: str | None = None

    def __str__(self) -> str:
        names = ("Keras 0.3", "Keras 1", "Keras 2", "tf.keras or Keras 2.3", "Keras 3")
        name = names[self.dialect]
        return f"{name} (version {self.version})" if self.version else name

    @property
    def resets_after(self) -> bool:
        """Whether a GRU that does not say so applies its reset gate after the product."""
        return self.dialect is Dialect.KERAS_3 or (
            self.dialect is Dialect.TF_KERAS and not str(self.version).startswith(("2.2.5", "2.3."))
        )

    @property
    def gates_are_sigmoids(self) -> bool:
        """Whether the gates that do not say so are sigmoids, not hard ones."""
        return self.dialect >= Dialect.TF_KERAS


# Keys and class names that one dialect has and those before it have not.
_KERAS_3_KEYS = frozenset({"batch_shape", "zero_output_for_mask", "quantization_config"})
_TF_KERAS_KEYS = frozenset({"groups", "ragged", "time_major", "registered_name", "keepdims"})
_KERAS_1_KEYS = frozenset(
    {"nb_filter", "border_mode", "dim_ordering", "inner_activation", "output_dim", "init", "p"}
    | {"input_dtype", "subsample_length", "pool_length", "nb_row", "consume_less", "dropout_W"}
)
_KERAS_1_CLASSES = frozenset({"Merge", "TimeDistributedDense", "Convolution1D", "Convolution2D"})
# `output_dim` and `init` are Keras 2 keys of these.
_EXEMPT = frozenset({"Embedding", "Highway", "MaxoutDense"})


def find_origin(config: Any, version: str | None = None) -> Origin:
    """The origin of a config, by the version that the file gives, else by how it is written.

    Args:
        config: the decoded JSON or YAML.
        version: of the program that wrote it; None looks for `keras_version` in the config.
    """
    if isinstance(config, Mapping) and "class_name" not in config and "layers" in config:
        return Origin(Dialect.KERAS_0, version)
    if isinstance(config, Mapping) and config.get("name") == "Graph" and "node_config" in config:
        return Origin(Dialect.KERAS_0, version)
    if version is None and isinstance(config, Mapping):
        given = config.get("keras_version")
        version = given if isinstance(given, str) else None
    written = _dialect_by_signs(config)
    by_version = _dialect_by_version(version)
    if by_version is Dialect.KERAS_3:
        return Origin(by_version, version)  # a config may have no sign that tf.keras has not
    if by_version is None or written is not Dialect.KERAS_2:
        return Origin(written, version)
    return Origin(by_version, version)


def _dialect_by_version(version: str | None) -> Dialect | None:
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version or "")
    if found is None:
        return None
    major, minor, patch = (int(part or 0) for part in found.groups())
    if major >= 3:
        return Dialect.KERAS_3
    if major == 2:
        is_later = (minor, patch) >= (2, 5) or str(version).endswith("-tf")
        return Dialect.TF_KERAS if is_later else Dialect.KERAS_2
    return Dialect.KERAS_1  # Keras 0.3 has another structure


def _dialect_by_signs(config: Any) -> Dialect:
    """The newest or oldest sign decides; a config without any is Keras 2's."""
    found = Dialect.KERAS_2
    for entry in _entries(config):
        inner = entry.get("config")
        keys = inner.keys() if isinstance(inner, Mapping) else frozenset()
        inbound = entry.get("inbound_nodes")
        if keys & _KERAS_3_KEYS or (
            isinstance(inbound, list) and any(isinstance(call, Mapping) for call in inbound)
        ):
            return Dialect.KERAS_3
        name = entry.get("class_name")
        if "registered_name" in entry or keys & _TF_KERAS_KEYS or name == "Functional":
            found = Dialect.TF_KERAS
        elif _is_keras_1(name, keys):
            return Dialect.KERAS_1
    return found


def _is_keras_1(name: Any, keys: Set[str]) -> bool:
    if name in _KERAS_1_CLASSES:
        return "filters" not in keys
    return bool(keys & _KERAS_1_KEYS) and name not in _EXEMPT


def _entries(config: Any) -> Iterator[Mapping[str, Any]]:
    """The entries of the layers, nested ones included, without recursion."""
    stack = [config]
    while stack:
        entry = stack.pop()
        if not isinstance(entry, Mapping):
            continue
        yield entry
        inner = entry.get("config")
        layers = inner.get("layers") if isinstance(inner, Mapping) else inner
        if isinstance(layers, list | tuple):
            stack.extend(reversed(layers))
        if isinstance(inner, Mapping) and isinstance(inner.get("layer"), Mapping):
            stack.append(inner["layer"])
