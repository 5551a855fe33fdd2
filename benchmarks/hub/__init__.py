"""Benchmarks of a JupyterHub service: overhead, fairness, capacity."""
