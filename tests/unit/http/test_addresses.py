"""Which addresses are of this machine."""

from __future__ import annotations

import pytest

from jupyter_safecoder.http.addresses import host_of, is_loopback, without_credentials


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("kernel.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_hosts_and_credentials_of_urls() -> None:
    url = "https://ada:secret@llm.example:8443/v1?key=secret#secret"
    assert host_of(url) == "llm.example"
    assert without_credentials(url) == "https://llm.example:8443/v1"
    assert host_of("http://[") == ""
    assert host_of("sqlite:///file") == ""
