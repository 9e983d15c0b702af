"""What Pillow 5 offered."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from kir.former_names._offering import offer


def add_pil(module: ModuleType) -> None:
    """Until Pillow 7."""
    offer(module, {"PILLOW_VERSION": module.__version__, "VERSION": "1.1.7"})


def add_pil_image(module: ModuleType) -> None:
    """Second names of filters, until Pillow 10."""
    filters = module.Resampling
    offer(
        module,
        {"ANTIALIAS": filters.LANCZOS, "LINEAR": filters.BILINEAR, "CUBIC": filters.BICUBIC},
    )


def add_pil_imagedraw(module: ModuleType) -> None:
    """The size of a text, until Pillow 10."""

    def textsize(self: Any, text: Any, font: Any = None, *args: Any, **kwargs: Any) -> Any:
        return _size(self.textbbox((0, 0), text, font, None, *args, **kwargs))

    offer(module.ImageDraw, {"textsize": textsize, "multiline_textsize": textsize})


def add_pil_imagefont(module: ModuleType) -> None:
    """The size of a text, until Pillow 10."""

    def getsize(self: Any, text: Any, *args: Any, **kwargs: Any) -> Any:
        return _size(self.getbbox(text, *args, **kwargs))

    def getoffset(self: Any, text: Any) -> Any:
        return tuple(int(n) for n in self.getbbox(text)[:2])

    for font in (module.ImageFont, module.FreeTypeFont, module.TransposedFont):
        offer(font, {"getsize": getsize, "getoffset": getoffset})


def _size(box: Any) -> tuple[int, int]:
    """Width and height, which is measured from the line's top."""
    left, _, right, bottom = box
    return int(right - left), int(bottom)
