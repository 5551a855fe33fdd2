"""What a Hub prepares for a service that it starts on its own host, before any user can.

Users' servers reach the service at a Unix socket, in a directory to which only the service's
account can write. The Hub's proxy reaches it at a port of the loopback address: the Hub's process
keeps that port for the service, so that no other account can listen there while it is away.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_safecoder.clients.connection import MAX_SOCKET_PATH_BYTES
from jupyter_safecoder.clients.socket_trust import check_directory
from jupyter_safecoder.errors import UntrustedSocket

if TYPE_CHECKING:
    from pwd import struct_passwd

#: Hosts of URLs that only this host reaches.
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_ROOT_DIRECTORY = Path("/run/jupyter-safecoder")
_ROOT_NEEDS_USER = (
    "add_safecoder(): this Hub runs as root, and the SafeCoder service must not, because it reads "
    "models and notebooks of users. Create an account for it and name it:\n"
    "  useradd --system --create-home --home-dir /var/lib/safecoder safecoder\n"
    '  add_safecoder(c, …, user="safecoder")\n'
    'arguments=["--allow-root"] lets it run as root all the same.'
)
#: The reserved ports, for as long as this process lives.
_RESERVED: dict[tuple[str, int], socket.socket] = {}


def service_account(user: str, *, allow_root: bool) -> struct_passwd:
    """Return the account that the service runs as.

    Parameters
    ----------
    user
        Its name; empty: that of this process.
    allow_root
        Whether it may be root's.

    Raises
    ------
    ValueError
        If there is no such account, or it is root's and may not be.
    """
    # Imported here: Windows has no such module.
    from pwd import getpwnam, getpwuid

    try:
        account = getpwnam(user) if user else getpwuid(os.getuid())
    except KeyError:
        raise ValueError(f"add_safecoder(): there is no account {user or os.getuid()!r}.") from None
    if account.pw_uid == 0 and not allow_root:
        raise ValueError(_ROOT_NEEDS_USER)
    if user and os.getuid() not in (0, account.pw_uid):
        raise ValueError(
            f"add_safecoder(): only a Hub that runs as root can start the service as {user!r}."
        )
    return account


def default_socket(account: struct_passwd, port: int) -> Path:
    """Return the path of the socket of the service at a port.

    A Hub of root has it where all accounts can reach it. Any other Hub mostly starts the servers
    of all users as itself: only its own account can reach it.
    """
    if os.getuid() == 0:
        return _ROOT_DIRECTORY / str(port) / "service.sock"
    return Path(tempfile.gettempdir()).resolve() / f"safecoder-{account.pw_uid}" / f"{port}.sock"


def prepare_directory(path: Path, account: struct_passwd) -> None:
    """Create the directory of a socket, if there is none, and give it to the service's account.

    Raises
    ------
    ValueError
        If the path is too long, the directory cannot be created or is not that account's, or
        another account can write to one of the directories of the path.
    """
    if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
        raise ValueError(f"add_safecoder(): {path} is too long for a Unix socket: name a shorter.")
    directory = path.parent
    try:
        is_ours = _create(directory) or _ROOT_DIRECTORY in directory.parents
        owner = check_directory(directory).st_uid
        if os.getuid() != 0 or owner == account.pw_uid:
            return
        # A directory that was there may have files of the Hub: it stays root's.
        if owner == 0 and is_ours:
            os.chown(directory, account.pw_uid, account.pw_gid, follow_symlinks=False)
            return
    except UntrustedSocket as error:
        raise ValueError(f"add_safecoder(): {error.reason}") from None
    except OSError as error:
        raise ValueError(
            f"add_safecoder(): {directory} cannot be created: {error.strerror}. Name a socket in "
            "another directory with socket=."
        ) from None
    raise ValueError(
        f"add_safecoder(): {directory} does not belong to {account.pw_name!r}: name a socket in a "
        "directory of its own, which is then created."
    )


def _create(directory: Path) -> bool:
    """Create a directory, through which every account may pass; return whether there was none."""
    if directory.exists():
        return False
    umask = os.umask(0o022)
    try:
        directory.mkdir(parents=True)
    finally:
        os.umask(umask)
    return True


def reserve_port(host: str, port: int, account: struct_passwd) -> None:
    """Keep a port for the service of an account, until this process ends.

    The socket does not listen. Only an account that has bound a port so can bind it again: the
    service does, and other accounts cannot.

    Raises
    ------
    ValueError
        If another process has the port.
    """
    if (host, port) in _RESERVED or not hasattr(socket, "SO_REUSEPORT"):
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reserved = socket.socket(family, socket.SOCK_STREAM)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if os.getuid() == 0:
            # A port belongs to the account of the socket that has it.
            os.fchown(reserved.fileno(), account.pw_uid, -1)
        reserved.bind((host, port))
    except OSError as error:
        reserved.close()
        raise ValueError(
            f"add_safecoder(): port {port} of {host} cannot be kept for the SafeCoder service: "
            f"{error.strerror}. End the program that has it, or choose another port with url=."
        ) from None
    _RESERVED[host, port] = reserved
