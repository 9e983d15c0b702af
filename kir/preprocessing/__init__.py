"""Preparing data: sequences, texts and images.

`sequence` and `text` need NumPy only; `image` needs Pillow and SciPy for what reads, writes or
moves pixels (``pip install "kir[image]"``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kir._lazy import lazy_names

if TYPE_CHECKING:
    from kir.preprocessing import image, sequence, text

__all__ = ["image", "sequence", "text"]


# That of the package in which Keras has them, as programs ask for it.
__version__ = "1.0.5"

# The last two are how Keras's module told the package that it took this from where Keras is.
__getattr__ = lazy_names(
    __name__,
    {
        **{name: f"{__name__}.{name}" for name in __all__},
        "get_keras_submodule": "kir.legacy.submodules:get_keras_submodule",
        "set_keras_submodules": "kir.legacy.submodules:set_keras_submodules",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
