"""A small forward proxy, which connects every name to a port of this machine."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.support.server_thread import ServerThread

#: Bytes that are passed on at once.
_CHUNK = 2**16


@dataclass
class ForwardProxy:
    """Tunnels ``CONNECT``, and forwards requests with the whole URL.

    Parameters
    ----------
    target
        The port that all connections lead to.
    status
        The status that it refuses all requests with; 0: it refuses none.
    requests
        The first line of each request.
    """

    target: int
    status: int = 0
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> ForwardProxy:
        self._thread = ServerThread(self._serve)
        self.port = self._thread.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            line, rest = head.split(b"\r\n", 1)
            self.requests.append(line.decode("ascii"))
            if self.status:
                writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.status)
                await writer.drain()
                return
            method, url, version = line.decode("ascii").split(" ")
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(server_writer)
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await asyncio.gather(_copy(reader, server_writer), _copy(server_reader, writer))
                return
            server_writer.write(f"{method} {urlsplit(url).path} {version}\r\n".encode() + rest)
            server_writer.write(await reader.readexactly(_length(rest)))
            answer = await server_reader.readuntil(b"\r\n\r\n")
            # One request for each connection: the next one has another path.
            writer.write(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            if length := _length(answer):
                writer.write(await server_reader.readexactly(length))
                await writer.drain()
                return
            await _copy(server_reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client closed the connection
        finally:
            for one in writers:
                one.transport.abort()


def _length(head: bytes) -> int:
    """Return the length of a body, by the lines of its head; 0 if they do not have it."""
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    writer.close()
