"""Locks among processes that say why they cannot be had, on file systems without such locks.

NFS without a lock service answers ``ENOLCK``, some parallel file systems ``ENOTSUP`` or ``ENOSYS``:
``flock(2)`` and ``fcntl_locking(2)`` of Linux. Nothing is then known about other processes.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from jupyter_safecoder.errors import LocksUnavailable

#: Errors of a file system that has no locks.
_NO_LOCKS = frozenset(
    {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EIO}
)


class ProcessLock(FileLock):
    """A lock that is released when its process ends, however it ends.

    Parameters
    ----------
    path
        Path of the lock's file, in a directory that exists.
    **options
        As for :class:`filelock.FileLock`.
    """

    def acquire(self, *arguments: Any, **options: Any) -> Any:
        """Acquire the lock; see :meth:`filelock.BaseFileLock.acquire`.

        Raises
        ------
        filelock.Timeout
            If another process has it.
        LocksUnavailable
            If the file system has no locks.
        OSError
            If the file of the lock cannot be opened.
        """
        try:
            return super().acquire(*arguments, **options)
        except Timeout:
            raise
        except NotImplementedError:  # ENOSYS, in older versions of filelock
            raise _unavailable(self.lock_file, errno.ENOSYS) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            raise _unavailable(self.lock_file, error.errno) from None

    def _fallback_to_soft_lock(self) -> None:
        # A file that exists instead of a lock would stay when its process is killed.
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), self.lock_file)


def process_lock(path: Path) -> ProcessLock:
    """Return a lock whose file is for its owner only."""
    return ProcessLock(path, mode=0o600)


def _unavailable(lock_file: str, number: int | None) -> LocksUnavailable:
    return LocksUnavailable(
        f"The file system of {Path(lock_file).parent} has no file locks "
        f"({os.strerror(number or 0)}).",
        "Set c.SafeCoder.cache_dir, or --cache-dir, to a directory on a local disk or on a file "
        "system with locks, such as NFS with its lock service.",
    )
