"""Clients of a runtime process and of a JupyterHub service, and what starts and finds them."""
