"""`kir doctor`: what it tells, also where things are missing or broken."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

import pytest

from runtime.cli import examining
from runtime.cli.examining import examine, gpu_advice

PROBED = {
    "version": "2.21.0",
    "import_seconds": 1.0,
    "built_with_cuda": True,
    "cuda_version": "12.5.1",
    "cudnn_version": "9",
    "devices": [{"name": "/physical_device:CPU:0", "type": "CPU"}],
    "xla": {"CPU": "ok"},
}
GPU = {
    "name": "/physical_device:GPU:0",
    "type": "GPU",
    "model": "H100",
    "compute_capability": "9.0",
}


@pytest.fixture
def probe(monkeypatch):
    """Sets what the process prints that tries TensorFlow, so that no test waits for it."""

    def install(stdout: str = json.dumps(PROBED), stderr: str = "", status: int = 0) -> None:
        done = subprocess.CompletedProcess([], status, stdout, stderr)
        monkeypatch.setattr(examining.subprocess, "run", lambda *args, **kwargs: done)

    install()
    return install


def test_versions_devices_and_extras_are_told(run, probe):
    output = run("doctor").output
    for part in ("Python", "tensorflow", "loads in 1.0 s", "XLA on CPU     ok", "kir[viz]"):
        assert part in output


def test_json_holds_the_same(run, probe):
    found = json.loads(run("doctor", "--json").output)
    assert found["packages"]["numpy"] == metadata.version("numpy")
    assert found["tensorflow"]["devices"][0]["type"] == "CPU"
    assert set(found["extras"]["viz"]) == {"ok", "missing"}


def test_a_gpu_is_named(run, probe):
    probe(json.dumps({**PROBED, "devices": [GPU], "xla": {"CPU": "ok", "GPU": "ok"}}))
    output = run("doctor").output
    assert "GPU            /physical_device:GPU:0: H100, compute capability 9.0" in output
    assert "XLA on GPU     ok" in output
    assert "GPU            none" not in output


def test_a_tensorflow_that_crashes_is_told_with_its_last_words(run, probe):
    probe("", "Traceback ...\nImportError: libcudart.so.12: cannot open shared object", 1)
    output = run("doctor", status=1).output
    assert "does not load (status 1): ImportError: libcudart.so.12: cannot open" in output


def test_a_tensorflow_that_hangs_is_told(run, monkeypatch):
    def hang(*args: object, **kwargs: object) -> None:
        raise subprocess.TimeoutExpired("python", 1)

    monkeypatch.setattr(examining.subprocess, "run", hang)
    assert "timed out" in run("doctor", status=1).output


def test_nothing_installed_is_no_crash(run, probe, monkeypatch):
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    monkeypatch.setattr(metadata, "distribution", missing)
    output = run("doctor", status=1).output
    assert "numpy          missing" in output
    assert "not installed" in output


def test_what_an_extra_lacks_is_named(monkeypatch, tmp_path):
    real = examining.version_of
    versions = {"pydot": None, "matplotlib": "3.1"}
    monkeypatch.setattr(examining, "version_of", lambda n: versions.get(n, real(n)))
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = examining.extras()["viz"]["missing"]
    assert [part.split(",")[0] for part in missing] == ["matplotlib>=3.8", "pydot>=3", "Graphviz"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, "no NVIDIA driver"),
        ({"nvidia_driver": "550.1"}, 'pip install "kir[gpu]"'),
        (
            {"nvidia_driver": "550.1", "tensorflow": {**PROBED, "built_with_cuda": False}},
            "built without CUDA",
        ),
        ({"tensorflow": {**PROBED, "devices": [GPU]}}, None),
        ({"tensorflow": {"error": "x"}}, None),
    ],
)
def test_why_there_is_no_gpu(changes, wanted):
    found = {"nvidia_driver": None, "tensorflow": PROBED, **changes}
    advice = gpu_advice(found)
    assert advice is None if wanted is None else wanted in advice


@pytest.mark.tf
@pytest.mark.slow
def test_the_real_machine_is_examined():
    found = examine()
    assert found["tensorflow"]["xla"]["CPU"] == "ok"
    assert found["tensorflow"]["devices"][0]["type"] == "CPU"
    assert found["executable"] == sys.executable
