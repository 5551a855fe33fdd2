"""The completion service: policy gate, queue, relay and recorder put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from jupyter_safecoder.editor_protocols import OPENAI, EditorProtocol
from jupyter_safecoder.errors import (
    ConnectionLost,
    QueueTimeout,
    RateLimited,
    RequestDenied,
    Superseded,
)
from jupyter_safecoder.http.handlers import parse_body
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.namespaces import display_names, group_prefix, qualified_model
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_gate import PolicyGate
from jupyter_safecoder.hub.accounting.record import WARM_ACTION, Record
from jupyter_safecoder.hub.accounting.recorder import Recorder
from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.protocol import CompletionRequest, Done, Queued, Status, encode_event

from .dispatcher import Dispatcher, RuntimeRequest
from .relay import Head
from .runtimes import Runtimes

#: Updates a record from a line of a response; returns whether it is the last line.
_Update = Callable[[bytes], bool]


class CompletionService:
    """Completions for all users of a JupyterHub.

    Parameters
    ----------
    gate
        Allows or denies requests.
    dispatcher
        Queues requests and relays them to runtimes.
    recorder
        Records requests.
    runtimes
        The runtimes.
    """

    def __init__(
        self, gate: PolicyGate, dispatcher: Dispatcher, recorder: Recorder, runtimes: Runtimes
    ) -> None:
        self.gate = gate
        self.dispatcher = dispatcher
        self.recorder = recorder
        self.runtimes = runtimes

    async def status(self, grant: Grant) -> Status:
        """Return the state of the runtime that serves a grant."""
        if drained := self.gate.drained_status():
            return drained
        status = display_names(await self.runtimes.get(grant.model, grant.adapter).status())
        if status.state == "ready" and (left_out := grant.left_out()):
            status = replace(status, reason=f"{status.reason} {left_out}")
        if status.state == "ready" and (waiting := self.dispatcher.waiting):
            reason = f"{waiting} requests wait in the queue."
            return replace(status, state="busy", queue=waiting, reason=reason)
        return status

    async def start(self, grant: Grant) -> Status:
        """Start the runtime that serves a grant, or restart it if it failed a minute ago."""
        if drained := self.gate.drained_status():
            return drained
        return display_names(await self.runtimes.start(grant.model, grant.adapter))

    async def admit(self, user: User, grant: Grant) -> None:
        """Count a request for a completion before its body is received.

        Raises
        ------
        RequestDenied
            If the service drains, nothing can be recorded, or a limit of the grant is reached.
        """
        self.gate.check_draining()
        await self.recorder.check_writable(user.name)
        await self.gate.check_limits(self.recorder.recorded_name(user.name), grant)

    async def complete(
        self, user: User, group: str, grant: Grant, request: CompletionRequest, body: bytes
    ) -> AsyncGenerator[Head | bytes]:
        """Yield the lines of a completion; the first ones report the position in the queue.

        Closing the iterator cancels the request.

        Parameters
        ----------
        user
            The authenticated user.
        group, grant
            The group that counts for the user, and its grant.
        request, body
            The request, parsed and as it came: it is relayed as it is if the policy leaves out
            none of it.

        Raises
        ------
        RequestDenied
            If the service drains, the queue is full, or the request cannot be recorded.
        RuntimeUnavailable, RuntimeTimeout, ConnectionLost
            If there is no runtime, it does not finish in time, or it stops.
        """
        if request.options.trigger == "prefetch":
            # What one user may need next is not computed while others wait for what they need now.
            yield _done("superseded")
            return
        action = WARM_ACTION if request.options.trigger == "warm" else "complete"
        record = self.recorder.new_record(user.name, action, group, grant)
        allowed = await parse_body(body, partial(_allowed_body, grant, request))
        if allowed is None:
            self.recorder.record_exclusion(record)
            yield _done("excluded")
            return
        body = allowed
        forwarded = RuntimeRequest(
            user.name,
            request.document,
            grant,
            "/completions",
            body,
            background=request.options.is_background,
        )
        items = self._respond(forwarded, record, record.update_from_event)
        try:
            async with aclosing(items):
                async for item in items:
                    yield encode_event(item) if isinstance(item, Queued) else item
        except Superseded:
            yield _done("superseded")
        except QueueTimeout:
            yield _done("deadline")

    async def complete_openai(
        self,
        user: User,
        group: str,
        grant: Grant,
        request: OpenAIRequest,
        body: bytes,
        protocol: EditorProtocol = OPENAI,
    ) -> AsyncGenerator[Head | bytes]:
        """Yield the head and the lines of a completion for another editor.

        Parameters
        ----------
        user
            The authenticated user.
        group, grant
            The group that counts for the user, and its grant.
        request, body
            The request, parsed and as it came.
        protocol
            The form of the request and of the response.

        Raises
        ------
        RequestDenied, RuntimeUnavailable, RuntimeTimeout, ConnectionLost
            As for a completion; also if the policy excludes paths, which other editors do not send.
        """
        record = self.recorder.new_record(user.name, "text", group, grant)
        if await parse_body(body, lambda _: grant.excludes_openai(request)):
            self.recorder.record_exclusion(record)
            raise RequestDenied(
                403,
                "The policy of this JupyterHub excludes this text, or files that it cannot "
                "distinguish from it.",
                "Use a notebook, or ask an administrator.",
            )
        # Tokens of a stream are counted from the runtime's usage.
        allowed = await parse_body(body, lambda _: grant.filter_openai(request))
        model = qualified_model(request.model, grant.adapter)
        sent = protocol.counted(replace(allowed, model=model))
        if sent != request:
            body = protocol.to_json(sent)
        forwarded = RuntimeRequest(user.name, "", grant, protocol.path, body)
        items = self._respond(forwarded, record, record.update_from_openai)
        try:
            async with aclosing(items):
                async for item in items:
                    if isinstance(item, Queued):
                        continue
                    if request.include_usage or not _is_usage(item):
                        yield item
        except QueueTimeout:
            reason = "The request waited in the queue for too long."
            raise RateLimited(reason, 1.0, "queue") from None

    async def reload(self) -> None:
        """Read the policy now, and restart runtimes that failed."""
        self.gate.reload_policy()
        for (model, adapter), (status, _) in (await self.runtimes.states()).items():
            if status.state == "failed":
                await self.runtimes.restart(model, adapter)

    def retire_runtimes(self) -> None:
        """Stop the runtimes that no group is assigned to any more."""
        assigned = self.gate.assigned_runtimes()
        if assigned is not None:
            self.runtimes.retire(set(assigned.values()))

    async def close(self) -> None:
        """Stop all runtimes, and write what is left to record."""
        await self.runtimes.close()
        await asyncio.to_thread(self.recorder.close)

    async def _respond(
        self, request: RuntimeRequest, record: Record, update: _Update
    ) -> AsyncGenerator[Head | Queued | bytes]:
        """Yield a response; its last line follows once the record is in the audit log."""
        # Users know their group's adapter without the group's prefix.
        own = group_prefix(record.group)
        prefix = own.encode() if request.grant.adapter.startswith(own) else b""
        last: list[bytes] = []
        items = self._admit(request, record)
        try:
            async with aclosing(items):
                async for item in items:
                    is_last = _update_record(record, item, update)
                    if not isinstance(item, bytes):
                        yield item
                        continue
                    line = item.replace(prefix, b"") if prefix else item
                    if is_last or last:
                        last.append(line)
                    else:
                        yield line
            if not last:
                # A connection may also close regularly before the end of the response.
                raise ConnectionLost
        except BaseException as error:
            self.recorder.record_failure(record, error)
            raise
        record.total_ms = record.elapsed_ms()
        await self.recorder.record_event(record)
        yield b"".join(last)

    async def _admit(
        self, request: RuntimeRequest, record: Record
    ) -> AsyncGenerator[Head | Queued | bytes]:
        """Yield positions in the queue, then the head and the lines of the response."""
        self.gate.check_draining()
        with self.dispatcher.slot(request) as ticket:
            async with aclosing(self.dispatcher.positions(ticket)) as positions:
                async for position in positions:
                    yield Queued(position)
            record.waited_ms = record.elapsed_ms()
            async with aclosing(self.dispatcher.relay(request, ticket)) as items:
                async for item in items:
                    yield item


def _allowed_body(grant: Grant, request: CompletionRequest, body: bytes) -> bytes | None:
    """Return the body without what a policy leaves out; ``None`` if it excludes all of it."""
    if grant.excludes(request):
        return None
    filtered = grant.filter_request(request)
    return body if replace(filtered, path=request.path) == request else filtered.to_json()


def _update_record(record: Record, item: Head | Queued | bytes, update: _Update) -> bool:
    """Update a record from an item of a response; return whether it is the last line."""
    if isinstance(item, Head):
        record.prompt_tokens = item.prompt_tokens
    if not isinstance(item, bytes):
        return False
    is_last = update(item)
    if record.ttft_ms is None and record.completion_tokens:
        record.ttft_ms = record.elapsed_ms()
    return is_last


def _done(reason: str) -> bytes:
    return encode_event(Done("", reason, "", "", 0, 0, None, 0.0))


def _is_usage(item: Head | bytes) -> bool:
    return isinstance(item, bytes) and item.startswith(b"data: ") and b'"choices": [],' in item
