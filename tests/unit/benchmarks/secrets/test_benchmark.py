"""The measured figures of the detection stay above what is promised."""

from __future__ import annotations

import pytest

from benchmarks.secrets.benchmark import bench_secrets, is_covered
from benchmarks.secrets.forms import Planted
from jupyter_safecoder.secrets import Finding


@pytest.mark.parametrize("seed", [7])
def test_recall_and_false_positives(seed: int) -> None:
    shares: list[float] = []
    report = bench_secrets(seed, shares.append)
    for name in ("derived", "held_out", "fresh"):
        assert report[name]["recall"] >= 0.97
        assert {kind: share for kind, share in report[name]["kinds"].items() if share < 0.9} == {}
    assert report["lines"] >= 20_000
    assert report["false_positive_rate"] <= 0.003
    assert shares == sorted(shares)


def test_each_line_of_a_secret_must_be_found() -> None:
    secret = Planted("private key", 0, ((0, 1, 4, 9), (0, 2, 0, 5)))
    first, second = Finding(0, 1, "key", 8, 20), Finding(0, 2, "key", 5, 9)
    assert not is_covered(secret, {(0, 1): [first]})
    assert not is_covered(secret, {(0, 1): [first], (0, 2): [second]})
    assert is_covered(secret, {(0, 1): [first], (0, 2): [Finding(0, 2, "key", 4, 9)]})
