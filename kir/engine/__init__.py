"""The engine: symbolic tensors, layers, networks, models."""
