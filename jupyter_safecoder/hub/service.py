"""What the service does with a request: policy, limits, the right runtime, counts, audit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from ..extension.gateway import Gateway
from ..extension.supervisor import Supervisor
from ..protocol import CompletionRequest, Status
from ..runtime.settings import RuntimeSettings
from .audit import AuditLog
from .identity import Person, Refused
from .policy import Grant
from .policy_file import PolicyFile
from .record import Record
from .usage import LimitReached, Usages

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)
#: An adapter of this name is none: the model as it is.
_NONE = "-"
_DRAINED = (
    "An administrator has drained SafeCoder: it takes no new requests for now.",
    "Wait until it goes on; what you write is not lost.",
)


class Limited(Refused):
    """Somebody may not now, but in ``retry_after_s`` seconds."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(429, reason, "Wait, or ask an administrator for more.")
        self.retry_after_s = retry_after_s


class Service:
    """One service for a Hub: a runtime for each adapter that the policy serves.

    Parameters
    ----------
    settings
        Of the runtimes.
    policy
        The policy file.
    usages
        Counts.
    audit
        The audit log.
    sinks
        Told of each record that is in the audit log.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        policy: PolicyFile,
        usages: Usages,
        audit: AuditLog,
        sinks: Sequence[Callable[[Record], None]] = (),
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._usages = usages
        self._audit = audit
        self._sinks = sinks
        #: Whether nothing new is taken.
        self.draining = False
        #: Requests that are being answered.
        self.running = 0
        self._runtimes: dict[str, tuple[Supervisor, Gateway]] = {}

    def grant(self, person: Person, feature: str) -> tuple[str, Grant]:
        """Return the group that counts for a person, and what it may.

        Raises
        ------
        Refused
            If it may not do this.
        """
        policy = self._policy.current()
        if policy is None:
            self.note(Record(person.name, feature, "refused", reason="policy"))
            log.debug("Refused: %s", self._policy.problem)
            raise Refused(
                503,
                "The policy of this service cannot be used: nobody may do anything.",
                "An administrator finds the line and the reason in the service's log.",
            )
        found = policy.grant(person.groups)
        if found is None or feature not in found[1].features:
            self.note(Record(person.name, feature, "refused", reason="not granted"))
            raise Refused(
                403,
                "Your groups may not use this here.",
                "Ask an administrator: the policy file says which groups may.",
            )
        return found

    async def status(self, grant: Grant) -> Status:
        """Return the state of the runtime that serves a grant."""
        if self.draining:
            return Status("off", *_DRAINED)
        return await self._runtime(grant.adapter).status()

    async def start(self, grant: Grant) -> Status:
        """Start that runtime; restart it if it failed."""
        if self.draining:
            return Status("off", *_DRAINED)
        return await self._runtime(grant.adapter).start()

    @asynccontextmanager
    async def complete(
        self, person: Person, group: str, grant: Grant, request: CompletionRequest
    ) -> AsyncIterator[tuple[httpx.Response, Record]]:
        """Ask for a completion; what came of it is counted and noted when the context ends.

        Raises
        ------
        Limited
            If the person has had enough.
        NotRunning
            If there is no runtime.
        """
        record = Record(person.name, group=group, adapter=grant.adapter)
        if self.draining:
            record.outcome, record.reason = "refused", "drained"
            self.note(record)
            raise Refused(503, *_DRAINED)
        try:
            await asyncio.to_thread(self._usages.admit, person.name, grant)
        except LimitReached as limit:
            record.outcome, record.reason = "refused", "limit"
            self.note(record)
            raise Limited(str(limit), limit.retry_after_s) from None
        began = time.perf_counter()
        self.running += 1
        try:
            gateway = self._runtime(grant.adapter)
            body = grant.allowed(request).body()
            async with gateway.ask("POST", "/completions", person.name, body) as answer:
                record.outcome = "cancelled"
                yield answer, record
        finally:
            self.running -= 1
            # Also where the client went away: what was computed for it is counted.
            self._usages.add(person.name, record.prompt_tokens, record.completion_tokens)
            record.total_ms = round(1000 * (time.perf_counter() - began), 1)
            self.note(record)

    def note(self, record: Record) -> None:
        """Note in the audit log.

        Raises
        ------
        Refused
            If it cannot be written: what is not noted is not done.
        """
        try:
            self._audit.write(**asdict(record))
        except OSError as error:
            log.error("The audit log cannot be written: %s", error.strerror)
            raise Refused(
                503,
                "The audit log cannot be written, so nothing is answered.",
                "An administrator must free the disk that it is on.",
            ) from error
        for sink in self._sinks:
            sink(record)

    def drain(self) -> None:
        """Take nothing new; what is being answered ends."""
        self.draining = True

    def undrain(self) -> None:
        """Take requests again."""
        self.draining = False

    async def states(self) -> dict[str, tuple[Status, int | None]]:
        """Return the state and the process of each runtime, by its adapter."""
        there = sorted(self._runtimes.items())
        states = await asyncio.gather(*(gateway.status() for _, (_, gateway) in there))
        return {
            adapter: (state, supervisor.connection.pid if supervisor.connection else None)
            for (adapter, (supervisor, _)), state in zip(there, states, strict=True)
        }

    async def restart(self, adapter: str) -> None:
        """End the runtime of an adapter, with what it answers, and start it anew."""
        if adapter in self._runtimes:
            await self._runtimes[adapter][0].restart()

    async def reload(self) -> None:
        """Read the policy now, and start anew what has failed."""
        self._policy.reload()
        for adapter, (status, _) in (await self.states()).items():
            if status.state == "failed":
                await self.restart(adapter)

    async def close(self) -> None:
        """End all runtimes."""
        for supervisor, gateway in self._runtimes.values():
            await gateway.close()
            await supervisor.stop()

    def _runtime(self, adapter: str) -> Gateway:
        if adapter not in self._runtimes:
            # Adapters are named by the policy alone: there are no more runtimes than it names.
            name = f"safecoder-hub-{len(self._runtimes)}"
            settings = replace(self._settings, adapter=adapter or _NONE, connection_name=name)
            supervisor = Supervisor(settings, log=log)
            self._runtimes[adapter] = supervisor, Gateway(supervisor, "notebook")
        return self._runtimes[adapter][1]
