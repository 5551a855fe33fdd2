"""Appends records to the audit log and counts usage from it, in a thread of its own.

The log is written first, many records at once if many come. Usage is counted from the log: what a
database misses while it is away is counted when it is back.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from .audit_chain import entries_after
from .audit_log import AuditLog
from .record import PROBE_ACTION, Record
from .repeats import Repeats
from .usage import UsageStore

#: Maximum number of records that are written at once, and of entries that are counted at once.
_MAX_BATCH, _MAX_COUNTED = 256, 1_000
#: Seconds between two attempts to reach a database, and between two deletions of old data.
_RETRY_S, _PRUNE_INTERVAL_S = 1.0, 3600.0
#: Seconds between two checks whether a minute is over of which repeated records are counted.
_FLUSH_INTERVAL_S = 5.0
#: Maximum number of records that wait to be written. New requests are denied from the half of it
#: on, so that those that run already can be recorded.
_MAX_QUEUED = 10_000
log = logging.getLogger(__name__)


class AuditWriter:
    """The audit log, and the usage counted from it.

    Parameters
    ----------
    audit
        The log.
    usage
        The counts.
    retention_days
        Returns for how many days both are kept; 0: forever.
    """

    def __init__(
        self, audit: AuditLog, usage: UsageStore, retention_days: Callable[[], int]
    ) -> None:
        self._audit = audit
        self._usage = usage
        self._retention_days = retention_days
        self._queue: queue.SimpleQueue[tuple[Record, Future[None]] | None] = queue.SimpleQueue()
        self._repeats = Repeats()
        self._counted = usage.counted_position(audit.name)
        self._pruned_at = -_PRUNE_INTERVAL_S
        self._logged_hash = ""
        #: Why records cannot be written, or usage cannot be counted; empty while they can.
        self.audit_error = ""
        self.count_error = ""
        with suppress(OSError):  # the first record reports it
            audit.make_reserve()
        self._thread = threading.Thread(target=self._run, name="safecoder-audit", daemon=True)
        self._thread.start()

    def append(self, record: Record) -> Future[None]:
        """Append a record; the future ends when it is in the log, with OSError if it is not."""
        written: Future[None] = Future()
        # So that cancelling the future does not keep the record from being written.
        written.set_running_or_notify_cancel()
        if self._queue.qsize() < _MAX_QUEUED:
            self._queue.put((record, written))
        else:
            written.set_exception(OSError(errno.EAGAIN, "too many records wait to be written"))
        return written

    def append_repeated(self, record: Record) -> None:
        """Append a record of which a user may cause many: see :class:`~.repeats.Repeats`."""
        for one in self._repeats.add(record):
            if self.append(one).done():
                log.error("A record is lost: too many wait to be written.")

    @property
    def is_congested(self) -> bool:
        """Whether so many records wait to be written that no more should be caused."""
        return self._queue.qsize() >= _MAX_QUEUED // 2

    @property
    def directory(self) -> Path:
        """Directory of the audit log."""
        return self._audit.directory

    @property
    def last_hash(self) -> str:
        """Hash of the last line of the audit log."""
        return self._audit.last_hash

    def close(self) -> None:
        """Write and count what is queued, then let another process write the log."""
        for record in self._repeats.close():
            self.append(record)
        self._queue.put(None)
        self._thread.join()
        self._audit.close()

    def _run(self) -> None:
        self._count()
        while True:
            batch = self._next_batch()
            if pairs := [pair for pair in batch if pair is not None]:
                self._write(pairs)
            if batch or self.count_error:
                self._count()
            if None in batch:
                return
            self._prune()

    def _next_batch(self) -> list[tuple[Record, Future[None]] | None]:
        """Wait for records; return an empty list after a while."""
        batch: list[tuple[Record, Future[None]] | None] = []
        batch += [(record, Future()) for record in self._repeats.due()]
        if batch:
            return batch
        timeout = _RETRY_S if self.count_error else _FLUSH_INTERVAL_S
        try:
            batch.append(self._queue.get(timeout=timeout))
            while len(batch) < _MAX_BATCH:
                batch.append(self._queue.get_nowait())
        except queue.Empty:
            return batch
        return batch

    def _write(self, pairs: list[tuple[Record, Future[None]]]) -> None:
        full: OSError | None = None
        try:
            self._audit.make_reserve()
        except OSError as error:
            # What runs already is recorded as long as that is possible, but nothing new begins.
            full = error
            for _, written in (pair for pair in pairs if pair[0].action == PROBE_ACTION):
                written.set_exception(error)
            pairs = [pair for pair in pairs if pair[0].action != PROBE_ACTION]
        failure: OSError | None = None
        try:
            if pairs:
                self._audit.write(*(record.to_entry() for record, _ in pairs))
                if not self._audit.has_reserve:
                    full = full or OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            failure = error
        self._set_error("audit_error", "The audit log cannot be written", failure or full)
        for _, written in pairs:
            if failure is None:
                written.set_result(None)
            else:
                written.set_exception(failure)

    def _count(self) -> None:
        error: Exception | None = None
        try:
            while entries := entries_after(self._audit.directory, self._counted, _MAX_COUNTED):
                self._usage.count(self._audit.name, entries)
                self._counted = entries[-1][1]
        except (SQLAlchemyError, OSError) as failure:
            error = failure
        self._set_error("count_error", "Tokens cannot be counted", error)

    def _prune(self) -> None:
        if self.count_error or time.monotonic() - self._pruned_at < _PRUNE_INTERVAL_S:
            return
        self._pruned_at = time.monotonic()
        self._log_hash()
        if days := self._retention_days():
            try:
                self._audit.prune(days)
                self._usage.prune(days)
            except (SQLAlchemyError, OSError) as error:
                log.error("Old entries cannot be deleted: %s.", type(error).__name__)

    def _log_hash(self) -> None:
        """Write the last hash to the service's log: elsewhere, it proves the lines before it."""
        if self.last_hash != self._logged_hash:
            self._logged_hash = self.last_hash
            log.info("The last hash of the audit log is %s.", self.last_hash)

    def _set_error(self, attribute: str, message: str, error: Exception | None) -> None:
        """Set or clear an error; log it once when it begins, and once when it is over."""
        reason = "" if error is None else getattr(error, "strerror", "") or type(error).__name__
        new, old = f"{message}: {reason}." if reason else "", getattr(self, attribute)
        if new and not old:
            log.error("%s", new)
        elif old and not new:
            log.info("No longer: %s", old)
        setattr(self, attribute, new)
