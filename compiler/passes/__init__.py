"""Passes: rewrites of the graph, one a file."""
