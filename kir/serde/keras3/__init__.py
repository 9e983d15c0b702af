"""Configs and weights in the form of Keras 3: the content of its ``.keras`` archives."""
