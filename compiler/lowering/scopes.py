"""Names of groups of operations: what TensorBoard shows as a box, and errors at run time name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from compiler.tensorflow import tf


def scope_name(name: str, path: str = "") -> str:
    """A layer's name, behind those of the models around it, as TensorFlow allows it for scopes.

    Args:
        name: the layer's name.
        path: the models' names, joined by ``/``.
    """
    parts = [*path.split("/"), name] if path else [name]
    return "/".join(_word(part) for part in parts)


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.\-]", "_", name.lstrip("_")) or "layer"


@contextlib.contextmanager
def grouped(group: str, name: str) -> Iterator[None]:
    """What is computed inside stands under ``group/name``."""
    # With the slash it is the same group each time, not a second one beside it.
    with tf.name_scope(f"{group}/"), tf.name_scope(scope_name(name)):
        yield
