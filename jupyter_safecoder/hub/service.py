"""What the service does with a request: policy, limits, the right runtime, counts, audit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from itertools import count
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
from .teams import own_names
from .usage import LimitReached, Usages

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)
#: Between two looks at a runtime that is loading, in seconds.
_POLL_S = 0.2
#: An adapter of this name is none: the model as it is.
_NONE = "-"


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
    chosen
        Gives the adapter that a group has chosen, for those whose policy names none.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        policy: PolicyFile,
        usages: Usages,
        audit: AuditLog,
        chosen: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._usages = usages
        self._audit = audit
        self._chosen = chosen
        self._runtimes: dict[str, tuple[Supervisor, Gateway]] = {}
        self._numbers = count()
        #: Adapters that are loaded before anybody is served with them.
        self._coming: set[str] = set()
        self._ending: set[asyncio.Task[None]] = set()

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
        group, grant = found
        return group, replace(grant, adapter=self._adapter(group, grant))

    async def status(self, grant: Grant) -> Status:
        """Return the state of the runtime that serves a grant."""
        return own_names(await self._runtime(grant.adapter).status())

    async def start(self, grant: Grant) -> Status:
        """Start that runtime; restart it if it failed."""
        return own_names(await self._runtime(grant.adapter).start())

    async def change_over(self, adapter: str, choose: Callable[[], None]) -> Status:
        """Load an adapter beside what is served; once it is ready, it is chosen.

        Parameters
        ----------
        adapter
            Its name; empty: the model as it is.
        choose
            Called once it is ready: whoever it is for is served with it from then on.

        Returns
        -------
        Status
            Of its runtime: ready, or failed, and then all stays as it was.
        """
        self._coming.add(adapter)
        try:
            gateway = self._runtime(adapter)
            status = await gateway.start()
            while status.state not in ("ready", "busy", "failed"):
                await asyncio.sleep(_POLL_S)
                status = await gateway.status()
            if status.state != "failed":
                choose()
            return status
        finally:
            self._coming.discard(adapter)

    def served(self) -> set[str] | None:
        """Return the adapters that groups are served with; ``None`` while there is no policy."""
        policy = self._policy.current()
        if policy is None:
            return None
        return {self._adapter(*item) for item in policy.groups.items()}

    def retire(self) -> None:
        """End the runtimes of adapters that nobody is served with any more."""
        served = self.served()
        if served is None:
            return
        for adapter in [name for name in self._runtimes if name not in served | self._coming]:
            task = asyncio.ensure_future(self._end(*self._runtimes.pop(adapter)))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _end(self, supervisor: Supervisor, gateway: Gateway) -> None:
        try:
            # What it has begun, it ends.
            await asyncio.sleep(self._settings.deadline_s)
        finally:
            await gateway.close()
            await supervisor.stop()

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
        try:
            await asyncio.to_thread(self._usages.admit, person.name, grant)
        except LimitReached as limit:
            record.outcome, record.reason = "refused", "limit"
            self.note(record)
            raise Limited(str(limit), limit.retry_after_s) from None
        began = time.perf_counter()
        try:
            gateway = self._runtime(grant.adapter)
            body = grant.allowed(request).body()
            async with gateway.ask("POST", "/completions", person.name, body) as answer:
                record.outcome = "cancelled"
                yield answer, record
        finally:
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

    async def close(self) -> None:
        """End all runtimes."""
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        for supervisor, gateway in self._runtimes.values():
            await gateway.close()
            await supervisor.stop()

    def _adapter(self, group: str, grant: Grant) -> str:
        return grant.adapter or self._chosen(group)

    def _runtime(self, adapter: str) -> Gateway:
        if adapter not in self._runtimes:
            # Each group has one: there are no more runtimes than groups, but for those that end.
            name = f"safecoder-hub-{next(self._numbers)}"
            settings = replace(self._settings, adapter=adapter or _NONE, connection_name=name)
            supervisor = Supervisor(settings, log=log)
            self._runtimes[adapter] = supervisor, Gateway(supervisor, "notebook")
        return self._runtimes[adapter][1]
