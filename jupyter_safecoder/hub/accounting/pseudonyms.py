"""Pseudonymous user names (keyed HMAC)."""

from __future__ import annotations

import errno
import hashlib
import hmac
import secrets
from pathlib import Path

from jupyter_safecoder.files import atomic_write

_KEY_BYTES, _DIGITS = 32, 16


class Pseudonyms:
    """Maps names to pseudonyms, always the same ones for a key.

    Parameters
    ----------
    path
        File with the key; created if it does not exist. With the key and a list of names it can be
        found out whose a pseudonym is.

    Raises
    ------
    OSError
        If the file cannot be read or created, or has no complete key: with a part of one, names
        could be found out by trying them.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            with atomic_write(path, mode=0o600) as stream:
                stream.write(secrets.token_bytes(_KEY_BYTES))
        self._key = path.read_bytes()
        if len(self._key) != _KEY_BYTES:
            raise OSError(
                errno.EINVAL,
                f"{path} is not a key of {_KEY_BYTES} bytes. Restore it, or delete it: then all "
                "users get new pseudonyms",
            )

    def pseudonym(self, name: str) -> str:
        """Return the pseudonym of a name."""
        name_bytes = name.encode("utf-8", "backslashreplace")
        return f"p-{hmac.new(self._key, name_bytes, hashlib.sha256).hexdigest()[:_DIGITS]}"
