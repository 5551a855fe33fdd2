"""What the service does with a request: policy, limits, a turn, the right runtime, the record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace

from jupyter_safecoder.errors import (
    ConnectionLost,
    LimitReached,
    QueueFull,
    QueueTimeout,
    RateLimited,
    RequestDenied,
    RuntimeUnavailable,
    Superseded,
    UsageUnavailable,
)
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.namespaces import display_names, mark
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.protocol import CompletionRequest, Done, Queued, Status, encode_event
from jupyter_safecoder.runtime.admission import Admission, FairShare
from jupyter_safecoder.settings import RuntimeSettings

from .relay import Head, relay
from .runtimes import Runtimes

#: A runtime ends an answer at its deadline; so long after it, it is given up.
_PATIENCE_S = 5.0
_DRAINED = (
    "An administrator has drained SafeCoder: it takes no new requests for now.",
    "Wait until it goes on; what you write is not lost.",
)
_WAIT = "Wait, or ask an administrator for more."


class CompletionService:
    """One service for a Hub.

    Parameters
    ----------
    settings
        Of the runtimes; ``max_running`` and ``max_waiting`` are for all of them together.
    policy
        The policy file.
    limits
        Of each person's requests and tokens.
    ledger
        Notes and counts.
    pseudonyms
        Under which people are recorded, where the policy says so.
    chosen
        Gives the adapter that a group has chosen, for those whose policy names none.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        policy: PolicyFile,
        limits: Limits,
        ledger: AuditWriter,
        pseudonyms: Pseudonyms,
        chosen: Callable[[str], str],
    ) -> None:
        self._deadline_s = settings.deadline_s
        self._policy = policy
        self._limits = limits
        self._ledger = ledger
        self._pseudonyms = pseudonyms
        self._chosen = chosen
        self.admission = Admission(settings.max_running, settings.max_waiting)
        self.runtimes = Runtimes(settings)
        #: Who hears of each record.
        self.listeners: list[Callable[[Record], None]] = []
        #: Whether nothing new is taken; what is being answered ends.
        self.draining = False

    def grant(self, person: User, feature: str) -> tuple[str, Grant]:
        """Return the group that counts for a person, and what it may.

        Raises
        ------
        Refused
            If it may not do this.
        """
        policy = self._policy.current()
        if policy is None:
            raise RequestDenied(
                503,
                "The policy of this service cannot be used: nobody may do anything.",
                "An administrator finds the line and the reason in the service's log.",
                "policy",
            )
        found = policy.grant(person.groups)
        if found is None or feature not in found[1].features:
            raise RequestDenied(
                403,
                "Your groups may not use this here.",
                "Ask an administrator: the policy file says which groups may.",
                "not granted",
            )
        group, grant = found
        return group, replace(grant, adapter=self._adapter(group, grant))

    async def status(self, grant: Grant) -> Status:
        """Return the state of the runtime that serves a grant."""
        if self.draining:
            return Status("off", *_DRAINED)
        status = display_names(await self.runtimes.get(grant.model, grant.adapter).status())
        if status.state == "ready" and (waiting := self.admission.waiting):
            reason = f"{waiting} requests wait in the queue."
            return replace(status, state="busy", queue=waiting, reason=reason)
        return status

    async def start(self, grant: Grant) -> Status:
        """Start that runtime; restart it if it failed."""
        if self.draining:
            return Status("off", *_DRAINED)
        return display_names(await self.runtimes.get(grant.model, grant.adapter).start())

    def served(self) -> dict[str, tuple[str, str]] | None:
        """Return the model and adapter of each group; ``None`` while there is no policy."""
        policy = self._policy.current()
        if policy is None:
            return None
        return {
            name: (grant.model, self._adapter(name, grant)) for name, grant in policy.groups.items()
        }

    def retire(self) -> None:
        """End the runtimes that no group is served with any more."""
        served = self.served()
        if served is not None:
            self.runtimes.retire(set(served.values()))

    async def complete(
        self, person: User, group: str, grant: Grant, request: CompletionRequest, body: bytes
    ) -> AsyncGenerator[Head | bytes]:
        """Yield the lines of a completion, those with the position in the queue first.

        Closing the iterator cancels it. ``body`` is what ``request`` was parsed from: it is relayed
        as it is where the policy leaves out none of it.

        Raises
        ------
        Refused
            If the person may not now, or nothing can be noted.
        RuntimeUnavailable, Silent, Lost
            If there is no runtime, or it ends.
        """
        record = self.record(person, "complete", group, grant)
        if grant.excludes(request):
            record.outcome = "excluded"
            await self.note(record)
            yield _ended("excluded")
            return
        allowed = grant.allowed(request)
        if allowed.before != request.before:
            body = allowed.to_json()
        answer = self._answer(
            person, grant, record, request.document, "/completions", body, record.read
        )
        try:
            async with aclosing(answer):
                async for item in answer:
                    yield encode_event(item) if isinstance(item, Queued) else item
        except Superseded:
            yield _ended("superseded")
        except QueueTimeout:
            yield _ended("deadline")

    async def text(
        self, person: User, group: str, grant: Grant, request: OpenAIRequest, body: bytes
    ) -> AsyncGenerator[Head | bytes]:
        """Yield the head and the lines of another editor's answer.

        Raises
        ------
        Refused, RuntimeUnavailable, Silent, Lost
            As for a completion; also where the policy excludes paths: other editors tell none.
        """
        record = self.record(person, "text", group, grant)
        prompt = request.prompt if isinstance(request.prompt, str) else ""
        if grant.excludes_text(prompt, request.suffix):
            record.outcome = "excluded"
            await self.note(record)
            reason = "The policy of this Hub excludes this, or files that it cannot tell from it."
            raise RequestDenied(403, reason, "Use a notebook, or ask an administrator.")
        if request.stream and not request.include_usage:
            # Tokens are counted by the runtime's own usage.
            body = replace(request, include_usage=True).to_json()
        shown = request.include_usage
        answer = self._answer(person, grant, record, "", "/v1/completions", body, record.read_text)
        try:
            async with aclosing(answer):
                async for item in answer:
                    if isinstance(item, Queued) or (_is_usage(item) and not shown):
                        continue
                    yield item
        except QueueTimeout:
            raise RateLimited("The request waited too long in the queue.", 1.0, "queue") from None

    async def note(self, record: Record) -> None:
        """Note a record, and count it.

        Raises
        ------
        Refused
            If it cannot be noted: what is not noted is not done.
        """
        try:
            await asyncio.wrap_future(self._ledger.enter(record))
        except OSError as error:
            record.outcome, record.reason = "refused", "audit"
            raise RequestDenied(
                503,
                "The audit log cannot be written, so nothing is answered.",
                "An administrator must free the disk that it is on.",
                "audit",
            ) from error
        finally:
            for listener in self.listeners:
                listener(record)

    async def reload(self) -> None:
        """Read the policy now, and start anew what has failed."""
        self._policy.reload()
        for (model, adapter), (status, _) in (await self.runtimes.states()).items():
            if status.state == "failed":
                await self.runtimes.restart(model, adapter)

    def refused(self, person: User, action: str, refused: RequestDenied) -> None:
        """Note that somebody may not, without waiting for it."""
        record = self.record(person, action)
        record.outcome, record.reason = "refused", refused.kind
        self._hand_in(record)

    def record(
        self, person: User, action: str, group: str = "", grant: Grant | None = None
    ) -> Record:
        """Return a new record of what somebody asks for, under the name that is recorded."""
        policy = self._policy.in_force
        by_name = policy is not None and policy.record.people == "name"
        name = person.name if by_name else self._pseudonyms.of(person.name)
        record = Record(name, action, group=group)
        if grant is not None:
            record.model, record.adapter = grant.model, grant.adapter
        return record

    async def close(self) -> None:
        """End all runtimes; what is left is noted."""
        await self.runtimes.close()
        await asyncio.to_thread(self._ledger.close)

    def _adapter(self, group: str, grant: Grant) -> str:
        return grant.adapter or self._chosen(group)

    def _hand_in(self, record: Record) -> None:
        for listener in self.listeners:
            listener(record)
        self._ledger.enter(record)

    async def _answer(
        self,
        person: User,
        grant: Grant,
        record: Record,
        document: str,
        path: str,
        body: bytes,
        read: Callable[[bytes], bool],
    ) -> AsyncGenerator[Head | Queued | bytes]:
        """Yield an answer; its last line when it is noted.

        ``read`` takes a line into the record, and says whether the answer ends with it.
        """
        began = time.perf_counter()
        # Of a group's own adapter people know the name without the group's mark.
        own = mark(record.group)
        hidden = own.encode() if grant.adapter.startswith(own) else b""
        last: list[bytes] = []
        try:
            await self._admit(person, grant, record)
            share = FairShare(grant.weight, grant.running, grant.waiting)
            with _queue_limits(), self.admission.slot(person.name, document, share) as ticket:
                waiting = self.admission.positions(ticket, self._deadline_s)
                async with aclosing(waiting) as positions:
                    async for position in positions:
                        yield Queued(position)
                record.waited_ms = _ms(began)
                gateway = self.runtimes.get(grant.model, grant.adapter)
                most_s = self._deadline_s + _PATIENCE_S
                lines = relay(gateway, path, person.name, body, ticket, most_s)
                async with aclosing(lines):
                    async for item in lines:
                        if isinstance(item, Head):
                            record.prompt_tokens = item.prompt_tokens
                            yield item
                            continue
                        over = read(item)
                        item = item.replace(hidden, b"") if hidden else item
                        if record.ttft_ms is None and record.completion_tokens:
                            record.ttft_ms = _ms(began)
                        if over or last:
                            last.append(item)
                        else:
                            yield item
                if not last:
                    # A connection may also end in order, without the answer's end.
                    raise ConnectionLost
        except BaseException as error:
            record.outcome = _outcome(error)
            record.reason = error.kind if isinstance(error, RequestDenied) else ""
            record.total_ms = _ms(began)
            self._hand_in(record)
            raise
        record.total_ms = _ms(began)
        await self.note(record)
        yield b"".join(last)

    async def _admit(self, person: User, grant: Grant, record: Record) -> None:
        if self.draining:
            raise RequestDenied(503, *_DRAINED, "drained")
        if self._ledger.audit_problem:
            # It may be over by now; whoever comes first finds out.
            await self.note(Record(record.person, "look", "noted"))
        try:
            await self._limits.admit(record.person, grant)
        except LimitReached as limit:
            raise RateLimited(str(limit), limit.retry_after_s, "limit") from None
        except UsageUnavailable:
            raise RequestDenied(
                503,
                "The database that counts tokens does not answer.",
                "Wait a moment; an administrator can help.",
                "database",
            ) from None


@contextmanager
def _queue_limits() -> Iterator[None]:
    """Deny what does not fit into the queue, as the audit log records it."""
    try:
        yield
    except QueueFull as full:
        raise RateLimited(full.reason, full.retry_after_s, "queue") from None


def _outcome(error: BaseException) -> str:
    names: tuple[tuple[type[BaseException], str], ...] = (
        (RequestDenied, "refused"),
        (Superseded, "superseded"),
        (QueueTimeout, "deadline"),
        (RuntimeUnavailable, "not_ready"),
        (GeneratorExit, "cancelled"),
        (asyncio.CancelledError, "cancelled"),
    )
    return next((name for kind, name in names if isinstance(error, kind)), "runtime_unavailable")


def _ended(reason: str) -> bytes:
    return encode_event(Done("", reason, "", "", 0, 0, None, 0.0))


def _is_usage(item: Head | bytes) -> bool:
    return isinstance(item, bytes) and item.startswith(b"data: ") and b'"choices": [],' in item


def _ms(began: float) -> float:
    return round(1000 * (time.perf_counter() - began), 1)
