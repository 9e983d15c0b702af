"""Models for use without kir."""

from runtime.export.saved_model import export_saved_model as export_saved_model

__all__ = ["export_saved_model"]
