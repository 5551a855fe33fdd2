"""Scores of a completion against the expected line."""

from __future__ import annotations

import pytest

from jupyter_safecoder.evaluation.scoring import score


@pytest.mark.parametrize(
    ("text", "expected", "exact", "similarity"),
    [
        ("x = 1", "x = 1", 1.0, 1.0),
        ("x = 1  \nmore", "x = 1", 1.0, 1.0),  # first lines, without trailing space
        ("", "x", 0.0, 0.0),
        ("", "", 1.0, 1.0),
        ("abcd", "abxd", 0.0, 0.75),  # 2 * len("abd") / (4 + 4)
        ("abc", "xyz", 0.0, 0.0),
    ],
)
def test_score(text: str, expected: str, exact: float, similarity: float) -> None:
    assert list(score(text, expected)) == pytest.approx([exact, similarity])
