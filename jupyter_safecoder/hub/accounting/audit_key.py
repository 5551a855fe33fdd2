"""The evolving key of an audit log: who takes it over cannot rewrite what was written before.

Each line has a code of its own key (HMAC-SHA-256), and each key is the hash of the one before,
which is then overwritten (forward security: Bellare and Yee 1997). The first key is kept elsewhere:
it proves every line. The key of the next line is in the directory of the log.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEY_BYTES = 32
_PREFIX = b"key of the next line of an audit log\0"
#: Name of the file with the key of the next line, in the directory of the log.
KEY_FILE = "key"
#: Its content: always of the same length, so that it is overwritten in place.
_FORMAT = "{:020d} {}\n"


@dataclass(frozen=True)
class LineKey:
    """The key of a line.

    Parameters
    ----------
    key
        The key.
    number
        Number of the line, from 0: the first one that has a code.
    """

    key: bytes
    number: int = 0

    @classmethod
    def new(cls) -> LineKey:
        """Return the first key of a log."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    def next(self) -> LineKey:
        """Return the key of the next line; from it, this one cannot be found."""
        return LineKey(hashlib.sha256(_PREFIX + self.key).digest(), self.number + 1)

    def at(self, number: int) -> LineKey:
        """Return the key of a line that is not before this one."""
        key = self
        while key.number < number:
            key = key.next()
        return key

    def code(self, body: Mapping[str, Any]) -> str:
        """Return the code of an entry without its code and its hash, in hexadecimal."""
        content = json.dumps(body, sort_keys=True).encode()
        return hmac.new(self.key, content, hashlib.sha256).hexdigest()

    def to_text(self) -> str:
        """Return the content of the file of this key."""
        return _FORMAT.format(self.number, self.key.hex())


class KeyFile:
    """The key of the next line, on the disk of the service.

    Parameters
    ----------
    directory
        Directory of the log.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / KEY_FILE

    def read(self) -> LineKey | None:
        """Return the key; ``None`` if the log has none.

        Raises
        ------
        OSError
            If it cannot be read, or is not a key.
        """
        return read_key(self.path) if self.path.exists() else None

    def write(self, key: LineKey) -> None:
        """Overwrite the key with that of a later line.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        handle = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            os.pwrite(handle, key.to_text().encode(), 0)
        finally:
            os.close(handle)


def read_key(path: Path) -> LineKey:
    """Return the key of a file.

    Raises
    ------
    OSError
        If it cannot be read, or is not a key.
    """
    try:
        number, digits = path.read_text("ascii").split()
        key = LineKey(bytes.fromhex(digits), int(number))
    except ValueError:
        raise _not_a_key(path) from None
    if len(key.key) != _KEY_BYTES or key.number < 0:
        raise _not_a_key(path)
    return key


def create_key(directory: Path, path: Path) -> None:
    """Create the first key of a log: for the service, and for who verifies the log.

    Parameters
    ----------
    directory
        Directory of the log.
    path
        File for who verifies it; to be kept where the service cannot read it.

    Raises
    ------
    OSError
        If one of the files exists already, or cannot be written.
    """
    text = LineKey.new().to_text()
    own = directory / KEY_FILE
    _create(path, text)
    try:
        _create(own, text)
    except OSError:
        path.unlink()
        raise
    if os.getuid() == 0:
        # The account of the service has the directory, and needs what root has created there.
        info = directory.stat()
        for created in (own, directory / "lock"):
            if created.exists():
                os.chown(created, info.st_uid, info.st_gid)


def _create(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text)


def _not_a_key(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is not a key of 'jupyter safecoder audit key'", str(path))
