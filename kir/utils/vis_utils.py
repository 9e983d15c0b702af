"""Pictures of models."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from kir.errors import ConfigError, MissingProgramError
from kir.utils._drawing import Drawing
from kir.utils.atomic import replacing

__all__ = ["model_to_dot", "plot_model"]

# Formats that are the description itself, for which Graphviz has nothing to lay out.
_SOURCES = ("dot", "gv")


def model_to_dot(
    model: Any, show_shapes: bool = False, show_layer_names: bool = True, rankdir: str = "TB"
) -> Any:
    """A model as a description for Graphviz.

    Each layer is a box, each tensor between layers an edge; a model inside the model is a cluster
    of boxes. A layer that is called several times is one box with several edges.

    Args:
        model: a model; one that has not been built yet shows its layers without shapes.
        show_shapes: whether boxes hold the shapes of inputs and outputs.
        show_layer_names: whether boxes hold the names of the layers beside their classes.
        rankdir: which way the edges point: ``'TB'`` down, ``'LR'`` right, ``'BT'`` up, ``'RL'``
            left.

    Returns:
        A `pydot.Dot`; `.create(prog='dot', format='svg')` gives its picture as bytes.

    Raises:
        DependencyError: pydot is not installed.
        DTypeError: `model` is no model.
        ConfigError: an unknown direction.

    Reference:
        https://keras.io/visualization (Keras 2.2.4), which drew a nested model as one box.
    """
    return Drawing(model, show_shapes, show_layer_names, rankdir).dot


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
) -> None:
    """Draws a model into a file.

    Args:
        model: a model.
        to_file: the picture; its suffix says of which kind: .png, .svg, .pdf and what else
            Graphviz writes, .dot and .gv for the description. Without one it is PNG.
        show_shapes: see `model_to_dot`.
        show_layer_names: see `model_to_dot`.
        rankdir: see `model_to_dot`.

    Raises:
        DependencyError: pydot is not installed.
        MissingProgramError: Graphviz is not installed.
        ConfigError: a suffix that Graphviz does not know, or an unknown direction.
        DTypeError: `model` is no model.
        OSError: the file cannot be written.

    Reference:
        https://keras.io/visualization (Keras 2.2.4).
    """
    dot = model_to_dot(model, show_shapes, show_layer_names, rankdir)
    format = Path(to_file).suffix.lower().lstrip(".") or "png"
    source = dot.to_string().encode()
    picture = source if format in _SOURCES else _lay_out(source, format)
    with replacing(to_file) as beside:
        Path(beside).write_bytes(picture)


def _lay_out(source: bytes, format: str) -> bytes:
    """What Graphviz makes of a description."""
    program = shutil.which("dot")
    if program is None:
        raise MissingProgramError(
            "Graphviz lays out pictures of models, and its program `dot` is not there. Install "
            "it (Debian and Ubuntu: apt install graphviz; macOS: brew install graphviz), or "
            "write a .dot file, which needs no Graphviz."
        )
    done = subprocess.run([program, f"-T{format}"], input=source, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        if "not recognized" in said:
            raise ConfigError(
                f"Graphviz draws no {format!r} files; name the picture .png, .svg or .pdf."
            )
        raise ConfigError(f"Graphviz failed to draw the model: {said or done.returncode}.")
    return done.stdout
