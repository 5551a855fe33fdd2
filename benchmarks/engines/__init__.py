"""Benchmarks of the engines: ours and others on the same weights and prompts."""
