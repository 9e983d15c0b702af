"""ONNX Runtime runs ONNX files."""

import onnxruntime
from common import run_all


def run(path, inputs, outputs):
    session = onnxruntime.InferenceSession(
        str(path / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    return dict(zip(outputs, session.run(outputs, inputs), strict=True))


run_all(run)
