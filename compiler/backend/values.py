"""Gradients, new values of variables, and the process's TensorFlow settings."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from compiler.lowering.context import current_context
from compiler.tensorflow import tf
from kir.errors import StateError


def gradients(loss: Any, variables: Sequence[Any]) -> list[Any]:
    """The gradient of the sum of `loss` by each variable; None where there is no path.

    Raises:
        StateError: outside of a graph, where nothing remembers how `loss` was computed.
    """
    if tf.executing_eagerly():
        raise StateError(
            "K.gradients of computed tensors: nothing remembers how they were computed. Use "
            "symbolic tensors (K.placeholder, K.variable, a model's tensors) or tf.GradientTape."
        )
    losses = list(loss) if isinstance(loss, list | tuple) else [loss]
    found = tf.gradients(losses, list(variables))
    context = current_context()
    if context is not None and context.is_trial:
        # Placeholders depend on nothing; in the program the same values do.
        found = [
            tf.zeros_like(v) if g is None else g for g, v in zip(found, variables, strict=True)
        ]
    return [tf.convert_to_tensor(g) if isinstance(g, tf.IndexedSlices) else g for g in found]


def update(x: Any, new_x: Any) -> Any:
    return tf.cast(new_x, x.dtype)


def update_add(x: Any, increment: Any) -> Any:
    return x + tf.cast(increment, x.dtype)


def update_sub(x: Any, decrement: Any) -> Any:
    return x - tf.cast(decrement, x.dtype)


def apply_config(config: Any) -> None:
    """Takes over what of a TensorFlow 1 `ConfigProto` has a meaning today.

    Settings that TensorFlow no longer accepts because it has started are left as they are.
    """
    threads = tf.config.threading
    with contextlib.suppress(RuntimeError):
        if config.intra_op_parallelism_threads:
            threads.set_intra_op_parallelism_threads(config.intra_op_parallelism_threads)
        if config.inter_op_parallelism_threads:
            threads.set_inter_op_parallelism_threads(config.inter_op_parallelism_threads)
    with contextlib.suppress(RuntimeError):
        _choose_gpus(config)
    if config.allow_soft_placement:
        tf.config.set_soft_device_placement(True)
    if config.log_device_placement:
        tf.debugging.set_log_device_placement(True)


def _choose_gpus(config: Any) -> None:
    """Hides the GPUs that a `ConfigProto` leaves out: by their count, or by a list of numbers."""
    gpus = tf.config.list_physical_devices("GPU")
    chosen = gpus
    if config.gpu_options.visible_device_list:
        numbers = [int(n) for n in config.gpu_options.visible_device_list.split(",")]
        chosen = [gpus[n] for n in numbers if n < len(gpus)]
    if "GPU" in config.device_count:
        chosen = chosen[: config.device_count["GPU"]]
    if chosen != gpus:
        tf.config.set_visible_devices(chosen, "GPU")
    if config.gpu_options.allow_growth:
        for device in chosen:
            tf.config.experimental.set_memory_growth(device, True)


def gpu_names() -> list[str]:
    """The GPUs that TensorFlow sees, by their TensorFlow 1 names."""
    return [f"/device:GPU:{i}" for i, _ in enumerate(tf.config.list_physical_devices("GPU"))]
