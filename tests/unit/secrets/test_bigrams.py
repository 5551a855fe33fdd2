"""Random strings differ from words by their pairs of characters, with and without digits."""

from __future__ import annotations

from random import Random
from string import ascii_letters, digits

import pytest

from jupyter_safecoder.secrets.bigrams import END, SYMBOLS, TABLE_FILE, randomness, symbols_of


@pytest.mark.parametrize("alphabet", [ascii_letters, ascii_letters + digits + "-_"])
def test_nearly_all_random_strings_are_above_all_words(alphabet: str) -> None:
    random = Random(1)
    scores = sorted(randomness("".join(random.choices(alphabet, k=24))) for _ in range(500))
    assert scores[5] > 1.5


@pytest.mark.parametrize(
    "word",
    [
        "a_rather_long_name_of_2024_with_the_outliers_removed",
        "RandomForestClassifier",
        "/home/anna/experiments/run_12/checkpoint",
        "max_position_embeddings",
        "getElementsByClassName",
    ],
)
def test_words_are_below(word: str) -> None:
    assert randomness(word) < 0


def test_the_table_has_a_row_and_a_column_for_each_symbol() -> None:
    rows = TABLE_FILE.read_text("ascii").split()
    assert {len(row) for row in rows} == {len(rows)} == {len(SYMBOLS)}


def test_any_text_has_symbols_and_a_score() -> None:
    assert symbols_of("a1é") == [0, SYMBOLS.index("0"), SYMBOLS.index("?")]
    assert END not in symbols_of("$a")
    assert randomness("") == 0
