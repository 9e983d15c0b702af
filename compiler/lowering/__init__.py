"""Lowering: how nodes of a graph become TensorFlow ops."""
