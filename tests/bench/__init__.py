"""Benchmarks: kir against TensorFlow written by hand, as ratios in one run."""
