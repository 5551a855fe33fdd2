"""The decompressed stream of a tar archive, which the headers in it cannot make large.

The module tarfile reads an extended header, such as a long name, into memory at once, whatever size
it gives. A kilobyte of gzip can hold a megabyte of it.
"""

from __future__ import annotations

import bz2
import gzip
import io
from pathlib import Path
from typing import IO, Any, cast

#: Maximum bytes of one read, and of all headers: tens of thousands of files have 30 MB.
_MAX_READ_BYTES, _MAX_HEADER_BYTES = 2**20, 64 * 2**20
_COMPRESSIONS = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}


class TarStream(io.RawIOBase):
    """A stream for :func:`tarfile.open` that raises an error where too much would be read.

    Parameters
    ----------
    path
        The archive: plain, or compressed by gzip or bzip2.
    max_bytes
        Maximum bytes, decompressed.

    Raises
    ------
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        with path.open("rb") as stream:
            start = stream.read(2)
        opener = cast(Any, _COMPRESSIONS.get(start, open))
        self._stream: IO[bytes] = opener(path, "rb")
        self._max_bytes = max_bytes
        self._header_bytes_left: int | None = _MAX_HEADER_BYTES

    def headers_are_read(self) -> None:
        """Count no bytes any more: what follows is the content of files."""
        self._header_bytes_left = None

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises
        ------
        OverflowError
            If they are too many.
        """
        if not 0 <= size <= _MAX_READ_BYTES:
            raise OverflowError("the archive is too large")
        if self._header_bytes_left is not None:
            self._header_bytes_left -= size
            if self._header_bytes_left < 0:
                raise OverflowError("the archive is too large")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, counted from the start.

        Raises
        ------
        OverflowError
            If the archive may not have so many bytes.
        """
        if whence != io.SEEK_SET or not 0 <= offset <= self._max_bytes:
            raise OverflowError("the archive is too large")
        return self._stream.seek(offset)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be moved."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()
