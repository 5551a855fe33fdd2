"""Which proxy a completion server is reached by."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from jupyter_safecoder.engines.remote.proxy import find_proxy, proxy_host
from jupyter_safecoder.errors import EngineError

PROXY = "http://proxy.example:3128"
SERVER = "https://models.example:8000"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("variables", "server", "proxy"),
    [
        ({}, SERVER, None),
        ({"HTTPS_PROXY": PROXY}, SERVER, PROXY),
        ({"https_proxy": PROXY}, SERVER, PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, SERVER, PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://models.example", None),
        ({"HTTP_PROXY": PROXY}, "http://models.example", PROXY),
        ({"ALL_PROXY": PROXY}, SERVER, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "models.example"}, SERVER, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".example"}, SERVER, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "models.example:8000"}, SERVER, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "other.example, *"}, SERVER, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, SERVER, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "example.org"}, SERVER, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3", None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, "https://11.1.2.3", PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "fd00::/8"}, "https://[fd00::1]:8000", None),
        ({"HTTPS_PROXY": PROXY}, "https://localhost:8000", None),
        ({"HTTPS_PROXY": PROXY}, "https://127.0.0.5", None),
        ({"HTTPS_PROXY": PROXY}, "https://[::1]:8000", None),
        ({"HTTPS_PROXY": PROXY}, "https://models.localhost", None),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], server: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_proxy("", urlsplit(server)) == proxy


def test_the_setting_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example")
    monkeypatch.setenv("NO_PROXY", "*")
    assert find_proxy(PROXY, urlsplit(SERVER)) == PROXY
    assert find_proxy("none", urlsplit(SERVER)) is None
    assert find_proxy(PROXY, urlsplit("http://localhost:8000")) is None


@pytest.mark.parametrize("setting", ["socks5://proxy:1080", "http://", "http://a b", "http://[::"])
def test_a_proxy_that_cannot_be_used(setting: str) -> None:
    with pytest.raises(EngineError, match=r"c.SafeCoder.remote_proxy is not the URL") as raised:
        find_proxy(setting, urlsplit(SERVER))
    assert "SOCKS is not supported" in raised.value.remedy


def test_a_password_is_not_shown() -> None:
    assert proxy_host("http://me:secret@proxy.example:3128") == "proxy.example:3128"
