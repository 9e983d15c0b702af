"""What every exporter asks of a model first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from compiler.passes.inline_networks import InlineNetworks
from compiler.pipeline import run_passes
from compiler.programs.objective import flat_graph
from kir.errors import ConfigError
from kir.ir.graph import Node


def check_exportable(model: Any, target: str) -> None:
    """Whether there is a graph to export, with dense inputs.

    Args:
        model: the model.
        target: what the format is called in messages.

    Raises:
        ConfigError: the model is not built, or an input is sparse.
    """
    if not model.inputs:
        raise ConfigError(
            f"{model.name!r} is not built, so there is no graph to export. Give its first layer an "
            "input_shape, or call build() or fit() first."
        )
    for value, name in zip(model.inputs, model.input_names, strict=True):
        if value.type.sparse:
            raise ConfigError(
                f"The input {name!r} of {model.name!r} is sparse; {target} takes dense tensors "
                "only. Export a model with a dense input."
            )


def layer_calls(model: Any) -> Iterator[Node]:
    """The calls of layers in a model, those inside wrappers and nested models included."""
    yield from _calls(run_passes(flat_graph(model), (InlineNetworks(),)).nodes)


def _calls(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.layer is None:
            continue
        if node.layer.is_network:
            assert node.region is not None
            yield from _calls(node.region.nodes)
            continue
        yield node
        if node.inner is not None:
            yield from _calls(node.inner.nodes)
