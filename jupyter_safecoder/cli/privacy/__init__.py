"""``jupyter safecoder privacy``, ``privacy scan`` and ``secrets``."""

from .privacy import add_privacy_commands, describe_network
from .secrets import add_secrets_command

__all__ = ["add_privacy_commands", "add_secrets_command", "describe_network"]
