"""The golden architectures and layers as models, with inputs, for the tests of exporters."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np

from kir import backend as K
from kir.models import Model
from tests.golden import catalogue

ARCHITECTURES = catalogue.DATA / "architectures"

# Whole applications take long to convert; this one stands for them.
LARGE = ("app_MobileNet",)


def names() -> list[str]:
    """The architectures of the matrix."""
    found = sorted(path.stem for path in ARCHITECTURES.glob("*.py"))
    return [name for name in found if not name.startswith("app_") or name in LARGE]


def _execute(source: str) -> dict[str, Any]:
    K.clear_session()
    random.seed(0)
    np.random.seed(0)
    namespace: dict[str, Any] = {"K": K, "np": np}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(source.replace("from keras", "from kir").replace("import keras", ""), namespace)
    return namespace


def architecture(name: str) -> Any:
    """A golden architecture with weights that leave no layer without effect."""
    model = _execute((ARCHITECTURES / f"{name}.py").read_text(encoding="utf8"))["model"]
    draws = np.random.RandomState(0)
    arrays = []
    for variable in model._weights_by_layer():
        if "variance" in variable.name or "gamma" in variable.name:
            arrays.append(draws.uniform(0.5, 1.5, variable.type.shape))
        else:
            fan_in = max(int(np.prod(variable.type.shape[:-1])), 4)
            arrays.append(draws.normal(0, 1 / np.sqrt(fan_in), variable.type.shape))
    model.set_weights(arrays)
    return model


def inputs_of(model: Any, batch: int = 4, steps: int = 5, seed: int = 1) -> list[np.ndarray]:
    """Random samples; axes of any size get `steps` positions."""
    draws = np.random.RandomState(seed)
    indices = {
        value
        for node in model.graph.walk()
        if node.op == "keras.Embedding"
        for value in node.inputs
    }
    found = []
    for value in model.inputs:
        shape = (value.type.shape[0] or batch, *(n or steps for n in value.type.shape[1:]))
        is_index = value in indices or value.type.dtype.startswith("int")
        array = draws.randint(0, 7, shape) if is_index else draws.normal(size=shape)
        found.append(array.astype(value.type.dtype))
    return found


def predictions(model: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """What the model predicts, as a list."""
    model.reset_states()
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=len(inputs[0]))
    return found if isinstance(found, list) else [found]


# -- single layers


def layer_cases() -> list[catalogue.GoldenCase]:
    """The golden cases of layers at inference."""
    index = catalogue.read_index("layers")["cases"]
    return [
        case
        for case in catalogue.all_cases()
        if case.family == "layers"
        and not index[case.position].get("config_only")
        and not index[case.position].get("phase")
    ]


def layer_model(golden: catalogue.GoldenCase) -> tuple[Any, list[Any], list[np.ndarray]]:
    """The model of a case, its inputs, and what the reference computed."""
    case = golden.load()
    space = _execute(case.info("source"))
    step = "" if case.info("steps") == 1 else "_step0"
    values = [case.given(key) for key in case.series("input_", step)]
    outputs = space["y"] if isinstance(space["y"], list | tuple) else [space["y"]]
    model = Model([space[f"x{i}"] for i in range(len(values))], list(outputs))
    weights = [case.given(key) for key in case.series("weight_")]
    if weights:
        model.set_weights(weights)
    inputs = [np.asarray(a, v.type.dtype) for a, v in zip(values, model.inputs, strict=True)]
    return model, inputs, [case.array(key) for key in case.series("output_", step)]
