"""The interpreter of LiteRT runs TensorFlow Lite files."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from common import run_all


def quantized(x, detail):
    """Floating input as the file takes it."""
    scale, zero = detail["quantization"]
    if not scale:
        return x.astype(detail["dtype"])
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(x / scale + zero), limits.min, limits.max).astype(detail["dtype"])


def dequantized(y, detail):
    scale, zero = detail["quantization"]
    return (y.astype("float32") - zero) * scale if scale else y


def run(path, inputs, outputs):
    interpreter = Interpreter(model_path=str(path / "model.tflite"))
    # It resizes the inputs to what it is given.
    runner = interpreter.get_signature_runner("serving_default")
    given = {
        name: quantized(inputs[name], detail) for name, detail in runner.get_input_details().items()
    }
    found = runner(**given)
    details = runner.get_output_details()
    return {name: dequantized(found[name], details[name]) for name in outputs}


run_all(run)
