"""How many steps run in one call, and when XLA pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compiler.programs.objective import all_layers
from compiler.tensorflow import tf

# A loop in the graph is traced beside the single step that the last, smaller batch needs; for
# fewer steps than this a second trace costs more than the calls it saves.
STEPS_WORTH_LOOP = 32
# XLA takes about a second to compile and saves about 0.1 ms a step of a small network.
STEPS_WORTH_XLA = 5000
LARGEST_LOOP = 1024
# A progress bar should move about this often.
SECONDS_PER_CHUNK = 0.15
# Families of layers that compute element by element or by matrix products: those XLA gains from.
_ELEMENTARY = frozenset(
    f"kir.layers.{family}"
    for family in (
        *("advanced_activations", "core", "dropout", "merge", "noise"),
        *("normalization", "reshaping"),
    )
)
# Data beyond this go to the device in pieces.
DEVICE_BYTES = 4 << 30


def gains_from_xla(model: Any) -> bool:
    """Whether XLA makes the model's steps faster on this machine.

    Measured: small dense networks gain tenfold, large matrix products nothing, and convolutions
    and loops over time lose on a CPU.
    """
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    layers = [x for x in all_layers(model) if type(x).__name__ != "InputLayer"]
    if not all(layer.is_lowered for layer in layers):
        return False
    if not on_gpu and not all(map(_is_elementary, layers)):
        return False
    return on_gpu or model.count_params() <= 200_000


def _is_elementary(layer: Any) -> bool:
    return any(cls.__module__ in _ELEMENTARY for cls in type(layer).__mro__)


@dataclass
class Pace:
    """Chooses the number of steps in a call.

    Attributes:
        moves_bar: whether somebody watches, so that calls should be short.
    """

    moves_bar: bool
    _seconds_per_step: float = 0.0

    def chunk(self, capacity: int) -> int:
        """The number of steps of the next call, at most `capacity`."""
        if not self.moves_bar:
            return capacity
        if not self._seconds_per_step:
            return min(capacity, 8)
        return max(1, min(capacity, int(SECONDS_PER_CHUNK / self._seconds_per_step)))

    def note(self, seconds: float, steps: int) -> None:
        """Takes down how long a call took."""
        # The first call also traces and compiles: the fastest one tells what a step costs.
        found, known = seconds / steps, self._seconds_per_step
        self._seconds_per_step = found if not known else min(found, known)
