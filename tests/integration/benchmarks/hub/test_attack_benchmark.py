"""``python -m benchmarks hub --attack``: two of its attacks against a real Hub."""

from __future__ import annotations

import pytest

from benchmarks.hub import attack_benchmark
from benchmarks.hub.attack_benchmark import bench_attacks
from benchmarks.hub.benchmark import HubBench
from jupyter_safecoder.cli.bench import read_tasks_of
from tests.support.processes import children_that_run


def test_the_others_type_while_one_attacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack_benchmark, "_ROUNDS", 2)
    heard: list[str] = []
    attacks = ["refusals", "many cells"]
    report = bench_attacks(HubBench(4, 6, 0), read_tasks_of(None), heard.append, attacks)
    assert (report["users"], list(report["attacks"])) == (4, attacks)
    first_token_ms = report["engine"]["first_token_ms"]
    for attack in report["attacks"].values():
        times = attack["p95_ms"]
        assert min(times.values()) > first_token_ms
        assert attack["ratio"] > 0
        assert attack["service_mb"]["most"] >= attack["service_mb"]["before"] > 60
    assert report["worst_ratio"] == max(one["ratio"] for one in report["attacks"].values())
    # At most sixty were refused for what they are, and the rest before they were read.
    statuses = report["attacks"]["refusals"]["statuses"]
    assert 0 < statuses["400"] <= 60
    assert statuses["429"] > 0
    assert "refusals: users typing during the attack" in heard
    assert not children_that_run("benchmarks.hub.attacks")
