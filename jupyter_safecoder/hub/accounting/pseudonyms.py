"""Under which name somebody is recorded: their own, or one that only the service can make."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

_SHOWN = 16


class Pseudonyms:
    """Turns names into pseudonyms, always the same ones for a state directory.

    Parameters
    ----------
    path
        The key; made if it is not there. Who has it can find out whose a pseudonym is.

    Raises
    ------
    OSError
        If it cannot be read or made.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            temporary = path.with_suffix(f".{secrets.token_hex(4)}")
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(secrets.token_bytes(32))
            os.replace(temporary, path)
        self._key = path.read_bytes()

    def of(self, name: str) -> str:
        """Return somebody's pseudonym."""
        name_bytes = name.encode("utf-8", "backslashreplace")
        return f"p-{hmac.new(self._key, name_bytes, hashlib.sha256).hexdigest()[:_SHOWN]}"
