"""What Keras's modules offer beside their own subject, because they import it."""

from __future__ import annotations

import importlib

import pytest

from tests.processes import run_python


@pytest.mark.parametrize(
    ("module", "name", "home"),
    [
        ("kir.layers", "K", "kir.backend"),
        ("kir.layers.core", "K", "kir.backend"),
        ("kir.layers.core", "Lambda", "kir.layers.lambda_layer:Lambda"),
        ("kir.layers.recurrent", "initializers", "kir.initializers"),
        ("kir.layers", "func_dump", "kir.utils.generic_utils:func_dump"),
        ("kir.callbacks", "K", "kir.backend"),
        ("kir.models", "to_list", "kir.utils.generic_utils:to_list"),
        ("kir.applications", "layers", "kir.layers"),
        ("kir.backend", "tensorflow_backend", "kir.backend.tensorflow_backend"),
        ("kir.engine.topology", "Container", "kir.engine.network:Network"),
        ("kir.applications.mobilenet", "relu6", "kir._later_activations:relu6"),
        ("kir.engine.saving", "h5dict", "runtime.hdf5.dictionary:H5Dict"),
        ("kir.wrappers", "scikit_learn", "kir.wrappers.scikit_learn"),
        ("kir", "wrappers", "kir.wrappers"),
        ("kir", "legacy", "kir.legacy"),
        ("kir.legacy", "layers", "kir.legacy.layers"),
        ("kir.engine", "saving", "kir.engine.saving"),
        ("kir.layers", "warnings", "warnings"),
        (
            "kir.layers.recurrent",
            "_generate_dropout_mask",
            "kir.layers.recurrent.arguments:generate_dropout_mask",
        ),
        ("kir.applications", "correct_pad", "kir.applications._building:correct_pad"),
        ("kir.backend", "py_all", "builtins:all"),
        ("kir.utils", "multi_gpu_model", "kir.utils.multi_gpu_utils:multi_gpu_model"),
    ],
)
def test_a_name_is_found_where_keras_has_it(module: str, name: str, home: str) -> None:
    path, _, attribute = home.partition(":")
    wanted = importlib.import_module(path)
    found = getattr(importlib.import_module(module), name)
    assert found is (getattr(wanted, attribute) if attribute else wanted)


def test_an_unknown_name_is_an_attribute_error() -> None:
    layers = importlib.import_module("kir.layers")
    with pytest.raises(AttributeError, match=r"module 'kir\.layers' has no attribute 'Dens'"):
        _ = layers.Dens


@pytest.mark.parametrize("module", ["kir.legacy.layers", "kir.legacy.interfaces", "kir.wrappers"])
def test_any_module_may_be_imported_first(module: str) -> None:
    run_python(f"import {module}")
