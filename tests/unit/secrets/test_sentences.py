"""Passwords that sentences name, in several languages; other sentences have none."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.sentences import find_in_sentences


@pytest.mark.parametrize(
    "text",
    [
        "Das Passwort lautet Geheim77x",
        "Zugangsdaten: anna / Geheim77x",
        "anna / Geheim77x",
        "The password for the lab server is Geheim77x, please change it.",
        "Log in as anna with the password Geheim77x.",
        "Le mot de passe du serveur db.intern est Geheim77x depuis mars.",
        "La contraseña es Geheim77x.",
        "Het wachtwoord voor build7 is Geheim77x",
        "Hasło do bazy to Geheim77x.",
        "密码是 Geheim77x",
        "`Geheim77x` is the password.",
        "**Passwort**\n\n`Geheim77x`",
        "('db', 'anna', 'Geheim77x')",
    ],
)
def test_sentences_with_a_password(text: str) -> None:
    found = list(find_in_sentences(f"# Notes\n{text}", code=False))
    assert {one.value for one in found} == {"Geheim77x"}
    assert all(f"# Notes\n{text}"[one.start : one.end] == one.value for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "The password must have 12 characters.",
        "The secret is to use more data.",
        "Passwords are changed every 90 days.",
        "Pass a 2-tuple to the function.",
        "Windows / Linux64",
        "('layer', 'conv2d', 'ResNet50')",
        "## Password\n\nIt has 12 characters.",
        "The token is sent to https://example.org/v1/token.",
    ],
)
def test_other_sentences(text: str) -> None:
    assert not list(find_in_sentences(text, code=False))


@pytest.mark.parametrize(
    "text",
    [
        "The password is birke77.",
        "Le mot de passe : birke77",
        "La contraseña es birke77",
        "La password è birke77, per ora.",
        "Heslo k serveru je birke77",
        "A senha é `birke77`",
        "パスワードは birke77 です",
    ],
)
def test_a_word_and_a_number_at_the_end_of_a_sentence(text: str) -> None:
    assert {one.value for one in find_in_sentences(text, code=False)} == {"birke77"}


@pytest.mark.parametrize(
    "text",
    [
        "The password is base64.",
        "The password is sha256 of the name.",
        "Passwords in column16.",
    ],
)
def test_other_words_with_a_number(text: str) -> None:
    assert not list(find_in_sentences(text, code=False))


def test_code_is_read_in_strings_and_comments_only() -> None:
    assert list(find_in_sentences("x = 1  # the password is Geheim77x", code=True))
    assert list(find_in_sentences("log('the password is Geheim77x')", code=True))
    assert not list(find_in_sentences("password is Geheim77x", code=True))
