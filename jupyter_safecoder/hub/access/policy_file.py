"""The policy file, read again when it changes; while it is invalid, there is no policy."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from jupyter_safecoder.errors import PolicyError

from .policy import Policy
from .policy_parser import parse_policy

#: Minimum seconds between two checks whether the file has changed.
_CHECK_INTERVAL_S = 1.0
log = logging.getLogger(__name__)


class PolicyFile:
    """A policy file, and the policy that it had when it was read last.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signature: object = None
        self._checked_at = -_CHECK_INTERVAL_S
        self._policy: Policy | None = None
        #: Why there is no policy; empty if there is one.
        self.error = ""

    @property
    def policy(self) -> Policy | None:
        """The policy as it was read last; ``None`` if the file is invalid or missing."""
        return self._policy

    def reload_if_changed(self) -> Policy | None:
        """Return the policy, read again if the file has changed; checked once a second at most."""
        if time.monotonic() - self._checked_at >= _CHECK_INTERVAL_S:
            self._checked_at = time.monotonic()
            self._read()
        return self._policy

    def reload(self) -> None:
        """Read the file now, whether it has changed or not."""
        self._signature = None
        self._read()

    def _read(self) -> None:
        try:
            info = self._path.stat()
            signature = (info.st_mtime_ns, info.st_size, info.st_ino)
            if signature == self._signature:
                return
            self._signature = signature
            self._policy, self.error = parse_policy(self._path.read_text("utf-8")), ""
            log.info("The policy %s is in force.", self._path)
        except (OSError, UnicodeDecodeError, PolicyError) as error:
            if isinstance(error, OSError):
                self._signature = None
            reason = error.strerror if isinstance(error, OSError) else str(error)
            message = f"The policy {self._path} cannot be used: {reason}"
            if message != self.error:
                log.error("%s All requests are denied until it is fixed.", message)
            self._policy, self.error = None, message
