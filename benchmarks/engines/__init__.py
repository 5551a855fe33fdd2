"""Benchmarks of the engines: those of this package and others, on the same weights and prompts."""
