"""A model that splits each batch over several GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kir import backend as K
from kir.engine.executor import executor
from kir.engine.node import placed_on
from kir.engine.training import Model as Model
from kir.errors import ConfigError
from kir.layers.core import Lambda as Lambda
from kir.layers.merge import concatenate
from kir.utils.generic_utils import to_list, unpack_singleton


def multi_gpu_model(
    model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False
) -> Any:
    """Replicates a model: each GPU computes a part of the batch, and the parts are joined.

    The weights are the given model's, and so are its files: save that one.

    Args:
        model: the model; it may also be trained and saved by itself.
        gpus: their number, at least 2, or a list of their numbers; None is all of them.
        cpu_merge: whether the parts are joined on the CPU.
        cpu_relocation: without effect: weights lie where the runtime puts them.

    Returns:
        a model with the same inputs and outputs.

    Raises:
        ConfigError: fewer than two GPUs, or some that are not there.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    available = [_normalize_device_name(name) for name in _get_available_devices()]
    if not gpus:
        gpus = len([name for name in available if "gpu" in name])
    if isinstance(gpus, list | tuple):
        asked, received, numbers = f"`len(gpus) >= 2`. Received: `gpus={gpus}`", gpus, list(gpus)
    else:
        asked, received = f"`gpus >= 2`. Received: `gpus={gpus}`", gpus
        numbers = list(range(gpus))
    if len(numbers) <= 1:
        raise ConfigError(
            f"For multi-gpu usage to be effective, call `multi_gpu_model` with {asked}. A model "
            "runs on one GPU as it is."
        )
    wanted = ["/cpu:0", *(f"/gpu:{i}" for i in numbers)]
    if not set(wanted) <= set(available):
        raise ConfigError(
            f"To call `multi_gpu_model` with `gpus={received}`, we expect the following devices to "
            f"be available: {wanted}. However this machine only has: {available}. Try reducing "
            "`gpus`."
        )
    return replicated(model, wanted[1:], wanted[0] if cpu_merge else "")


def replicated(model: Any, devices: Sequence[str], merge_device: str = "") -> Any:
    """A model that computes each batch in parts with the same weights, each part on a device.

    Args:
        model: the model.
        devices: one for each part, such as ``/gpu:0``.
        merge_device: where the parts are joined; empty where the runtime may choose.
    """
    parts: list[list[Any]] = [[] for _ in model.outputs]
    for i, device in enumerate(devices):
        with placed_on(device):
            arguments = {"i": i, "parts": len(devices)}
            slices = [
                Lambda(batch_part, K.int_shape(x)[1:], arguments=arguments)(x) for x in model.inputs
            ]
            outputs = to_list(model(unpack_singleton(slices)))
        for found, output in zip(parts, outputs, strict=True):
            found.append(output)
    with placed_on(merge_device):
        merged = [
            concatenate(found, axis=0, name=name)
            for name, found in zip(model.output_names, parts, strict=True)
        ]
    return Model(model.inputs, merged)


def batch_part(data: Any, i: int, parts: int) -> Any:
    """Part `i` of a batch; the last one takes what is left over."""
    shape = K.shape(data)
    step = shape[:1] // parts
    size = shape[:1] - step * i if i == parts - 1 else step
    stride = K.concatenate([step, shape[1:] * 0], axis=0)
    return K.slice(data, stride * i, K.concatenate([size, shape[1:]], axis=0))


def _get_available_devices() -> list[str]:
    found: list[str] = executor().devices()
    return found


def _normalize_device_name(name: str) -> str:
    """The short form of a device's name, ``/gpu:0``."""
    kind, number = name.lower().split(":")[-2:]
    return f"/{kind.removeprefix('/')}:{number}"
