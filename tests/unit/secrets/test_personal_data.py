"""E-mail and IP addresses, and text that is similar to one."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.personal_data import (
    find_account_numbers,
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


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("DE89 3704 0044 0532 0130 00", "bank account"),
        ("GB82WEST12345698765432", "bank account"),
        ("4111 1111 1111 1234", ""),
        ("4539 5787 6362 1486", "card number"),
        ("4539578763621486", "card number"),
        ("DE88 3704 0044 0532 0130 00", ""),
        ("+49 30 123 45678", "phone number"),
        ("1234567890123456", ""),
        ("2024-01-15 10:30:00", ""),
        ("3.14159265358979", ""),
    ],
)
def test_account_numbers_have_the_right_check_digits(number: str, kind: str) -> None:
    found = list(find_account_numbers(f"It is {number}, since 2020."))
    assert [(one.value, one.kind) for one in found] == ([(number, kind)] if kind else [])


def test_a_telephone_number_behind_a_word() -> None:
    assert [one.value for one in find_account_numbers("Tel.: 0171 2345678")] == ["0171 2345678"]
    assert not list(find_account_numbers("Row 0171 2345678"))
