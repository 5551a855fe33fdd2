"""A completion server behind a forward proxy."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_safecoder.engines import RemoteServer
from tests.support.completion_server import CompletionServer
from tests.support.exchange import PROXIED_HOST, EngineOn, LoadError, run
from tests.support.forward_proxy import ForwardProxy


@pytest.fixture
def proxy(server: CompletionServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForwardProxy]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with ForwardProxy(server.port) as proxy:
        yield proxy


def test_the_proxy_of_the_environment(
    proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch, engine_on: EngineOn
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with engine_on(RemoteServer(f"http://{PROXIED_HOST}:8000")) as engine:
        assert run(engine)[-1].finished == "end"
    assert proxy.requests[0] == f"GET http://{PROXIED_HOST}:8000/v1/models HTTP/1.1"
    assert f"POST http://{PROXIED_HOST}:8000/v1/completions HTTP/1.1" in proxy.requests


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the CA")
def test_a_tunnel_to_a_server_with_tls(
    proxy: ForwardProxy, server: CompletionServer, certificates: Path, engine_on: EngineOn
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "localhost.pem", certificates / "localhost.key")
    server.stop()
    server.tls = context
    server.listen()
    remote = RemoteServer(
        f"https://{PROXIED_HOST}", ca_file=str(certificates / "ca.pem"), proxy=proxy.url
    )
    with engine_on(remote) as engine:
        assert run(engine)[-1].finished == "end"
    assert set(proxy.requests) == {f"CONNECT {PROXIED_HOST}:443 HTTP/1.1"}


def test_a_server_on_this_machine_is_reached_without_the_proxy(
    proxy: ForwardProxy,
    server: CompletionServer,
    monkeypatch: pytest.MonkeyPatch,
    engine_on: EngineOn,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    with engine_on(RemoteServer(server.url, proxy=proxy.url)) as engine:
        assert run(engine)[-1].finished == "end"
    assert proxy.requests == []


@pytest.mark.usefixtures("short_timeout")
def test_hosts_without_a_proxy(
    proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch, load_error: LoadError
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", PROXIED_HOST)
    error = load_error(RemoteServer(f"http://{PROXIED_HOST}:8000"))
    assert f"The server {PROXIED_HOST}:8000 cannot be reached: no connection" in error.reason
    assert proxy.requests == []


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize(
    ("scheme", "status", "reason"),
    [
        ("https", 403, "cannot be reached by the proxy 127.0.0.1:PORT: it answered HTTP 403"),
        ("https", 407, "cannot be reached by the proxy 127.0.0.1:PORT: it answered HTTP 407"),
        ("http", 407, "asks for a name and a password (HTTP 407)"),
    ],
)
def test_a_proxy_that_refuses(
    proxy: ForwardProxy, load_error: LoadError, scheme: str, status: int, reason: str
) -> None:
    proxy.status = status
    url = proxy.url.replace("://", "://me:secret@")
    error = load_error(RemoteServer(f"{scheme}://{PROXIED_HOST}", proxy=url))
    assert reason.replace("PORT", str(proxy.port)) in error.reason
    assert "secret" not in error.reason + error.remedy


@pytest.mark.usefixtures("short_timeout")
def test_a_proxy_that_is_down(load_error: LoadError) -> None:
    error = load_error(RemoteServer(f"https://{PROXIED_HOST}", proxy="http://127.0.0.1:1"))
    assert "cannot be reached by the proxy 127.0.0.1:1: no connection" in error.reason
    assert "HTTPS_PROXY" in error.remedy
