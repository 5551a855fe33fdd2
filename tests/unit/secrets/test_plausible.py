"""What a password or a key looks like, and what fills the gap of one."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.plausible import (
    is_gap,
    is_high_entropy,
    is_random,
    resembles_password,
    resembles_path,
)


@pytest.mark.parametrize(
    "value", ["", "ab", "<password>", "${PW}", "None", "***", "your_token", "…"]
)
def test_gaps(value: str) -> None:
    assert is_gap(value)


@pytest.mark.parametrize("value", ["Geheim77x", "p@ssw0rd", "kP#xq-Lz", "Sommer2024!"])
def test_passwords(value: str) -> None:
    assert resembles_password(value)
    assert not is_gap(value)


@pytest.mark.parametrize(
    "value",
    [
        *("nachtigall", "conv2d", "utf8", "2024-01-15", "3.14", "https://a.de/1", "data/x1.csv"),
        *("~pandas.DataFrame", "a b1!", "f(x1)", "12%"),
    ],
)
def test_words_numbers_and_paths_are_none(value: str) -> None:
    assert not resembles_password(value)


def test_a_random_string_needs_no_digits() -> None:
    assert is_random("xKfQvBzRtWjMhGpL")
    assert not is_random("RandomForestClassifier")


@pytest.mark.parametrize("value", ["/a/b", "~/x", "s3://a/b", "model.safetensors.json", "a/b.csv"])
def test_paths(value: str) -> None:
    assert resembles_path(value)


def test_a_checksum_has_a_high_entropy() -> None:
    assert is_high_entropy("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b")
    assert is_high_entropy("Zk3xQ9vLm7Rb2TnW8yPc5Hd")
    assert not is_high_entropy("load_checkpoint_2024")
