"""The matrix: every golden architecture in every format, run by the format's own runtime."""

from __future__ import annotations

import shutil

import pytest

from runtime.export import EXPORT_FORMATS
from tests.runtime.export import golden, matrix, table

pytestmark = pytest.mark.tf

# These run with the fast tests: each family of layers once, and what a format refuses.
FEW = ("merge_layers", "mnist_cnn_compiled", "seq2seq_states")


def test_the_document_shows_the_matrix():
    text = table.DOCUMENT.read_text(encoding="utf8")
    assert text == table.render(), "run: python -m tests.runtime.export.table"


def test_every_format_has_a_column():
    assert {target.to for target in matrix.TARGETS.values()} == set(EXPORT_FORMATS)
    assert matrix.REFUSALS.keys() == matrix.TARGETS.keys()


def require(target: matrix.Target) -> None:
    """Skips where the target's runtime is not installed."""
    modules = {"onnx": ["onnx", "onnxruntime"], "tflite": ["ai_edge_litert"], "stablehlo": ["jax"]}
    for name in modules.get(target.to, []):
        pytest.importorskip(name)
    if target.to == "tfjs":
        if shutil.which("node") is None or shutil.which("npm") is None:
            pytest.skip("node and npm are not installed")
        try:
            matrix.tfjs_package()
        except OSError as error:
            pytest.skip(f"TensorFlow.js cannot be installed: {error}")


def check(target: matrix.Target, name: str, outcome: matrix.Outcome) -> None:
    refusal = matrix.REFUSALS[target.name].get(name)
    assert outcome.failure is None, outcome.failure
    if refusal is None:
        assert outcome.refusal is None
        assert outcome.difference <= target.tolerance
    else:
        assert outcome.refusal is not None, "it works: take it out of REFUSALS"
        for part in refusal:
            assert part in outcome.refusal


def columns(slow: tuple[str, ...] = ()) -> list:
    return [
        pytest.param(
            target,
            id=name.replace(" ", "_"),
            marks=[pytest.mark.slow] if name in slow else [],
        )
        for name, target in matrix.TARGETS.items()
    ]


# A process with TensorFlow and Keras takes long to start.
@pytest.mark.parametrize("target", columns(slow=("savedmodel", "frozen")))
def test_a_few_architectures(target, tmp_path):
    require(target)
    for name, outcome in matrix.try_all(target, FEW, tmp_path).items():
        check(target, name, outcome)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What came of a format's column; each is tried once."""
    known: dict[str, dict[str, matrix.Outcome]] = {}

    def of(target: matrix.Target) -> dict[str, matrix.Outcome]:
        if target.name not in known:
            require(target)
            folder = tmp_path_factory.mktemp("column")
            known[target.name] = matrix.try_all(target, golden.names(), folder)
            shutil.rmtree(folder)
        return known[target.name]

    return of


@pytest.mark.slow
@pytest.mark.parametrize("name", golden.names())
@pytest.mark.parametrize("target", columns())
def test_every_architecture(target, name, outcomes):
    check(target, name, outcomes(target)[name])
