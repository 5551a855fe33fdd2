"""The value of a secret name is a secret, unless it is none."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.named_values import (
    find_named_values,
    other_regions,
    secret_of,
)
from jupyter_safecoder.secrets.names import is_secret_name


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("db_password", True),
        ("API_TOKEN", True),
        ("aws_secret_access_key", True),
        ("passwort", True),
        ("pw", True),
        ("tokenizer", False),
        ("pad_token_id", False),
        ("compass", False),
        ("password_label", False),
        ("token_url", False),
        ("keyboard", False),
    ],
)
def test_secret_names(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


@pytest.mark.parametrize("value", ["", "x", "${PASSWORD}", "<your password>", "None", "***", "123"])
def test_values_that_are_a_gap(value: str) -> None:
    assert not list(secret_of("password", value))


def test_a_word_of_prose_is_no_password() -> None:
    assert not list(secret_of("password", "must", quoted=False, prose=True))
    assert list(secret_of("password", "must", quoted=False))


def test_a_key_has_no_spaces_and_six_characters() -> None:
    assert not list(secret_of("api_key", "two words"))
    assert not list(secret_of("api_key", "a1b2"))
    assert [one.placeholder for one in secret_of("api_key", "a1b2c3")] == ["<KEY>"]


def test_code_is_read_differently_from_words() -> None:
    assert not list(find_named_values("token = response", code=True))
    assert [one.value for one in find_named_values("token = response7", code=False)] == [
        "response7"
    ]


def test_the_text_of_a_cell_that_is_not_python() -> None:
    code = "x = 'words'  # a remark\n!export A=b\ny = x"
    parts = [code[start:end] for start, end in other_regions(code)]
    assert parts == ["!export A=b", "words", "# a remark"]
    shell = "%%bash\nexport A=b"
    assert other_regions(shell) == [(0, len(shell))]
