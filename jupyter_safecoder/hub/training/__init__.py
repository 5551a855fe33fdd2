"""Training jobs and adapters of the groups of a JupyterHub."""
