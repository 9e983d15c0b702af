"""Data on its way into a model."""
