"""Random strings are found; words, paths, checksums and images are not."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.entropy import entropy, find_random


def found(text: str) -> list[str]:
    return [secret.value for secret in find_random(text)]


def test_bits_per_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
    assert entropy("aabb") == 1


@pytest.mark.parametrize(
    "value",
    [
        "9f86d081884c7d659a2feaa0c55ad015",
        "Zk3xQ9vLm7Rb2TnW8yPc5Hd",
        "3f1c9a7d-5e2b-4c6d-8e0f-1a2b3c4d5e6f",
    ],
)
def test_random_strings(value: str) -> None:
    assert found(f"x = '{value}'") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "sha256 = '9f86d081884c7d659a2feaa0c55ad015'",
        "src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNby'",
        "/home/anna/data2024/experiment_2024_03_run12_lr0001",
        "a_rather_long_name_of_2024_with_the_outliers_removed",
        "00000000000000000000000000000000",
    ],
)
def test_strings_that_are_not_random(text: str) -> None:
    assert found(text) == []
