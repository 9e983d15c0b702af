"""`kir doctor`: what is here, and what is missing."""

from __future__ import annotations

import json
from typing import Any

import click

from runtime.cli.options import command, json_option


@command("kir doctor")
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Show what is installed here, and what is missing.

    Tells of versions, devices, GPU and XLA, and what is missing for which extra of kir.

    The exit status is 1 if kir cannot run programs here: a package that it always needs is missing
    or TensorFlow does not load. Missing extras do not count.
    """
    # Here and not above: it loads NumPy and rich, which --help does without.
    from runtime.cli.examining import examine
    from runtime.cli.waiting import working

    with working("Trying out TensorFlow"):
        found = examine()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print(found)
    is_well = all(found["packages"].values()) and "error" not in found["tensorflow"]
    ctx.exit(0 if is_well else 1)


def _print(found: dict[str, Any]) -> None:
    from runtime.cli.examining import gpu_advice

    _line("kir", found["kir"] or "not installed (run from a checkout)")
    _line("Python", f"{found['python']} ({found['executable']})")
    _line("System", f"{found['platform']}, {found['cpus']} CPUs")
    for name, version in found["packages"].items():
        _line(name, version or 'missing: pip install "kir"', bool(version))
    _print_tensorflow(found["tensorflow"])
    advice = gpu_advice(found)
    if advice is not None:
        _line("GPU", f"none: {advice}")
    _line("NVIDIA driver", found["nvidia_driver"] or "none")
    click.echo()
    for extra, state in found["extras"].items():
        missing = ", ".join(state["missing"])
        text = "complete" if state["ok"] else f'missing: {missing}  (pip install "kir[{extra}]")'
        _line(f"kir[{extra}]", text, state["ok"], optional=True)


def _print_tensorflow(state: dict[str, Any]) -> None:
    if "error" in state:
        _line("TensorFlow", state["error"], False)
        return
    cuda = f"CUDA {state['cuda_version']}, cuDNN {state['cudnn_version']}"
    built = f"built for {cuda}" if state["built_with_cuda"] else "built without CUDA"
    _line("TensorFlow", f"loads in {state['import_seconds']} s, {built}", True)
    for device in state["devices"]:
        model, capability = device.get("model"), device.get("compute_capability")
        details = f": {model}, compute capability {capability}" if model else ""
        _line(device["type"], f"{device['name']}{details}")
    for device, result in state["xla"].items():
        _line(f"XLA on {device}", result, result == "ok")


def _line(name: str, text: str, is_good: bool | None = None, optional: bool = False) -> None:
    mark = " "
    if is_good is not None:
        bad = click.style("-", fg="yellow") if optional else click.style("x", fg="red")
        mark = click.style("+", fg="green") if is_good else bad
    click.echo(f"{mark} {name:<14} {text}")
