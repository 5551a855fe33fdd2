"""``jupyter safecoder attribution``."""

from .commands import add_attribution_commands

__all__ = ["add_attribution_commands"]
