"""The seeds of a model's random layers: what makes dropout drop the same units again.

Each call of a random layer has seeds, drawn from NumPy's generator when the call was made. A model
that is loaded from a file makes its calls anew, with other seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def read_seeds(model: Any) -> np.ndarray:
    """The seeds of all calls in the model, in the order of the calls."""
    return np.array([seed for node in _calls(model) for seed in node.seeds], "int64")


def restore_seeds(model: Any, seeds: Any) -> None:
    """Gives the calls the seeds of `read_seeds`, before a program is made of them.

    Seeds of a model with other random layers are ignored.
    """
    nodes = list(_calls(model))
    left = [int(seed) for seed in np.asarray(seeds).reshape(-1)]
    if len(left) != sum(len(node.seeds) for node in nodes):
        return
    for node in nodes:
        count = len(node.seeds)
        node.seeds, left = tuple(left[:count]), left[count:]


def _calls(model: Any) -> Iterator[Any]:
    if not getattr(model, "_is_graph_network", False):
        return
    seen: set[int] = set()
    for node in model._topology.calls():
        layer = node.outbound_layer
        if not layer.is_network:
            yield from _with_inner(node)
        elif id(layer) not in seen:
            seen.add(id(layer))
            yield from _calls(layer)


def _with_inner(node: Any) -> Iterator[Any]:
    """A call, and those that a wrapper makes inside it."""
    yield node
    inner = getattr(node, "inner", None)
    for one in inner.nodes if inner is not None else ():
        if hasattr(one, "seeds"):
            yield from _with_inner(one)
