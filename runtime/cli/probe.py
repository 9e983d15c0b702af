"""Finds out what TensorFlow can do here, in a process of its own: `python -m runtime.cli.probe`.

Where TensorFlow is broken it may take the process with it, so `kir doctor` does not load it itself.
Prints one line of JSON.
"""

from __future__ import annotations

import json
import time
from typing import Any


def probe() -> dict[str, Any]:
    """Versions, devices and the state of XLA."""
    started = time.perf_counter()
    from compiler.tensorflow import tf

    build = tf.sysconfig.get_build_info()
    found: dict[str, Any] = {
        "version": tf.__version__,
        "import_seconds": round(time.perf_counter() - started, 2),
        "built_with_cuda": bool(build.get("is_cuda_build")),
        "cuda_version": build.get("cuda_version"),
        "cudnn_version": build.get("cudnn_version"),
        "devices": [_describe(tf, device) for device in tf.config.list_physical_devices()],
    }
    names = ["CPU", *(["GPU"] if tf.config.list_physical_devices("GPU") else [])]
    found["xla"] = {name: _try_xla(tf, name) for name in names}
    return found


def _describe(tf: Any, device: Any) -> dict[str, Any]:
    details: dict[str, Any] = {"name": device.name, "type": device.device_type}
    if device.device_type == "GPU":
        given = tf.config.experimental.get_device_details(device)
        capability = given.get("compute_capability")
        details["model"] = given.get("device_name")
        details["compute_capability"] = ".".join(map(str, capability)) if capability else None
    return details


def _try_xla(tf: Any, device: str) -> str:
    """'ok', or what went wrong."""
    try:
        with tf.device(f"/{device}:0"):
            double = tf.function(lambda x: x * 2.0, jit_compile=True, autograph=False)
            return "ok" if float(double(tf.constant(2.0))) == 4.0 else "wrong result"
    except Exception as error:  # whatever it is, it is what the user wants to know
        return f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"


if __name__ == "__main__":
    print(json.dumps(probe()))
