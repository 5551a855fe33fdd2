"""The table of places is complete: each row says what would be sent, and how to change it."""

from __future__ import annotations

from collections import Counter

from jupyter_safecoder.privacy.destination import read_table


def test_each_row_is_a_sentence_that_says_what_to_do() -> None:
    for row in read_table():
        assert row.sends.endswith("."), row.id
        assert row.change.endswith("."), row.id
        assert row.process


def test_ids_are_unique() -> None:
    assert max(Counter(row.id for row in read_table()).values()) == 1
