"""Benchmark of the detection of secrets: planted secrets, and lines that hold none."""
