"""The API reference: which page shows which names, under which heading."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from kir import losses

# The headings of a page, by the files that define what stands below them, in the order of the page.
LAYERS = {
    "core": "Core",
    "dropout": "Core",
    "reshaping": "Core",
    "lambda_layer": "Core",
    "convolutional": "Convolutional",
    "pooling": "Pooling",
    "local": "Locally connected",
    "recurrent": "Recurrent",
    "cudnn_recurrent": "Recurrent",
    "convolutional_recurrent": "Recurrent",
    "embeddings": "Embedding",
    "merge": "Merge",
    "advanced_activations": "Advanced activations",
    "normalization": "Normalization",
    "noise": "Noise",
    "wrappers": "Wrappers",
    "keras_1": "Layers of Keras 1",
}
BACKEND = {
    "values": "Variables and placeholders",
    "creation": "New tensors",
    "elementwise": "Element-wise mathematics",
    "comparison": "Comparison",
    "reductions": "Reductions",
    "linalg": "Products and look-up",
    "shapes": "Shapes",
    "nn": "Activations and cross-entropies",
    "normalization": "Normalization",
    "conv": "Convolution",
    "pooling": "Pooling",
    "random": "Random tensors",
    "control": "Learning phase and choice",
    "loops": "Loops",
    "ctc": "Connectionist temporal classification",
    "sparse": "Sparse tensors",
    "differentiation": "Gradients, functions, sessions",
    "session": "Gradients, functions, sessions",
    "common": "Settings and names",
    "names": "Settings and names",
}
OTHERS = "Others"


@dataclass(frozen=True)
class Page:
    """A page of the reference.

    Attributes:
        title: its heading.
        modules: the modules whose public names it shows, each after the other.
        text: what is said before the names.
        members: whether the methods of classes are shown.
        families: the headings that names stand under, by the files that define them.
        also: headings, and the full names of what is shown below them, with its methods.
    """

    title: str
    modules: tuple[str, ...]
    text: str = ""
    members: bool = False
    families: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)


DATASETS = ("boston_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters")

PAGES = {
    "layers": Page(
        "Layers",
        ("kir.layers",),
        families=LAYERS,
        also={"Base class": ["kir.engine.base_layer.Layer"]},
    ),
    "models": Page(
        "Models", ("kir.models",), members=True, also={"Base class": ["kir.engine.network.Network"]}
    ),
    "backend": Page("Backend", ("kir.backend",), families=BACKEND),
    "losses": Page("Losses", ("kir.losses",)),
    "metrics": Page(
        "Metrics", ("kir.metrics",), "Every loss is a metric too; see [Losses](losses.md)."
    ),
    "optimizers": Page("Optimizers", ("kir.optimizers",)),
    "activations": Page("Activations", ("kir.activations",)),
    "initializers": Page("Initializers", ("kir.initializers",)),
    "regularizers": Page("Regularizers", ("kir.regularizers",)),
    "constraints": Page("Constraints", ("kir.constraints",)),
    "callbacks": Page("Callbacks", ("kir.callbacks",)),
    "preprocessing": Page(
        "Preprocessing",
        ("kir.preprocessing.image", "kir.preprocessing.sequence", "kir.preprocessing.text"),
        members=True,
    ),
    "datasets": Page(
        "Data sets",
        tuple(f"kir.datasets.{name}" for name in DATASETS),
    ),
    "applications": Page(
        "Applications",
        ("kir.applications",),
        also={
            "What goes in and comes out": [
                "kir.applications.imagenet_utils.preprocess_input",
                "kir.applications.imagenet_utils.decode_predictions",
            ]
        },
    ),
    "wrappers": Page("scikit-learn wrappers", ("kir.wrappers.scikit_learn",), members=True),
    "utils": Page("Utilities", ("kir", "kir.utils")),
    "ir": Page("Intermediate representation", ("kir.ir",), members=True),
}

# What a module offers that another page, or no page, is about.
ELSEWHERE: dict[str, set[str]] = {
    "kir": {"Input", "Model", "Sequential"},
    "kir.activations": {"Layer"},
    "kir.callbacks": {"Progbar"},
    "kir.layers": {
        *("Input", "InputLayer", "Layer", "Model", "Sequential"),
        *("layer_from_config", "layer_table"),
    },
    "kir.metrics": set(losses.__all__) - {"deserialize", "get", "serialize"},
    "kir.wrappers.scikit_learn": {"ConfigError", "Sequential", "ShapeError", "StateError"},
}
# Names of modules without `__all__`, and what they import for themselves.
IMPORTED = {"Any", "Callable", "Mapping", "has_arg", "lazy_names", "to_categorical", "to_list"}


def public_names(module: ModuleType) -> list[str]:
    """The names that a module offers: what it lists, else what it holds."""
    listed = getattr(module, "__all__", None)
    if module.__name__ == "kir":
        listed = [*module._NAMES]
    if listed is None:
        listed = [n for n in vars(module) if not n.startswith("_") and n not in IMPORTED]
    found = [n for n in listed if is_documented(getattr(module, n))]
    # Classes first, as they are what the functions of the same names make.
    return sorted(set(found), key=lambda n: (inspect.isfunction(getattr(module, n)), n.lower()))


def is_documented(value: Any) -> bool:
    """Whether a name stands for a class or function of kir's own, which a page can show."""
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return False
    return value.__module__.split(".")[0] in ("kir", "compiler", "runtime")


def home(value: Any) -> str:
    """The full name of where a class or function is defined."""
    return f"{value.__module__}.{value.__qualname__}"


def pages() -> dict[str, str]:
    """The text of each page, by its path."""
    return {f"api/{name}.md": _text(page) for name, page in PAGES.items()}


def _text(page: Page) -> str:
    lines = [f"# {page.title}", ""]
    if page.text:
        lines += [page.text, ""]
    for name in page.modules:
        lines += _module(importlib.import_module(name), page, len(page.modules) > 1)
    for heading, paths in page.also.items():
        lines += [f"## {heading}", ""]
        for path in paths:
            lines += _entry(path, [], has_members=True)
    return "\n".join(lines)


def _module(module: ModuleType, page: Page, titled: bool) -> list[str]:
    lines = [f"## `{module.__name__}`", ""] if titled else [f"`{module.__name__}`", ""]
    lines += [_summary(module), ""]
    skipped = ELSEWHERE.get(module.__name__, set())
    spellings: dict[str, list[str]] = {}
    for name in public_names(module):
        if name not in skipped:
            spellings.setdefault(home(getattr(module, name)), []).append(name)
    families: dict[str, list[str]] = {}
    for path, names in spellings.items():
        family = _family(getattr(module, names[0]), page.families)
        families.setdefault(family, []).append(path)
    order = [*page.families.values(), OTHERS, ""]
    for family, paths in sorted(families.items(), key=lambda item: order.index(item[0])):
        if family:
            lines += [f"## {family}", ""]
        for path in paths:
            lines += _entry(path, spellings[path], page.members)
    return lines


def _entry(path: str, names: list[str], has_members: bool) -> list[str]:
    own = path.rpartition(".")[2]
    others = [name for name in names if name != own]
    lines = [f"::: {path}"]
    if has_members:
        lines += ["    options:", "      members: null", '      filters: ["!^_"]']
    if others:
        also = ", ".join(f"`{name}`" for name in others)
        lines += ["", f"Also: {also}."]
    return [*lines, ""]


def _summary(module: ModuleType) -> str:
    """What the module's docstring says, its sections made plain text."""
    text = inspect.cleandoc(module.__doc__ or "")
    text = re.sub(r"^Reference:\n    ", "Reference: ", text, flags=re.MULTILINE)
    return re.sub(r"https?://[^\s)]*[^\s).,]", r"<\g<0>>", text)


def _family(value: Any, families: Mapping[str, str]) -> str:
    """The heading for the names that are defined in one file; empty if there are no headings."""
    if not families:
        return ""
    return next((families[p] for p in value.__module__.split(".") if p in families), OTHERS)
