"""The policy file, read again when it changes; while it has an error, nobody may do anything."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from jupyter_safecoder.errors import PolicyError

from .policy import Policy, parse_policy

#: Seconds between two looks at the file.
_LOOK_S = 1.0
log = logging.getLogger(__name__)


class PolicyFile:
    """The policy in force.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: object = None
        self._looked = -_LOOK_S
        self._policy: Policy | None = None
        self.problem = ""

    def current(self) -> Policy | None:
        """Return the policy; ``None`` where there is none: ``problem`` says why."""
        if time.monotonic() - self._looked >= _LOOK_S:
            self._looked = time.monotonic()
            self._look()
        return self._policy

    @property
    def in_force(self) -> Policy | None:
        """The policy as it was read last."""
        return self._policy

    def reload(self) -> None:
        """Read the file now, changed or not."""
        self._seen = None
        self._look()

    def _look(self) -> None:
        try:
            info = self._path.stat()
            seen = (info.st_mtime_ns, info.st_size, info.st_ino)
            if seen == self._seen:
                return
            self._seen = seen
            self._policy, self.problem = parse_policy(self._path.read_text("utf-8")), ""
            log.info("The policy %s is in force.", self._path)
        except (OSError, UnicodeDecodeError, PolicyError) as error:
            if isinstance(error, OSError):
                self._seen = None
            reason = error.strerror if isinstance(error, OSError) else str(error)
            problem = f"The policy {self._path} cannot be used: {reason}"
            if problem != self.problem:
                log.error("%s Nobody may do anything until it is mended.", problem)
            self._policy, self.problem = None, problem
