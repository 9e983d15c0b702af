"""Whether a layer works on masked data."""

from __future__ import annotations

from typing import Any


def reads_mask(layer: Any) -> bool:
    """Whether any call of the layer has a masked operand."""
    return any(mask is not None for node in layer._inbound_nodes for mask in node.input_masks)
