"""Records requests: in the audit log, and for everything else that listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from jupyter_safecoder.errors import (
    QueueTimeout,
    RequestDenied,
    RuntimeUnavailable,
    SafeCoderError,
    Superseded,
)
from jupyter_safecoder.hub.access.flood_guard import INVALID
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile

from .audit_writer import AuditWriter
from .pseudonyms import Pseudonyms
from .record import PROBE_ACTION, Record

_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (RequestDenied, "refused"),
    (Superseded, "superseded"),
    (QueueTimeout, "deadline"),
    (RuntimeUnavailable, "not_ready"),
    (GeneratorExit, "cancelled"),
    (asyncio.CancelledError, "cancelled"),
)


class Recorder:
    """Writes records to the audit log and passes them to listeners.

    Parameters
    ----------
    writer
        Writes the audit log and counts usage.
    pseudonyms
        The names of users, where the policy wants pseudonyms.
    policy
        The policy file.
    """

    def __init__(self, writer: AuditWriter, pseudonyms: Pseudonyms, policy: PolicyFile) -> None:
        self._writer = writer
        self._pseudonyms = pseudonyms
        self._policy = policy
        #: Called with each record.
        self.listeners: list[Callable[[Record], None]] = []

    def recorded_name(self, user: str) -> str:
        """Return a user's name or pseudonym, as the policy says.

        Without a policy it is the pseudonym.
        """
        policy = self._policy.policy
        by_name = policy is not None and policy.audit.identity == "name"
        return user if by_name else self._pseudonyms.pseudonym(user)

    def new_record(
        self, user: str, action: str, group: str = "", grant: Grant | None = None
    ) -> Record:
        """Return a new record, under the user's name or pseudonym as the policy says.

        Parameters
        ----------
        user
            JupyterHub's name of the user.
        action
            What the user requests.
        group
            The group that counts for the user; empty: none.
        grant
            That of the group; it names the model and the adapter.
        """
        record = Record(self.recorded_name(user), action, group=group)
        if grant is not None:
            record.model, record.adapter = grant.model, grant.adapter
        return record

    async def record_event(self, record: Record) -> None:
        """Record an event, and return once it is in the audit log.

        Raises
        ------
        RequestDenied
            If it cannot be written: what cannot be recorded is not done.
        """
        try:
            await asyncio.wrap_future(self._writer.append(record))
        except OSError as error:
            record.outcome, record.reason = "refused", "audit"
            raise _not_writable() from error
        finally:
            self._notify(record)

    async def record_training(
        self, user: str, action: str, group: str, adapter: str, outcome: str
    ) -> None:
        """Record what happens to a training job or an adapter, as :meth:`record_event` does.

        Parameters
        ----------
        user
            The recorded name of the user: a job keeps the one that it was submitted with.
        action
            ``train`` or ``use adapter``.
        group
            The group of the job or adapter.
        adapter
            The qualified name of the adapter, which is that of its job.
        outcome
            What happens.

        Raises
        ------
        RequestDenied
            If it cannot be written.
        """
        record = Record(user, action, outcome, group, adapter)
        await self.record_event(record)

    def record_refusal(
        self,
        user: str,
        action: str,
        error: SafeCoderError,
        group: str = "",
        grant: Grant | None = None,
    ) -> None:
        """Record that a user was denied something, without waiting for the audit log.

        Parameters
        ----------
        user, action, group, grant
            As for :meth:`new_record`.
        error
            Why; an error without a kind is that of an invalid body.
        """
        record = self.new_record(user, action, group, grant)
        kind = error.kind if isinstance(error, RequestDenied) else INVALID
        record.outcome, record.reason = "refused", kind
        self._emit(record)

    def record_exclusion(self, record: Record) -> None:
        """Record that the policy excludes a request, without waiting for the audit log."""
        record.outcome, record.total_ms = "excluded", record.elapsed_ms()
        self._emit(record)

    def record_failure(self, record: Record, error: BaseException) -> None:
        """Record that a response ended with an error, without waiting for the audit log."""
        record.outcome = next(
            (outcome for kind, outcome in _OUTCOMES if isinstance(error, kind)),
            "runtime_unavailable",
        )
        record.reason = error.kind if isinstance(error, RequestDenied) else ""
        record.total_ms = record.elapsed_ms()
        self._emit(record)

    async def check_writable(self, user: str) -> None:
        """Deny a request while the audit log cannot be written.

        Raises
        ------
        RequestDenied
            If it still cannot be written.
        """
        if self._writer.is_congested:
            raise _not_writable()
        if self._writer.audit_error:
            # The first request after the error is over finds out that it is.
            record = self.new_record(user, PROBE_ACTION)
            record.outcome = "done"
            await self.record_event(record)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _emit(self, record: Record) -> None:
        self._notify(record)
        self._writer.append_repeated(record)

    def _notify(self, record: Record) -> None:
        for listener in self.listeners:
            listener(record)


def _not_writable() -> RequestDenied:
    return RequestDenied(
        503,
        "The audit log cannot be written, so all requests are denied.",
        "An administrator must free space on the disk that it is on.",
        "audit",
    )
