"""The synchronous HTTP client: in an event loop, interrupted, closed early, not closed at all."""

from __future__ import annotations

import asyncio
import os
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused
from jupyter_safecoder.http.sync_client import Response, SyncHttpClient
from tests.support.http_server import http_server
from tests.support.processes import run_python

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@dataclass
class PatientServer:
    """Never completes a response; ``closed`` is set when a client closes its connection."""

    url: str
    received: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)


@contextmanager
def patient_server() -> Iterator[PatientServer]:
    """Answer with nothing at ``/never``, else with the first line of a response."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                if b"/never" not in self.request.recv(4096):
                    self.request.sendall(HEAD + b"first\nsec")
                served.received.set()
                while self.request.recv(4096):
                    pass
            served.closed.set()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        served = PatientServer(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        server.daemon_threads = True
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def complete(client: SyncHttpClient) -> None:
    client.request("GET", "/never")


def stream(client: SyncHttpClient) -> None:
    list(client.stream_lines("POST", "/", b""))


def test_requests_inside_a_running_event_loop() -> None:
    """As in a cell of a kernel."""

    async def run() -> tuple[Response, list[bytes]]:
        with closing(SyncHttpClient(server.url, {})) as client:
            lines = list(client.stream_lines("POST", "/", b""))
            return client.request("GET", "/"), lines

    with http_server(lambda received: (200, b"one\n\xe2\x80\xa8two")) as server:
        response, lines = asyncio.run(run())
    assert response == Response(200, b"one\n\xe2\x80\xa8two")
    assert lines == [b"one\n", b"\xe2\x80\xa8two"]


def test_closing_the_iterator_closes_the_connection() -> None:
    with patient_server() as server, closing(SyncHttpClient(server.url, {})) as client:
        lines = client.stream_lines("POST", "/", b"")
        assert next(lines) == b"first\n"
        assert not server.closed.is_set()
        lines.close()
        assert server.closed.wait(5)


def test_waiting_for_a_line_can_be_interrupted_by_empty_ones() -> None:
    with patient_server() as server, closing(SyncHttpClient(server.url, {})) as client:
        lines = client.stream_lines("POST", "/", b"", poll_s=0.001)
        assert next(line for line in lines if line) == b"first\n"
        assert [next(lines), next(lines)] == [b"", b""]
        lines.close()
        assert server.closed.wait(5)


@pytest.mark.parametrize("send", [complete, stream])
def test_an_interrupt_cancels_the_request(
    send: Callable[[SyncHttpClient], None], request: pytest.FixtureRequest
) -> None:
    # A process that a shell started in the background ignores interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def interrupt() -> None:
        server.received.wait(10)
        time.sleep(0.2)  # until the client waits
        os.kill(os.getpid(), signal.SIGINT)

    with patient_server() as server, closing(SyncHttpClient(server.url, {})) as client:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            send(client)
        thread.join()
        assert server.closed.wait(5)


def test_closing_the_client_ends_its_requests_and_its_thread() -> None:
    before = threading.active_count()
    with patient_server() as server:
        client = SyncHttpClient(server.url, {})
        lines = client.stream_lines("POST", "/", b"")
        next(lines)
        client.close()
        assert server.closed.wait(5)
        with pytest.raises(CancelledError):
            next(lines)
    assert threading.active_count() == before


def test_a_client_that_is_not_closed_does_not_keep_the_process_alive() -> None:
    code = (
        "from jupyter_safecoder.http.sync_client import SyncHttpClient\n"
        "client = SyncHttpClient('{}', {{}})\n"
        "print(client.request('GET', '/').status)"
    )
    with http_server(lambda received: (204, b"")) as server:
        assert run_python(code.format(server.url)).stdout == "204\n"


def test_errors() -> None:
    with patient_server() as server, closing(SyncHttpClient(server.url, {})) as client:
        for path in ("/never", "/"):
            with pytest.raises(ConnectionLost):
                client.request("GET", path, timeout_s=0.1)
            with pytest.raises(ConnectionLost):
                client.request("GET", path, read_timeout_s=0.1)
    with closing(SyncHttpClient(server.url, {})) as client:
        with pytest.raises(ConnectionRefused):
            client.request("GET", "/")
        with pytest.raises(ConnectionRefused):
            stream(client)


def test_a_large_body() -> None:
    body = os.urandom(2**21)
    with (
        http_server(lambda received: (200, received.body)) as server,
        closing(SyncHttpClient(server.url, {})) as client,
    ):
        assert client.request("POST", "/", body).content == body
