"""The runtime: what happens over time, with data, files and devices."""
