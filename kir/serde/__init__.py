"""Formats that a graph is read from and written to: protobuf, and Keras's JSON and YAML."""
