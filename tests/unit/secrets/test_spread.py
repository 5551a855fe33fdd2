"""Values are sought by few patterns, outside of longer words and of names in code."""

from __future__ import annotations

import pytest

from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import Secret, find_values, identifiers
from jupyter_safecoder.secrets.spread import spread_of


def test_values_stand_alone() -> None:
    secrets = [Secret("Geheim77x", "password"), Secret("#a1b2c3", "password")]
    text = "Geheim77x Geheim77xy 'a#a1b2c3' -pGeheim77x \\nGeheim77x"
    assert [(one.value, one.start) for one in find_values(text, secrets)] == [
        *(("Geheim77x", 0), ("Geheim77x", 34), ("Geheim77x", 46)),
        ("#a1b2c3", 23),
    ]


def test_the_longer_of_two_values_is_found() -> None:
    secrets = [Secret("birne7", "password"), Secret("birne7-mus", "key")]
    assert [one.value for one in find_values("birne7-mus", secrets)] == ["birne7-mus"]


def test_more_values_than_one_pattern_takes() -> None:
    secrets = [Secret(f"value{number}x", "key") for number in range(1000)]
    text = " ".join(secret.value for secret in secrets)
    assert len(list(find_values(text, secrets))) == 1000


def test_identifiers_are_those_of_code() -> None:
    cells = [
        Cell("code", "alpha = 'beta'  # gamma\n!run delta"),
        Cell("code", "%%bash\nepsilon"),
        Cell("markdown", "zeta"),
    ]
    assert identifiers(cells) == {"alpha"}


@pytest.mark.parametrize(
    ("value", "anywhere", "words"),
    [
        *(("Geheim77x", 1, 0), ("nachtigall", 0, 1), ("import", 0, 0), ("float32", 0, 0)),
        *(("abc1", 0, 0), ("numpy", 0, 0), ("password", 0, 0)),
    ],
)
def test_what_is_sought_elsewhere(value: str, anywhere: int, words: int) -> None:
    spread = spread_of([Cell("code", "x = y.float32")], [Secret(value, "password")])
    assert (len(spread.anywhere), len(spread.words)) == (anywhere, words)
    assert len(spread.values) == 1
