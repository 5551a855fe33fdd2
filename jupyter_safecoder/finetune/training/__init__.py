"""The training loop of a low-rank adapter."""
