"""Models for use without kir."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runtime.export.formats import EXPORT_FORMATS as EXPORT_FORMATS
from runtime.export.formats import export as export

if TYPE_CHECKING:
    from runtime.export.saved_model import export_saved_model as export_saved_model

__all__ = ["EXPORT_FORMATS", "export", "export_saved_model"]


def __getattr__(name: str) -> Any:
    # It loads TensorFlow, which the table of formats and the export to ONNX do without.
    if name == "export_saved_model":
        from runtime.export.saved_model import export_saved_model

        return export_saved_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
