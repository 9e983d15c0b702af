"""What `kir doctor` tells: the versions, devices and packages that are here, and what is missing.

Nothing here fails because something is missing or broken: that is what it has to tell.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

CORE = ("tensorflow", "numpy", "h5py", "protobuf", "PyYAML", "tensorboard", "click", "rich")

# Programs that are no Python packages: the extra that wants them, and how to get them.
PROGRAMS = {
    "dot": ("viz", "Graphviz, for pictures of models: apt install graphviz"),
}

# Seconds that TensorFlow gets to load and to compile; a machine that is very busy needs them.
PROBE_SECONDS = 180


def examine() -> dict[str, Any]:
    """Everything that the command tells, as plain data."""
    packages = {name: version_of(name) for name in CORE}
    return {
        "kir": version_of("kir"),
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": packages,
        "tensorflow": _tensorflow() if packages["tensorflow"] else {"error": "not installed"},
        "nvidia_driver": _driver(),
        "programs": {name: shutil.which(name) for name in PROGRAMS},
        "extras": extras(),
    }


def version_of(package: str) -> str | None:
    """The version of an installed package; None if it is not there."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def extras() -> dict[str, dict[str, Any]]:
    """For each extra of kir the requirements that are not met."""
    found: dict[str, dict[str, Any]] = {}
    for extra, needs in _requirements().items():
        missing = [need for need in needs if not _is_met(need)]
        missing += [
            hint for program, (wanted_by, hint) in PROGRAMS.items()
            if wanted_by == extra and shutil.which(program) is None
        ]  # fmt: skip
        found[extra] = {"ok": not missing, "missing": missing}
    return found


def _requirements() -> dict[str, list[str]]:
    """The requirements of each extra, as the installed package declares them."""
    try:
        declared = metadata.distribution("kir")
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {
        name: [] for name in declared.metadata.get_all("Provides-Extra") or ()
    }
    for line in declared.requires or ():
        need, _, marker = line.partition(";")
        match = re.search(r"""extra\s*==\s*['"]([\w.-]+)['"]""", marker)
        if match is not None:
            found.setdefault(match[1], []).append(need.strip())
    return found


def _is_met(requirement: str) -> bool:
    """Whether a package is there, and its version within the bounds."""
    match = re.match(r"[\w.-]+", requirement)
    name = match[0] if match else requirement
    if name == "kir":
        return True  # an extra that takes in others; those stand in lines of their own
    version = version_of(name)
    if version is None:
        return False
    try:
        from packaging.requirements import Requirement  # comes with TensorFlow
    except ImportError:
        return True
    parsed = Requirement(requirement)
    # An extra of a package shows in what it brings along, e.g. CUDA's libraries.
    brings = [f"{name}-{extra}" for extra in parsed.extras]
    if brings == ["tensorflow-and-cuda"] and version_of("nvidia-cudnn-cu12") is None:
        return False
    return parsed.specifier.contains(version, prereleases=True)


def _tensorflow() -> dict[str, Any]:
    """What TensorFlow says of itself in a process of its own."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "runtime.cli.probe"]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    lines = done.stdout.strip().splitlines()
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else "it printed nothing"
        return {"error": f"it does not load (status {done.returncode}): {reason}"}
    return found


def _driver() -> str | None:
    """The version of NVIDIA's driver; None if there is none."""
    try:
        text = Path("/proc/driver/nvidia/version").read_text("utf-8")
    except OSError:
        return None
    match = re.search(r"(\d+\.\d+(?:\.\d+)?)", text)
    return match[1] if match else None


def gpu_advice(found: dict[str, Any]) -> str | None:
    """Why there is no GPU, and what to do; None if there is one or TensorFlow does not load."""
    tensorflow = found["tensorflow"]
    if "error" in tensorflow or any(d["type"] == "GPU" for d in tensorflow["devices"]):
        return None
    if found["nvidia_driver"] is None:
        return "no NVIDIA driver here, so programs run on the CPU"
    if not tensorflow["built_with_cuda"]:
        return "this TensorFlow was built without CUDA; install the one from PyPI"
    return 'there is a driver, but no CUDA libraries that fit: pip install "kir[gpu]"'
