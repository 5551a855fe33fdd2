"""Faults and attacks around the service: in a real JupyterHub."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sqlite3
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit

import psutil
import pytest

from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.authenticator import Authenticator
from tests.support.processes import runtimes_of, until
from tests.support.real_hub import SCOPES, Hub

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def token(hub: Hub) -> str:
    """Return a token of bob, once his runtime is ready."""
    found = hub.token("bob", SCOPES)
    until(lambda: hub.ready(found), 60)
    return found


@pytest.fixture
def service(hub: Hub) -> psutil.Process:
    """Return the service's process."""
    [process] = [
        process
        for process in psutil.Process(hub.process.pid).children(recursive=True)
        if "hub" in process.cmdline() and "--policy" in process.cmdline()
    ]
    return process


def test_a_revoked_token_works_no_longer(hub: Hub, token: str) -> None:
    made = hub.api.post("/users/bob/tokens", json={"scopes": SCOPES}).json()
    assert hub.ask(made["token"])[0] == 200
    hub.api.delete(f"/users/bob/tokens/{made['id']}").raise_for_status()
    # The service uses an answer of the Hub for two seconds here.
    until(lambda: hub.ask(made["token"])[0] == 401, 4)
    assert hub.ask(token)[0] == 200


def test_a_user_who_left_the_group_is_not_served(hub: Hub, token: str) -> None:
    ada = hub.token("ada", SCOPES)
    until(lambda: hub.ready(ada), 60)
    assert hub.ask(ada)[0] == 200
    left = {"users": ["ada"]}
    hub.api.request("DELETE", "/groups/vision/users", json=left).raise_for_status()
    try:
        until(lambda: hub.ask(ada)[0] == 403, 4)
    finally:
        hub.api.post("/groups/vision/users", json=left).raise_for_status()
    until(lambda: hub.ask(hub.token("ada", SCOPES))[0] == 200, 4)


def test_slow_bodies_are_cut_off_and_delay_no_other_request(hub: Hub, token: str) -> None:
    address = urlsplit(hub.service)
    assert address.hostname
    assert address.port
    begin = (
        f"POST {address.path}/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n"
        f"Authorization: token {token}\r\n"
    )
    with ExitStack() as stack:
        slow = []
        for number in range(200):
            one = socket.create_connection((address.hostname, address.port), 5)
            stack.enter_context(one)
            # Half of them never finish their headers, the others never their body.
            one.sendall((begin + ("\r\n{" if number % 2 else "X-A: ")).encode())
            slow.append(one)
        began = time.monotonic()
        for _ in range(20):
            assert hub.ask(token)[0] == 200
        assert time.monotonic() - began < 5
        slow[1].settimeout(30)
        answer = b""
        while chunk := slow[1].recv(4096):
            answer += chunk
        # It is closed without a response: the request was never complete.
        assert not answer.startswith(b"HTTP/1.1 200")


def test_a_full_disk_is_an_error_until_there_is_room(
    hub: Hub, token: str, service: psutil.Process
) -> None:
    service.rlimit(psutil.RLIMIT_FSIZE, (100, psutil.RLIM_INFINITY))
    try:
        for _ in range(2):
            # The first request fails at its end; after that all requests are denied.
            events = hub.ask(token, prefix="hello")[1]
            assert "audit log cannot be written" in events[-1]["message"]
        assert [event["event"] for event in events] == ["error"]
    finally:
        service.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    status, events = hub.ask(token, prefix="hello")
    assert (status, events[-1]["text"]) == (200, "_world()")
    assert hub.entries()[-1]["outcome"] == "end"


class _Broken(BaseHTTPRequestHandler):
    """A JupyterHub API that answers with an error, which a real one does not do on request."""

    status = 500

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


@pytest.mark.parametrize(
    ("status", "refused", "reason"),
    [
        (500, 503, "JupyterHub does not answer."),
        (502, 503, "JupyterHub does not answer."),
        (404, 503, "JupyterHub does not answer."),
    ],
)
def test_a_hub_that_answers_500(
    status: int, refused: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Broken, "status", status)
    with HTTPServer(("127.0.0.1", 0), _Broken) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("JUPYTERHUB_API_URL", f"http://127.0.0.1:{server.server_port}/hub/api")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "x")
        with pytest.raises(RequestDenied, match=reason) as raised:
            asyncio.run(Authenticator(30).user_for("token abc"))
        server.shutdown()
    assert raised.value.status == refused


def test_a_hub_whose_database_is_locked(hub: Hub, token: str) -> None:
    connection = sqlite3.connect(hub.directory / "hub.sqlite", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        until(lambda: hub.ask(token)[0] == 503, 15)
        assert hub.ask(token)[1][-1]["message"] == "JupyterHub does not answer."
    finally:
        connection.close()
    until(lambda: hub.ask(token)[0] == 200, 20)


def test_a_hub_that_hangs(hub: Hub, token: str) -> None:
    hub.process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: hub.ask(token)[0] == 503, 15)
    finally:
        hub.process.send_signal(signal.SIGCONT)
    until(lambda: hub.ask(token)[0] == 200, 30)


def test_a_runtime_that_hangs_or_dies(hub: Hub, token: str, service: psutil.Process) -> None:
    for runtime in runtimes_of(service.pid):
        runtime.kill()
    until(lambda: hub.ask(token)[0] == 200, 30)
    before = len(hub.entries())
    service.kill()
    # The Hub starts it again, and it continues the same log.
    until(lambda: _served(hub, token), 60)
    entries = hub.entries()
    assert len(entries) > before
    assert all("text" not in json.dumps(entry) for entry in entries)


def _served(hub: Hub, token: str) -> bool:
    import httpx

    try:
        return hub.ready(token) and hub.ask(token)[0] == 200
    except httpx.HTTPError:
        return False
