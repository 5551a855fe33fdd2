"""A request body that is read in pieces, up to a limit: for the doors of server and runtime."""

from __future__ import annotations

from jupyter_safecoder.errors import BodyTooLarge


class BoundedBody:
    """Collects a body; what lies beyond the limit is read and dropped, never held.

    Parameters
    ----------
    limit
        In bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take in a piece."""
        if len(self._pieces) <= self._limit:
            self._pieces += chunk

    def whole(self) -> bytes:
        """Return the body.

        Raises
        ------
        TooLarge
            If it is larger than the limit.
        """
        if len(self._pieces) > self._limit:
            raise BodyTooLarge(f"The request is larger than {self._limit:,} bytes.")
        return bytes(self._pieces)
