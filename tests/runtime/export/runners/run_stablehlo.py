"""JAX compiles and runs StableHLO text."""

import json

import jax
import numpy as np
from common import run_all
from jax._src.lib import xla_client

# Counters of steps are 64 bits wide.
jax.config.update("jax_enable_x64", True)
CLIENT = jax.devices("cpu")[0].client


def execute(text, arguments):
    """The results of a program."""
    devices = xla_client.DeviceList(tuple(CLIENT.local_devices()[:1]))
    program = CLIENT.compile_and_load(text, devices, xla_client.CompileOptions())
    buffers = [jax.device_put(np.asarray(a)) for a in arguments]
    found = program.execute_sharded(buffers).disassemble_into_single_device_arrays()
    return [np.asarray(parts[0]) for parts in found]


def run(path, inputs, outputs):
    folder = path / "model"
    program = json.loads((folder / "manifest.json").read_text())["predict"]
    with np.load(folder / "parameters.npz") as parameters:
        arguments = [inputs[name] for name in program["inputs"]]
        arguments += [parameters[name] for name in program["parameters"]]
    found = execute((folder / "predict.mlir").read_text(), arguments)
    return dict(zip(program["outputs"], found, strict=False))


if __name__ == "__main__":
    run_all(run)
