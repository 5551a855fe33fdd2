"""The rhythm of a typist."""

from __future__ import annotations

import statistics

from benchmarks.browser.rhythm import Rhythm

TEXT = "result = model.fit(values, weights)\n" * 60


def test_equal_seeds_give_equal_keys() -> None:
    first, second, other = ([Rhythm(seed).pause_ms("a") for _ in range(5)] for seed in (1, 1, 2))
    assert first == second != other


def test_pauses_are_those_of_people() -> None:
    rhythm = Rhythm(0)
    pauses = [rhythm.pause_ms(character) for character in TEXT]
    assert 140 < statistics.mean(pauses) < 260
    assert min(pauses) >= 30
    assert max(pauses) <= 1500
    # Bursts: several keys in a row that are faster than any other pause within words.
    runs = "".join("f" if pause < 110 else "s" for pause in pauses)
    assert "ffff" in runs


def test_a_wrong_key_is_beside_the_right_one() -> None:
    rhythm = Rhythm(0)
    slips = [rhythm.slip("g") for _ in range(4000)]
    assert set(slips) == {"", "f", "h"}
    assert 0.01 < sum(map(bool, slips)) / len(slips) < 0.05
    assert {rhythm.slip(character) for character in "(=1 \nÄ" for _ in range(1000)} == {""}


def test_an_error_is_noticed_soon() -> None:
    rhythm = Rhythm(0)
    assert {rhythm.late_keys() for _ in range(100)} == {0, 1, 2}
    assert all(30 <= rhythm.notice_ms() <= 1500 for _ in range(100))
