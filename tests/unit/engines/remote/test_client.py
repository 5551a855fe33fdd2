"""URLs of a completion server; requests: ``tests/integration``."""

from __future__ import annotations

import logging

import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.engines.remote.client import RemoteClient, _check_url, _retry_after
from jupyter_safecoder.errors import EngineError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://host/v1/", "https://host"),
        ("https://host/prefix/v1", "https://host/prefix"),
    ],
)
def test_the_url_of_a_server(text: str, url: str) -> None:
    assert _check_url(text).geturl() == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:8000",
        "ftp://host",
        "http://h/?a=b",
        "http://[::",
        "http://h:port",
        "http://h:99999",
        "http://a b",
        "http://h\n",
    ],
)
def test_an_invalid_url(text: str) -> None:
    with pytest.raises(EngineError, match="not the URL of a server"):
        _check_url(text)


@pytest.mark.parametrize(
    ("url", "warned"),
    [("http://127.0.0.1:8000", False), ("http://localhost", False), ("http://host", True)],
)
def test_unencrypted_prompts_are_reported(
    url: str, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    RemoteClient(RemoteServer(url))
    assert ("unencrypted" in caplog.text) == warned


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0", 0.1), ("Wed, 21 Oct 2015 07:28:00 GMT", None), (None, None)],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    headers = {} if value is None else {"Retry-After": value}
    assert _retry_after(headers) == seconds
