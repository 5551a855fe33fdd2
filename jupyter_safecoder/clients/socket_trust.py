"""Whether a Unix socket is that of the service: checked before a token is sent to it.

The path comes from the Hub. Only who can write to one of its directories can put another socket
there, so no directory of the path may be writable for others. A directory such as ``/tmp``, where
everyone creates what no other user can replace, may be: what is in it must be root's or our own.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from jupyter_safecoder.errors import UntrustedSocket

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_REMEDY = (
    "Ask an administrator of the Hub: the socket must be in a directory that only root or the "
    "service's account can write to, and so must be each directory above."
)


def check_socket(path: Path) -> None:
    """Check that only root, this account or the service's account can have made a socket.

    Parameters
    ----------
    path
        Absolute path of the socket.

    Raises
    ------
    UntrustedSocket
        If another account can have made it, or there is no socket.
    """
    directory = check_directory(path.parent)
    info = _lstat(path)
    if not stat.S_ISSOCK(info.st_mode):
        raise _untrusted(path, "is not a socket")
    if info.st_uid not in (*_trusted(), directory.st_uid):
        raise _untrusted(path, "belongs to another account than its directory")


def check_directory(path: Path) -> os.stat_result:
    """Check that others can write neither to a directory nor to one above it.

    Parameters
    ----------
    path
        Absolute path of the directory.

    Returns
    -------
    os.stat_result
        Of the directory.

    Raises
    ------
    UntrustedSocket
        If others can, there is no such directory, or a part of the path is a link.
    """
    if not path.is_absolute() or ".." in path.parts:
        raise _untrusted(path, "is not an absolute path")
    above: os.stat_result | None = None
    for part in (*reversed(path.parents), path):
        info = _lstat(part)
        if not stat.S_ISDIR(info.st_mode):
            raise _untrusted(part, "is not a directory")
        if above is not None and above.st_mode & _OTHERS_WRITE and info.st_uid not in _trusted():
            raise _untrusted(part, "belongs to another account")
        if info.st_mode & _OTHERS_WRITE and not info.st_mode & stat.S_ISVTX:
            raise _untrusted(part, "is writable for other accounts")
        above = info
    assert above is not None
    if above.st_mode & _OTHERS_WRITE:
        raise _untrusted(path, "is writable for other accounts")
    return above


def _trusted() -> tuple[int, ...]:
    return (0, os.getuid())


def _lstat(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except OSError as error:
        raise UntrustedSocket(
            f"The Hub's SafeCoder service does not answer: {path}: {error.strerror}.",
            "Wait a moment, or ask an administrator of the Hub whether this account can reach it.",
        ) from None


def _untrusted(path: Path, reason: str) -> UntrustedSocket:
    return UntrustedSocket(
        f"No token is sent to the Hub's SafeCoder service: {path} {reason}.", _REMEDY
    )
