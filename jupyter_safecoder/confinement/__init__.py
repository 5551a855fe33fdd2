"""What a process of ours does not do: connect to other machines, leave its memory on a disk."""

from .addresses import Address, proxies_of, split_address
from .guard import Confinement, allow, confinement, guard_connections
from .memory import keep_memory_private
from .system_calls import deny_network

__all__ = [
    "Address",
    "Confinement",
    "allow",
    "confinement",
    "deny_network",
    "guard_connections",
    "keep_memory_private",
    "proxies_of",
    "split_address",
]
