"""One runtime for a whole JupyterHub: who asks, what they may, what is noted of it."""

from .config import add_safecoder

__all__ = ["add_safecoder"]
