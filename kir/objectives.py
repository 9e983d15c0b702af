"""The losses under the name that their module had in Keras 1."""

from __future__ import annotations

from kir import losses
from kir.losses import *  # noqa: F403 (every public name, whatever it is)

__all__: list[str] = []
__all__ += losses.__all__
