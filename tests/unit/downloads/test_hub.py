"""Requests to the hub: redirects within it, the token for it alone, reasons for refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from jupyter_safecoder.downloads.hub import _is_allowed, _open
from jupyter_safecoder.downloads.package_index import http_client
from jupyter_safecoder.errors import DownloadError
from tests.support.file_server import FileServer, file_server


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as server:
        server.files["/file"] = b"content"
        yield server


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with http_client({}, follow_redirects=False) as client:
        yield client


def _get(client: Any, url: str, token: str = "") -> bytes:
    with _open(client, url, token, "team/coder", {"Range": "bytes=0-"}) as response:
        content: bytes = response.read()
    return content


def test_a_redirect_on_the_same_server(server: FileServer, client: Any) -> None:
    server.redirects["/old"] = "/file"
    assert _get(client, f"{server.url}/old", "secret") == b"content"
    assert all(
        (headers["authorization"], headers["range"]) == ("Bearer secret", "bytes=0-")
        for _, headers in server.requests
    )
    assert len(server.requests) == 2


def test_a_redirect_to_another_server_is_not_followed(server: FileServer, client: Any) -> None:
    with file_server() as other:
        other.files["/file"] = b"content"
        server.redirects["/old"] = f"{other.url}/file"
        with pytest.raises(DownloadError, match="redirects a request for team/coder to 127"):
            _get(client, f"{server.url}/old")
        assert other.requests == []


def test_a_circle_of_redirects(server: FileServer, client: Any) -> None:
    server.redirects["/old"] = "/old"
    with pytest.raises(DownloadError, match="too often"):
        _get(client, f"{server.url}/old")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://huggingface.co/other", True),
        ("https://cdn-lfs.huggingface.co/x", True),
        ("https://cas-bridge.xethub.hf.co/x", True),
        ("http://cdn-lfs.huggingface.co/x", False),
        ("http://huggingface.co/other", False),
        ("https://huggingface.co.example.org/x", False),
        ("https://myhf.co/x", False),
        ("https://user@example.org/huggingface.co", False),
        ("file:///etc/passwd", False),
        ("https://169.254.169.254/x", False),
    ],
)
def test_servers_that_a_redirect_may_lead_to(url: str, allowed: bool) -> None:
    endpoint = urlsplit("https://huggingface.co/team/coder/resolve/main/file")
    assert _is_allowed(urlsplit(url), endpoint) is allowed


@pytest.mark.parametrize(
    ("status", "part"), [(401, "gated"), (403, "gated"), (404, "does not have a file")]
)
def test_a_refusal_has_a_remedy(server: FileServer, client: Any, status: int, part: str) -> None:
    server.status = status
    with pytest.raises(DownloadError, match=part) as raised:
        _get(client, f"{server.url}/file")
    assert raised.value.remedy
