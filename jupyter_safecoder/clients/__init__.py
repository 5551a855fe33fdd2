"""Clients of a runtime and of a JupyterHub service; starts, finds and supervises runtimes."""
