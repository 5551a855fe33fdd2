"""Random secrets have the forms of their issuers, and come from their seed."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.secrets.values import random_value
from jupyter_safecoder.secrets.personal_data import find_account_numbers


def test_a_seed_gives_the_same_secret() -> None:
    assert random_value("github", Random(1)) == random_value("github", Random(1))
    assert random_value("github", Random(1)) != random_value("github", Random(2))


@pytest.mark.parametrize(
    ("kind", "start", "length"),
    [("aws_id", "AKIA", 20), ("github", "ghp_", 40), ("hf", "hf_", 37), ("eth_key", "0x", 66)],
)
def test_forms_of_issuers(kind: str, start: str, length: int) -> None:
    value = random_value(kind, Random(1))
    assert value.startswith(start)
    assert len(value) == length


@pytest.mark.parametrize("kind", ["iban", "card"])
def test_check_digits_are_right(kind: str) -> None:
    for seed in range(20):
        value = random_value(kind, Random(seed))
        assert [one.value for one in find_account_numbers(f"x {value} y")] == [value]
