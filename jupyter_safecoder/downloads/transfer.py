"""Transfers a file: continued after a break, never more than announced, used only if verified."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import DownloadError, ModelError
from jupyter_safecoder.files import make_directory
from jupyter_safecoder.models import format_gb
from jupyter_safecoder.models.fingerprint import hash_file

_CHUNK_BYTES = 2**20
_OK, _PARTIAL_CONTENT, _OUT_OF_RANGE = 200, 206, 416
#: Errors of the system for a full disk, an exceeded quota, and the maximum size of a file.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: Sends a GET with these additional headers; the context yields the response of an HTTP client.
OpenResponse = Callable[[Mapping[str, str]], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Announced:
    """What is known of a file before it is transferred.

    Parameters
    ----------
    title
        Names the file in messages.
    size
        Bytes; ``None``: not known.
    sha256
        Hash in hexadecimal; empty: not known.
    max_bytes
        Maximum size, where the size is not known.
    """

    title: str
    size: int | None
    sha256: str
    max_bytes: int = 0

    @property
    def limit(self) -> int:
        """Bytes after which a transfer is stopped."""
        return self.max_bytes if self.size is None else self.size


def transfer(
    open_response: OpenResponse,
    announced: Announced,
    target: Path,
    partial: Path,
    progress: Callable[[int], None] = lambda received: None,
) -> None:
    """Write a file of a server to a path, where it appears complete and verified, or not at all.

    What was received before a break is kept, and the transfer continued from there if the server
    can do that.

    Parameters
    ----------
    open_response
        Requests the file.
    announced
        What the file must be.
    target
        The path. The caller holds a lock for it.
    partial
        Where the file is until it is complete, on the same disk.
    progress
        Called with the number of bytes that are here.

    Raises
    ------
    DownloadError
        If the server's file is another one, or the transfer breaks off.
    ModelError
        If the disk is full.
    """
    with explain_disk_errors(announced.title):
        for path in (target, partial):
            make_directory(path.parent)
        if not partial.is_file() or partial.stat().st_size != announced.size:
            _receive(open_response, announced, partial, progress)
        _verify(partial, announced)
        os.replace(partial, target)


def _receive(
    open_response: OpenResponse,
    announced: Announced,
    partial: Path,
    progress: Callable[[int], None],
) -> None:
    received = partial.stat().st_size if partial.is_file() else 0
    # Not compressed for the transfer: the hash is that of the file.
    headers = {"Accept-Encoding": "identity"}
    if received:
        headers["Range"] = f"bytes={received}-"
    with open_response(headers) as response:
        if response.status_code == _OUT_OF_RANGE:
            return  # what is here is all that there is, or another file
        continued = response.status_code == _PARTIAL_CONTENT and _starts_at(response, received)
        if not continued and response.status_code != _OK:
            raise _wrong(announced, f"its server answers with the status {response.status_code}")
        received = received if continued else 0
        with partial.open("ab" if continued else "wb") as stream:
            for chunk in response.iter_raw(_CHUNK_BYTES):
                received += len(chunk)
                if received > announced.limit:
                    stream.truncate(0)
                    raise _wrong(announced, f"it is larger than {announced.limit:,} bytes")
                stream.write(chunk)
                progress(received)
    if announced.size is not None and received < announced.size:
        raise DownloadError(
            f"The download of {announced.title} stopped after {format_gb(received)} of "
            f"{format_gb(announced.size)}.",
            "Start it again: it continues from there.",
        )


def _starts_at(response: Any, offset: int) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {offset}-")


def _verify(partial: Path, announced: Announced) -> None:
    """Delete what was received if it is not the file that was announced."""
    size = partial.stat().st_size
    if announced.size is not None and size != announced.size:
        reason = f"it has {size:,} bytes instead of {announced.size:,}"
    elif announced.sha256 and hash_file(partial) != announced.sha256:
        reason = "its SHA-256 differs"
    else:
        return
    partial.unlink()
    raise _wrong(announced, reason)


def _wrong(announced: Announced, reason: str) -> DownloadError:
    return DownloadError(
        f"The file of {announced.title} is not the one that was announced: {reason}.",
        "It is not used. Try again; if that does not help, find out who changed it.",
    )


@contextmanager
def explain_disk_errors(title: str) -> Iterator[None]:
    """Turn errors of the disk into ``ModelError``; ``title`` names what is downloaded."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise ModelError(
                f"The disk is full: the download of {title} stopped, and is kept so far.",
                "Free some space, or set c.SafeCoder.cache_dir to a larger disk, and start again.",
            ) from error
        raise ModelError(
            f"The download of {title} cannot be written: {error.strerror or type(error).__name__}.",
            "Set c.SafeCoder.cache_dir to a directory that can be written.",
        ) from error
