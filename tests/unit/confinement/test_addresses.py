"""Which addresses a process may connect to."""

from __future__ import annotations

import pytest

from jupyter_safecoder.confinement.addresses import (
    Address,
    AllowedAddresses,
    proxies_of,
    split_address,
)

ALLOWED = AllowedAddresses(
    [
        Address("llm.example", 443),
        Address("10.0.0.5"),
        Address("2001:db8::1", 443),
        Address(".hf.co"),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://llm.example/v1", Address("llm.example", 443)),
        ("http://user:password@LLM.example", Address("llm.example", 80)),
        ("https://[2001:db8::1]:8443/", Address("2001:db8::1", 8443)),
        ("postgresql+pg8000://u:p@db.example/a", Address("db.example", None)),
        ("llm.example:8000", Address("llm.example", 8000)),
        ("llm.example", Address("llm.example", None)),
        ("sqlite:////srv/a.sqlite", None),
        ("http://[", None),
        ("http://a:port", None),
        ("", None),
    ],
)
def test_addresses_of_urls(text: str, expected: Address | None) -> None:
    assert split_address(text) == expected


def test_proxies_of_an_environment() -> None:
    found = proxies_of({"https": "http://u:p@out.example:3128", "no": "a.example", "http": ""})
    assert found == [Address("out.example", 3128)]


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("127.0.0.1", 1, True),
        ("127.3.2.1", 1, True),
        ("::1", 1, True),
        ("::ffff:127.0.0.1", 1, True),
        ("localhost", 1, True),
        ("", 1, True),
        ("llm.example", 443, True),
        ("LLM.example.", 443, True),
        ("llm.example", 80, False),
        ("evil.llm.example", 443, False),
        ("example", 443, False),
        ("10.0.0.5", 1, True),
        ("::ffff:10.0.0.5", 1, True),
        ("10.0.0.6", 1, False),
        ("2001:0db8:0::1", 443, True),
        ("2001:db8::1", 80, False),
        ("cdn.hf.co", 1, True),
        ("hf.co", 1, False),
        ("evilhf.co", 1, False),
        ("localhost.example", 1, False),
        ("169.254.169.254", 80, False),
        ("2130706433", 1, False),
        ("0x7f.1", 1, False),
        ("<broadcast>", 1, False),
    ],
)
def test_connections(host: str, port: int, expected: bool) -> None:
    assert ALLOWED.has(host, port) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("localhost", True),
        ("", True),
        ("192.0.2.1", True),  # no look-up; a connection is tested by itself
        ("llm.example", True),
        ("text.of.a.notebook.example", False),
        ("ip6-localhost", False),
    ],
)
def test_look_ups(name: str, expected: bool) -> None:
    assert ALLOWED.has_name(name) is expected


def test_what_an_allowed_name_resolves_to() -> None:
    allowed = AllowedAddresses([Address("llm.example", 443)])
    allowed.learn("llm.example", ["192.0.2.7", "2001:db8::7", "not an address"])
    allowed.learn("other.example", ["192.0.2.8"])
    assert allowed.has("192.0.2.7", 443)
    assert allowed.has("2001:db8::7", 443)
    assert not allowed.has("192.0.2.7", 80)
    assert not allowed.has("192.0.2.8", 443)
    assert allowed.has_host("192.0.2.7")
    assert not allowed.has_host("192.0.2.8")
    assert allowed.named == {Address("llm.example", 443)}


def test_addresses_as_text() -> None:
    assert str(Address("llm.example", 443)) == "llm.example:443"
    assert str(Address("2001:db8::1", 443)) == "[2001:db8::1]:443"
    assert str(Address("llm.example")) == "llm.example"
