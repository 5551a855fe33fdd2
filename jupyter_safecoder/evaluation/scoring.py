"""How alike two lines are: exact match and edit similarity."""

from __future__ import annotations


def score(text: str, expected: str) -> tuple[float, float]:
    """Return exact match and edit similarity of two first lines, 0 to 1 each.

    The similarity is twice the length of the longest common subsequence over the sum of both
    lengths, as code completion benchmarks report it (CodeXGLUE, Lu et al. 2021, arXiv:2102.04664).
    """
    from rapidfuzz.distance import Indel

    ours, theirs = (line.partition("\n")[0].rstrip() for line in (text, expected))
    return float(ours == theirs), Indel.normalized_similarity(ours, theirs)
