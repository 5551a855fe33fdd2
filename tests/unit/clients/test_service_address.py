"""URLs of a JupyterHub's service."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.clients.service_address import ServiceAddress, socket_url
from jupyter_safecoder.errors import UntrustedSocket


def test_a_url_of_a_socket() -> None:
    url = socket_url(Path("/run/a b/s.sock"), "/services/safecoder/")
    assert url == "http+unix://%2Frun%2Fa%20b%2Fs.sock/services/safecoder/"
    address = ServiceAddress.of_url(url)
    assert address == ServiceAddress("http://safecoder/services/safecoder", "/run/a b/s.sock")
    assert str(address) == "/run/a b/s.sock"
    assert address.warning == ""
    with pytest.raises(UntrustedSocket):
        address.check()


@pytest.mark.parametrize("url", ["https://hub:8765/services/safecoder/", ""])
def test_urls_without_a_warning(url: str) -> None:
    address = ServiceAddress.of_url(url)
    assert address == ServiceAddress(url.rstrip("/"))
    assert address.warning == ""
    address.check()


@pytest.mark.parametrize("host", ["safecoder", "10.0.0.7", "127.0.0.1"])
def test_a_url_without_tls_has_a_warning_that_says_what_to_do(host: str) -> None:
    warning = ServiceAddress.of_url(f"http://{host}:8765/services/safecoder/").warning
    assert f"http://{host}:8765/services/safecoder unencrypted" in warning
    assert "Use an https URL" in warning
