"""A short soak of the scripted engine: the runtime is killed twice, and nothing is left open."""

from __future__ import annotations

from benchmarks.soak.benchmark import bench_soak


def test_a_short_soak() -> None:
    done: list[int] = []
    report = bench_soak(80, embedded_share=0, progress=done.append)
    assert done == list(range(1, 81))
    assert report["restarts"] == 2
    assert report["failures"] == {}
    assert report["notebooks"] > 1
    assert report["descriptors"]["leaked"] <= 0
    assert report["processes"] == {"first_tenth": 2, "end": 2}
    assert report["rss_mb"]["end"] > 10
