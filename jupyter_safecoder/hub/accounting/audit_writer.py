"""Notes each record in the audit log and counts it: in a thread, so that no answer waits.

The log is written first, many records at once where many come; the database is counted from it. A
database that is away is caught up with when it is back.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from .audit_chain import entries_after
from .audit_log import AuditLog
from .record import Record
from .usage import UsageStore

#: Records that are written at once, at most.
_BATCH = 256
#: Between two tries to reach a database, and two looks at what is old, in seconds.
_RETRY_S, _TIDY_S = 1.0, 3600.0
log = logging.getLogger(__name__)


class AuditWriter:
    """The audit log and the counts.

    Parameters
    ----------
    audit
        Where records are noted.
    usages
        Counts.
    keep_days
        Says how long both are kept; 0: for ever.
    """

    def __init__(self, audit: AuditLog, usages: UsageStore, keep_days: Callable[[], int]) -> None:
        self._audit = audit
        self._usages = usages
        self._keep_days = keep_days
        self._queue: queue.SimpleQueue[tuple[Record, Future[None]] | None] = queue.SimpleQueue()
        self._place = usages.counted(audit.name)
        self._tidied = -_TIDY_S
        #: Why nothing can be noted, or counted; empty while all is well.
        self.audit_problem = ""
        self.count_problem = ""
        self._thread = threading.Thread(target=self._work, name="safecoder-ledger", daemon=True)
        self._thread.start()

    def enter(self, record: Record) -> Future[None]:
        """Note a record; the future ends when the system has it, with OSError if it has not."""
        noted: Future[None] = Future()
        # It is written whoever stops waiting for it.
        noted.set_running_or_notify_cancel()
        self._queue.put((record, noted))
        return noted

    @property
    def directory(self) -> Path:
        """Where the audit log is."""
        return self._audit.directory

    @property
    def last(self) -> str:
        """The hash of the last line."""
        return self._audit.last

    def close(self) -> None:
        """Write and count what is left, and let another process write."""
        self._queue.put(None)
        self._thread.join()
        self._audit.close()

    def _work(self) -> None:
        self._count()
        while True:
            batch = self._next()
            if pairs := [pair for pair in batch if pair is not None]:
                self._write(pairs)
            if batch or self.count_problem:
                self._count()
            if None in batch:
                return
            self._tidy()

    def _next(self) -> list[tuple[Record, Future[None]] | None]:
        """Wait for something to do; an empty list after a while."""
        batch = []
        try:
            batch.append(self._queue.get(timeout=_RETRY_S if self.count_problem else _TIDY_S))
            while len(batch) < _BATCH:
                batch.append(self._queue.get_nowait())
        except queue.Empty:
            pass  # that is all there is
        return batch

    def _write(self, pairs: list[tuple[Record, Future[None]]]) -> None:
        try:
            self._audit.write(*(asdict(record) for record, _ in pairs))
            problem: OSError | None = None
        except OSError as error:
            problem = error
        self._tell("audit_problem", "The audit log cannot be written", problem)
        for _, noted in pairs:
            if problem is None:
                noted.set_result(None)
            else:
                noted.set_exception(problem)

    def _count(self) -> None:
        try:
            while entries := entries_after(self._audit.directory, self._place, 1_000):
                self._usages.count(self._audit.name, entries)
                self._place = entries[-1][1]
        except (SQLAlchemyError, OSError) as error:
            self._tell("count_problem", "Tokens cannot be counted now", error)
        else:
            self._tell("count_problem", "", None)

    def _tidy(self) -> None:
        if self.count_problem or time.monotonic() - self._tidied < _TIDY_S:
            return
        self._tidied = time.monotonic()
        if days := self._keep_days():
            try:
                self._audit.prune(days)
                self._usages.prune(days)
            except (SQLAlchemyError, OSError) as error:
                log.error("What is old cannot be removed: %s.", type(error).__name__)

    def _tell(self, which: str, what: str, error: Exception | None) -> None:
        """Say a problem once, and once that it is over."""
        why = "" if error is None else getattr(error, "strerror", "") or type(error).__name__
        problem = f"{what}: {why}." if why else ""
        if problem and not getattr(self, which):
            log.error("%s", problem)
        elif getattr(self, which) and not problem:
            log.info("That is over: %s", getattr(self, which))
        setattr(self, which, problem)
