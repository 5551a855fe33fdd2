"""API keys and certificates: sent, read again, and refused with a reason."""

from __future__ import annotations

import logging
import os
import shutil
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.engines.remote.credentials import KeyFile
from tests.support.completion_server import CompletionServer, respond
from tests.support.exchange import MODELS, EngineOn, LoadError, failure, run


def write_key(path: Path, key: str, mode: int = 0o600) -> str:
    path.write_text(key)
    path.chmod(mode)
    return str(path)


def test_the_key_is_sent_and_read_again_when_it_changes(
    server: CompletionServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, engine_on: EngineOn
) -> None:
    caplog.set_level(logging.DEBUG)
    key = write_key(tmp_path / "key", "first-key\n")
    with engine_on(RemoteServer(server.url, key_file=key)) as engine:
        assert {request.headers["authorization"] for request in server.requests} == {
            "Bearer first-key"
        }
        write_key(tmp_path / "new", "second-key")
        os.replace(tmp_path / "new", key)
        run(engine)
        assert server.requests[-1].headers["authorization"] == "Bearer second-key"
        os.unlink(key)
        assert "cannot be read: No such file" in failure(run(engine)).reason
    assert "-key" not in caplog.text


def test_a_key_that_the_server_does_not_accept(
    server: CompletionServer, tmp_path: Path, load_error: LoadError
) -> None:
    server.overrides[MODELS] = respond(401, {})
    key = write_key(tmp_path / "key", "wrong")
    error = load_error(RemoteServer(server.url, key_file=key))
    assert "does not accept our API key (HTTP 401)" in error.reason
    assert "wrong" not in error.reason + error.remedy


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        ("key", 0o604, "All users of this machine may read"),
        ("", 0o600, "does not hold a key"),
        ("two lines\nof text", 0o600, "does not hold a key"),
        ("k" * 5000, 0o600, "does not hold a key"),
    ],
)
def test_key_files_that_are_refused(
    tmp_path: Path, content: str, mode: int, reason: str, load_error: LoadError
) -> None:
    key = write_key(tmp_path / "key", content, mode)
    assert reason in load_error(RemoteServer("http://localhost:1", key_file=key)).reason


def test_a_key_that_the_group_may_read_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    KeyFile(write_key(tmp_path / "key", "key", 0o640))
    assert "The group may read" in caplog.text


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the CA")


@needs_openssl
def test_tls(
    tls_server: CompletionServer, certificates: Path, engine_on: EngineOn, load_error: LoadError
) -> None:
    remote = RemoteServer(tls_server.url, ca_file=str(certificates / "ca.pem"))
    with engine_on(remote) as engine:
        assert run(engine)[-1].finished == "end"
    for untrusted in (
        replace(remote, ca_file=""),
        replace(remote, ca_file=str(certificates / "other.pem")),
    ):
        start = time.monotonic()
        error = load_error(untrusted)
        assert "TLS with the server" in error.reason
        assert "certificate" in error.reason
        assert "remote_ca_file" in error.remedy
        # A request of the handshake is retried for 30 s.
        assert time.monotonic() - start < 25, "The request is retried."
    by_address = replace(remote, url=tls_server.url.replace("localhost", "127.0.0.1"))
    assert "TLS with the server" in load_error(by_address).reason


@needs_openssl
@pytest.mark.usefixtures("short_timeout")
def test_tls_with_a_client_certificate(
    tls_server: CompletionServer, certificates: Path, engine_on: EngineOn, load_error: LoadError
) -> None:
    assert tls_server.tls
    tls_server.tls.load_verify_locations(certificates / "ca.pem")
    tls_server.tls.verify_mode = ssl.CERT_REQUIRED
    remote = RemoteServer(tls_server.url, ca_file=str(certificates / "ca.pem"))
    assert load_error(remote).reason
    own = replace(
        remote,
        certificate_file=str(certificates / "client.pem"),
        certificate_key_file=str(certificates / "client.key"),
    )
    with engine_on(own) as engine:
        assert run(engine)[-1].finished == "end"
    mismatched = replace(own, certificate_key_file=str(certificates / "other.key"))
    assert "not a pair" in load_error(mismatched).reason
    assert "No such file" in load_error(replace(own, certificate_file="/none.pem")).reason


@needs_openssl
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_files_that_cannot_be_used(
    tmp_path: Path, content: str | None, load_error: LoadError
) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    remote = RemoteServer("https://localhost:1", ca_file=str(tmp_path / "ca.pem"))
    assert "cannot be used as c.SafeCoder.remote_ca_file" in load_error(remote).reason
