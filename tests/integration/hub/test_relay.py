"""Responses of a runtime are relayed line by line, and end when they must."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from jupyter_safecoder.errors import RuntimeTimeout, RuntimeUnavailable, Superseded
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.dispatcher import Dispatcher, RuntimeRequest
from jupyter_safecoder.hub.relay import Head, relay
from jupyter_safecoder.hub.runtimes import Runtimes
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.hub_service import ServiceParts, make_service

SCRIPT = {
    "answers": [{"after": "hello", "text": "_world()"}, {"after": "wait", "stall": True}],
    "otherwise": "pass",
}


def request(prefix: str, document: str = "") -> RuntimeRequest:
    body = CompletionRequest(prefix, "", document=document).to_json()
    return RuntimeRequest("ada", document, Grant(), "/completions", body)


def run(directory: Path, test: Callable[[Dispatcher, Runtimes], Awaitable[None]]) -> None:
    """Run a test with a runtime that is ready."""

    async def whole() -> None:
        parts: ServiceParts = make_service(directory, script=SCRIPT)
        try:
            await parts.service.runtimes.load("", "")
            await test(parts.service.dispatcher, parts.service.runtimes)
        finally:
            await parts.service.close()

    asyncio.run(whole())


def test_the_head_comes_before_the_lines(tmp_path: Path) -> None:
    async def test(dispatcher: Dispatcher, runtimes: Runtimes) -> None:
        with dispatcher.slot(request("hello")) as ticket:
            items = [item async for item in dispatcher.relay(request("hello"), ticket)]
        head, *lines = items
        assert isinstance(head, Head)
        assert (head.status, head.content_type) == (200, "application/x-ndjson")
        assert all(isinstance(line, bytes) and line.endswith(b"\n") for line in lines)
        assert json.loads(lines[-1] if isinstance(lines[-1], bytes) else b"")["event"] == "done"

    run(tmp_path, test)


async def exhaust(items: AsyncGenerator[Head | bytes]) -> None:
    async with aclosing(items):
        async for _ in items:
            continue


def test_a_runtime_that_does_not_finish_is_given_up(tmp_path: Path) -> None:
    async def test(dispatcher: Dispatcher, runtimes: Runtimes) -> None:
        wait = request("wait")
        with dispatcher.slot(wait) as ticket, pytest.raises(RuntimeTimeout):
            await exhaust(relay(runtimes.get("", ""), wait.path, "ada", wait.body, ticket, 0.2))

    run(tmp_path, test)


def test_a_newer_request_interrupts_the_response(tmp_path: Path) -> None:
    async def test(dispatcher: Dispatcher, runtimes: Runtimes) -> None:
        wait = request("wait", document="a")
        with dispatcher.slot(wait) as ticket:
            reading = asyncio.ensure_future(exhaust(dispatcher.relay(wait, ticket)))
            await asyncio.sleep(0.05)
            with dispatcher.slot(wait), pytest.raises(Superseded):
                await reading

    run(tmp_path, test)


def test_without_a_runtime_there_is_no_response(tmp_path: Path) -> None:
    async def test() -> None:
        parts = make_service(tmp_path)
        dispatcher = parts.service.dispatcher
        with dispatcher.slot(request("hello")) as ticket:
            items = dispatcher.relay(request("hello"), ticket)
            async with aclosing(items):
                with pytest.raises(RuntimeUnavailable):
                    await anext(items)
        await parts.service.close()

    asyncio.run(test())
