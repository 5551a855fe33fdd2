"""The shared request handlers, on a Tornado server in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_safecoder.errors import BodyTooLarge, QueueFull, RateLimited, RequestDenied
from jupyter_safecoder.http import handlers
from jupyter_safecoder.http.handlers import (
    HTTP_STATUS,
    BoundedBody,
    ProtocolHandler,
    StreamedBodyHandler,
    parse_body,
)
from jupyter_safecoder.protocol import Error, decode_event, schema

SECRET = "s3cr3t_of_the_notebook"
LIMIT = 1000
Handle = Callable[["Handler", bytes], Awaitable[None]]


class Handler(StreamedBodyHandler):
    """Responds with the function of a test."""

    def initialize(self, handle: Handle, denied: bool = False, limited: bool = False) -> None:
        self.handle, self.denied, self.limited = handle, denied, limited

    @property
    def max_body_bytes(self) -> int:
        return LIMIT

    async def authorize(self) -> None:
        if self.denied:
            raise RequestDenied(403, "Not you.", "Ask.")
        if self.limited:
            raise RateLimited("Too much.", 7.0, "limit")

    async def post(self) -> None:
        await self.respond(lambda body: self.handle(self, body))


class NotFound(ProtocolHandler):
    def prepare(self) -> None:
        self.refuse(Error("not_found", "Unknown endpoint."))


@asynccontextmanager
async def served(handle: Handle, **arguments: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = web.Application(
        [("/", Handler, {"handle": handle, **arguments})],
        default_handler_class=NotFound,
        log_function=lambda handler: None,
    )
    server = HTTPServer(app)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield client
    finally:
        server.stop()
        await server.close_all_connections()


def post(handle: Handle, content: bytes = b"body", **arguments: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        async with served(handle, **arguments) as client:
            return await client.post("/", content=content)

    return asyncio.run(run())


def error_of(response: httpx.Response) -> Error:
    event = decode_event(response.text.splitlines()[-1])
    assert isinstance(event, Error)
    return event


async def echo(handler: Handler, body: bytes) -> None:
    await handler.send(body[:2])
    await handler.send(body[2:])


async def streams_then_fails(handler: Handler, body: bytes) -> None:
    await handler.send(b"started\n")
    raise QueueFull("Full.", 2.6)


async def fails(handler: Handler, body: bytes) -> None:
    raise QueueFull("Full.", 2.6)


async def breaks(handler: Handler, body: bytes) -> None:
    raise ValueError(SECRET)


def test_every_code_of_the_protocol_has_a_status() -> None:
    codes = schema()["definitions"]["ErrorEvent"]["properties"]["code"]["enum"]
    assert set(HTTP_STATUS) == set(codes)


def test_a_body_is_kept_up_to_its_limit() -> None:
    body = BoundedBody(5)
    for chunk in (b"ab", b"cde"):
        body.add(chunk)
    assert body.content() == b"abcde"
    for _ in range(1000):
        body.add(b"x" * 1000)
    with pytest.raises(BodyTooLarge, match="larger than 5 bytes"):
        body.content()
    assert len(body._content) < 2000


def test_a_response_is_streamed() -> None:
    response = post(echo)
    assert (response.status_code, response.text) == (200, "body")


def test_a_client_that_does_not_read_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others get its place, and it holds no memory of this process."""
    monkeypatch.setattr(handlers, "_READ_S", 0.2)
    ended = asyncio.Event()

    async def streams_for_ever(handler: Handler, body: bytes) -> None:
        try:
            while True:
                await handler.send(b"x" * 100_000)
        finally:
            ended.set()

    async def run() -> None:
        async with served(streams_for_ever) as client:
            reader, writer = await asyncio.open_connection(
                client.base_url.host, client.base_url.port, limit=1000
            )
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            await asyncio.wait_for(ended.wait(), 10)
            received = 0
            while chunk := await reader.read(2**20):
                received += len(chunk)
            assert 0 < received < 50_000_000
            writer.close()

    asyncio.run(run())


def test_an_error_has_its_status_and_retry_after() -> None:
    response = post(fails)
    assert response.status_code == 429
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Retry-After"] == "3"
    assert error_of(response) == Error("queue_full", "Full.", "Wait a moment.", 2.6)


def test_an_error_ends_a_stream_that_has_started() -> None:
    response = post(streams_then_fails)
    assert response.status_code == 200
    assert response.text.startswith("started\n")
    assert error_of(response).code == "queue_full"


def test_an_unexpected_exception_is_a_sentence_and_leaves_no_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = post(breaks)
    assert response.status_code == 500
    assert error_of(response).code == "internal"
    assert "ValueError" in caplog.text
    assert "in breaks" in caplog.text
    assert SECRET not in caplog.text + response.text


@pytest.mark.parametrize("size", [LIMIT + 1, 5_000_000])
def test_a_body_that_is_too_large_is_read_to_its_end_and_refused(size: int) -> None:
    response = post(echo, b"x" * size)
    assert response.status_code == 413
    assert error_of(response).code == "too_large"


def test_a_body_of_just_the_limit_passes() -> None:
    assert len(post(echo, b"x" * LIMIT).content) == LIMIT


@pytest.mark.parametrize("size", [5, 5_000_000])
def test_a_denied_request_is_refused_after_its_body_was_read(size: int) -> None:
    response = post(echo, b"x" * size, denied=True)
    assert response.status_code == 403
    assert error_of(response) == Error("forbidden", "Not you.", "Ask.")


def test_what_tornado_refuses_has_the_protocol_s_form() -> None:
    async def run() -> list[httpx.Response]:
        async with served(echo) as client:
            return [await client.get("/"), await client.get("/other")]

    wrong_method, unknown = asyncio.run(run())
    assert (wrong_method.status_code, unknown.status_code) == (405, 404)
    assert error_of(wrong_method).message == "Method Not Allowed (405)."
    assert error_of(unknown).code == "not_found"


def test_a_client_that_disconnects_cancels_the_response() -> None:
    async def run() -> None:
        started, cancelled = asyncio.Event(), asyncio.Event()

        async def hangs(handler: Handler, body: bytes) -> None:
            await handler.send(b"started\n")
            started.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async with served(hangs) as client:
            async with client.stream("POST", "/", content=b"x"):
                await asyncio.wait_for(started.wait(), 5)
                assert not cancelled.is_set()
            await asyncio.wait_for(cancelled.wait(), 5)

    asyncio.run(run())


def test_a_client_that_disconnects_within_its_body_is_harmless() -> None:
    async def run() -> None:
        async with served(echo) as client:
            url = client.base_url
            _, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
            await writer.drain()
            writer.close()
            await asyncio.sleep(0.05)
            assert (await client.post("/", content=b"body")).text == "body"

    asyncio.run(run())


def test_a_client_that_is_still_there_when_the_service_stops_gets_the_last_line() -> None:
    async def run() -> str:
        started = asyncio.Event()
        tasks: list[asyncio.Task[None]] = []

        async def hangs(handler: Handler, body: bytes) -> None:
            await handler.send(b"started\n")
            assert handler._task is not None
            tasks.append(handler._task)
            started.set()
            await asyncio.sleep(60)

        async with served(hangs) as client:
            response = asyncio.ensure_future(client.post("/", content=b"x"))
            await asyncio.wait_for(started.wait(), 5)
            tasks[0].cancel()
            return (await response).text

    *_, last = asyncio.run(run()).splitlines()
    event = decode_event(last)
    assert isinstance(event, Error)
    assert event.code == "runtime_unavailable"


def test_a_large_body_is_parsed_outside_the_event_loop() -> None:
    def parse(body: bytes) -> tuple[int, bool]:
        return len(body), threading.current_thread() is threading.main_thread()

    assert asyncio.run(parse_body(b"x" * 2**18, parse)) == (2**18, True)
    assert asyncio.run(parse_body(b"x" * (2**18 + 1), parse)) == (2**18 + 1, False)


@pytest.mark.parametrize("length", ["Content-Length: 5000000", "Content-Length: 20"])
def test_who_has_to_wait_is_told_before_a_large_body(length: str) -> None:
    async def never(handler: Handler, body: bytes) -> None:
        raise AssertionError

    async def run() -> bytes:
        async with served(never, limited=True) as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            writer.write(f"POST / HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n".encode())
            if length.endswith(" 20"):
                writer.write(bytes(20))
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            writer.close()
            await writer.wait_closed()
        return answer

    head = asyncio.run(run()).decode()
    assert " 429 " in head.splitlines()[0]
    assert "Retry-After: 7" in head
