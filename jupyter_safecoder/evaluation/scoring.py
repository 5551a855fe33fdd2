"""Scores a completion against the expected line: exact match and edit similarity."""

from __future__ import annotations


def score(text: str, expected: str) -> tuple[float, float]:
    """Return the exact match and the edit similarity of two first lines, 0 to 1 each.

    The similarity is twice the length of the longest common subsequence over the sum of both
    lengths, as code completion benchmarks report it (CodeXGLUE, Lu et al. 2021, arXiv:2102.04664).
    Trailing space is ignored.
    """
    from rapidfuzz.distance import Indel

    first, second = (lines.partition("\n")[0].rstrip() for lines in (text, expected))
    return float(first == second), Indel.normalized_similarity(first, second)
