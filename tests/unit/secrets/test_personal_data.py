"""E-mail and IP addresses, and text that is similar to one."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.personal_data import (
    find_email_addresses,
    find_ip_addresses,
)


@pytest.mark.parametrize("address", ["anna.muster@firma.de", "a+b@mail.example.org"])
def test_email_addresses(address: str) -> None:
    assert [one.value for one in find_email_addresses(f"ask {address}, please")] == [address]


@pytest.mark.parametrize("text", ["X@W.T", "x@W.shape", "git@github.com:team/repo.git", "a@b"])
def test_no_email_addresses(text: str) -> None:
    assert not list(find_email_addresses(text))


@pytest.mark.parametrize("address", ["10.34.7.121", "2001:db8:85a3::8a2e:370:7334"])
def test_ip_addresses(address: str) -> None:
    assert [one.value for one in find_ip_addresses(f"host = '{address}'")] == [address]


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "version 1.2.3.4", "foo==1.2.3.4", "300.1.2.3", "x[1000::2000]", "1.2.3"]
)
def test_no_ip_addresses(text: str) -> None:
    assert not list(find_ip_addresses(text))
