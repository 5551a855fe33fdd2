"""A small completion server that can be made to misbehave."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tokenizers import Tokenizer

from tests.support.server_thread import ServerThread

Writer = asyncio.StreamWriter


@dataclass
class Request:
    """A request that the server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Behavior = Callable[[Request, Writer], Awaitable[None]]


@dataclass
class CompletionServer:
    """Answers with ``tokens``: the text and ids of each event of a response.

    Parameters
    ----------
    tokenizer
        A ``tokenizer.json``.
    dialect
        ``token_ids`` like vLLM, ``logprobs`` like llama-server, ``text`` like others.
    """

    tokenizer: str
    dialect: str = "token_ids"
    tls: ssl.SSLContext | None = None
    models: Any = field(default_factory=lambda: {"data": [{"id": "tiny", "max_model_len": 4096}]})
    tokens: list[tuple[str, list[int]]] = field(default_factory=list)
    finish: str = "stop"
    pause_s: float = 0.0
    requests: list[Request] = field(default_factory=list)
    streams: int = 0
    running: int = 0
    #: Replacements of the server's behavior, by path; ``stream``: for every stream.
    overrides: dict[str, Behavior] = field(default_factory=dict)
    port: int = 0

    def __enter__(self) -> CompletionServer:
        self._vocabulary = Tokenizer.from_file(self.tokenizer)
        self._thread = ServerThread(self._serve)
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.close()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    def listen(self) -> None:
        """Accept connections; after ``stop`` on the same port."""
        self.port = self._thread.listen(self.port, self.tls)

    def stop(self) -> None:
        """Close the listening socket and all connections."""
        self._thread.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            while await self._handle(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return  # the client closed the connection
        finally:
            writer.transport.abort()

    async def _handle(self, reader: asyncio.StreamReader, writer: Writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        line, *rest = head.strip().split("\r\n")
        method, path, _ = line.split(" ")
        headers = {name.lower(): value for name, value in (h.split(": ", 1) for h in rest)}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(method, path, headers, json.loads(content or b"{}"))
        self.requests.append(request)
        if not request.body.get("stream"):
            await self.overrides.get(path, self._respond)(request, writer)
            return True
        self.streams += 1
        self.running += 1
        stream = asyncio.ensure_future(self.overrides.get("stream", self._stream)(request, writer))
        closed = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([stream, closed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.running -= 1
            closed.cancel()
            stream.cancel()
            results = await asyncio.gather(stream, closed, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]
        return False

    async def _respond(self, request: Request, writer: Writer) -> None:
        if request.path == "/v1/models":
            await respond(200, self.models)(request, writer)
        elif request.path == "/detokenize":
            text = self._vocabulary.decode(request.body["tokens"], skip_special_tokens=False)
            field_name = "content" if self.dialect == "logprobs" else "prompt"
            await respond(200, {field_name: text})(request, writer)
        else:
            choice = self._choice(request, "x", [100])
            await respond(200, {"choices": [{**choice, "finish_reason": "length"}]})(
                request, writer
            )

    def _choice(self, request: Request, text: str, ids: list[int]) -> dict[str, Any]:
        choice: dict[str, Any] = {"text": text, "finish_reason": None}
        if self.dialect == "token_ids" and request.body.get("return_token_ids"):
            choice["token_ids"] = ids
        if self.dialect == "logprobs" and request.body.get("logprobs"):
            choice["logprobs"] = {"content": [{"id": token} for token in ids]}
        return choice

    async def _stream(self, request: Request, writer: Writer) -> None:
        events = [self._choice(request, text, ids) for text, ids in self.tokens]
        events[-1]["finish_reason"] = self.finish
        await start_stream(writer)
        for event in events:
            await send_event(writer, json.dumps({"choices": [event]}))
            await asyncio.sleep(self.pause_s)
        await send_event(writer, "[DONE]")


async def start_stream(writer: Writer) -> None:
    """Start a stream that ends with its connection."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: ping\n\n")
    await writer.drain()


async def send_event(writer: Writer, data: str) -> None:
    """Send a server-sent event."""
    writer.write(f"data: {data}\n\n".encode())
    await writer.drain()


def respond(status: int, content: Any, **headers: str) -> Behavior:
    """Return a behavior: respond with a status and JSON, or with a text."""
    body = content if isinstance(content, str) else json.dumps(content)

    async def behave(request: Request, writer: Writer) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body.encode())}"]
        if request.body.get("stream"):
            lines.append("Connection: close")  # as the server does after a stream
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        await writer.drain()

    return behave


def stream_of(events: Iterable[str], *, then: float = 0.0) -> Behavior:
    """Return a behavior: send these events, wait, and close the connection."""

    async def behave(request: Request, writer: Writer) -> None:
        await start_stream(writer)
        for event in events:
            await send_event(writer, event)
        await asyncio.sleep(then)

    return behave


async def hang(request: Request, writer: Writer) -> None:
    """Send nothing."""
    await asyncio.sleep(60)


async def hang_up(request: Request, writer: Writer) -> None:
    """Close the connection without a response."""
    writer.close()


async def ping_forever(request: Request, writer: Writer) -> None:
    """Send comments and no event."""
    await start_stream(writer)
    while True:
        writer.write(b": ping\n\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def endless_line(request: Request, writer: Writer) -> None:
    """Send a line that never ends."""
    await start_stream(writer)
    writer.write(b"data: ")
    while True:
        writer.write(b"x" * 2**16)
        await writer.drain()
