"""Writes the table of export formats in docs/formats.md: `python -m tests.runtime.export.table`.

It says what `tests.runtime.export.matrix` expects, and the tests of the matrix see that this is so.
"""

from __future__ import annotations

from pathlib import Path

from kir.utils.atomic import replacing
from runtime.export import EXPORT_FORMATS
from tests.runtime.export import golden
from tests.runtime.export.matrix import REFUSALS, TARGETS

DOCUMENT = Path(__file__).parents[3] / "docs" / "formats.md"
START = "<!-- made by: python -m tests.runtime.export.table -->"
END = "<!-- end of the table -->"

INTRODUCTION = """# Formats to export to

`model.export(path, to=...)` and `kir export MODEL OUT --to ...` write a model for use without kir.
Without `to` the suffix of the path tells: `.onnx`, `.tflite` and `.pb`; anything else becomes the
folder of a SavedModel. The file or folder is replaced only when the new one is complete.

"""

OPTIONS = """
- `training=True`, `--training` (savedmodel, stablehlo) adds a step of training; the model must be
  compiled.
- `quantize=...`, `--quantize` (tflite) holds weights in `float16`, in 8 bits (`dynamic`), or
  everything in 8 bits (`int8`).
- `representative=...`, `--representative FILE.npz` (tflite) gives the samples from which `int8`
  measures the ranges of values.
- `select_tf_ops=True` (tflite) takes ops that TensorFlow Lite lacks from TensorFlow.
- `batch_size=...`, `--batch-size` (stablehlo) is the number of samples in a batch, fixed there.

ONNX needs the package `onnx`: `pip install "kir[onnx]"`. What a format cannot express is an
`ExportError` that names the layer, the reason, and what to do.

"""

EXPLANATION = """## What was tried

Each cell is a test: the model is exported, run by the format's own runtime in a process without
kir, and compared with `predict`. A number means that the format cannot express the model; the note
below says why. The runtimes are TensorFlow (SavedModel by its signature, frozen graphs in a session
of TensorFlow 1), LiteRT, ONNX Runtime, TensorFlow.js and, for StableHLO, the compiler of JAX.

"""


def render() -> str:
    """The whole document."""
    formats = ["| format | what it is |", "|---|---|"]
    formats += [f"| `{name}` | {one.description} |" for name, one in EXPORT_FORMATS.items()]
    tolerances = [f"{target.name} {target.tolerance:g}" for target in TARGETS.values()]
    parts = [
        INTRODUCTION,
        "\n".join(formats),
        "\n",
        OPTIONS,
        EXPLANATION,
        "Largest differences allowed, as fractions of the largest prediction: ",
        ", ".join(tolerances),
        ".\n\n",
        START,
        "\n",
        table(),
        "\n",
        END,
        "\n",
    ]
    return "".join(parts)


def table() -> str:
    """The table and its notes."""
    notes: dict[str, int] = {}
    rows = [
        "| architecture | " + " | ".join(TARGETS) + " |",
        "|---|" + "---|" * len(TARGETS),
    ]
    for name in golden.names():
        cells = []
        for target in TARGETS:
            refusal = REFUSALS[target].get(name)
            if refusal is None:
                cells.append("✓")
                continue
            place, reason = refusal
            number = notes.setdefault(f"{place}: {reason.replace(', which', '')}", len(notes) + 1)
            cells.append(str(number))
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    listed = [f"{number}. {text}" for text, number in notes.items()]
    return "\n".join([*rows, "", *listed])


def main() -> None:
    """Writes the document."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    with replacing(DOCUMENT) as beside:
        Path(beside).write_text(render(), encoding="utf8")


if __name__ == "__main__":
    main()
