"""JupyterHub service: access policy, quotas, audit and team adapters on shared runtimes."""

from .config import add_safecoder

__all__ = ["add_safecoder"]
