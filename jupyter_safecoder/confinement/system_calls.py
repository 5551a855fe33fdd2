"""Has the kernel of the system deny the network to this process, native code included.

A filter of system calls (seccomp, https://docs.kernel.org/userspace-api/seccomp_filter.html) lets
a process create Unix sockets, and sockets to ask the kernel of the system, but none for a network.
It holds for all threads and for all processes that this one starts, and is never removed. It needs
no privilege.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import platform
import socket
import struct
import sys

log = logging.getLogger(__name__)

#: From linux/prctl.h, linux/seccomp.h, linux/filter.h and linux/audit.h.
_PR_SET_NO_NEW_PRIVS, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 38, 1, 1
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
#: Offsets in ``struct seccomp_data``: the number of the call, the architecture, the first argument.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
#: Architecture to its audit number and its numbers of ``seccomp`` and ``socket``.
_MACHINES = {"x86_64": (0xC000003E, 317, 41), "aarch64": (0xC00000B7, 277, 198)}
#: The same on all architectures. Requests in a ring of it are not seen by a filter.
_IO_URING_SETUP = 425
#: Numbers from here on are calls of the x32 ABI, which has numbers of its own.
_X32 = 0x40000000
#: Families of sockets that reach no other machine.
_FAMILIES = (1, 16)  # AF_UNIX, AF_NETLINK
_STATE = {"denied": False}


def is_network_denied() -> bool:
    """Return whether the filter holds for this process."""
    return _STATE["denied"]


def deny_network() -> str:
    """Deny the network to this process, and to all that it starts, for ever.

    Returns
    -------
    str
        Why that is not possible; empty: it is denied.
    """
    if _STATE["denied"]:
        return ""
    reason = _deny()
    if reason:
        log.info("The network is not denied to native code: %s", reason)
    _STATE["denied"] = not reason
    return reason


def _deny() -> str:
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MACHINES or sys.maxsize < 2**32:
        return f"There is no filter of system calls for {platform.system()} {machine}."
    program = _program(machine)
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, and where they are.
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero):
        return _error()
    number = ctypes.c_long(_MACHINES[machine][1])
    mode, flags = ctypes.c_uint(_SECCOMP_SET_MODE_FILTER), ctypes.c_uint(_SECCOMP_FILTER_FLAG_TSYNC)
    if libc.syscall(number, mode, flags, header):
        return _error()
    return "" if _is_refused() else "The filter of system calls has no effect."


def _error() -> str:
    return f"The system does not grant it ({errno.errorcode.get(ctypes.get_errno(), 'unknown')})."


def _is_refused() -> bool:
    """Return whether a socket for the internet is really denied: some sandboxes ignore filters."""
    try:
        socket.socket(socket.AF_INET).close()
    except PermissionError:
        return True
    return False


def _program(machine: str) -> bytes:
    """Return the filter, as instructions of ``struct sock_filter``."""
    audit, _, socket_call = _MACHINES[machine]
    deny = _ERRNO | errno.EACCES
    # Jumps are numbers of instructions to leave out: if true, if false.
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, deny),  # calls of another architecture have other numbers
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, deny),
        (_EQUAL, 0, 1, _IO_URING_SETUP),
        (_RETURN, 0, 0, deny),
        (_EQUAL, 1, 0, socket_call),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *((_EQUAL, len(_FAMILIES) - n, 0, family) for n, family in enumerate(_FAMILIES)),
        (_RETURN, 0, 0, deny),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
