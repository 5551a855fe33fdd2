"""Time on the main thread, from a CPU profile."""

from __future__ import annotations

from typing import Any

from benchmarks.browser.cpu_profile import own_times_ms

OURS = "http://127.0.0.1/lab/extensions/jupyter-safecoder/static/1.js"


def _node(number: int, url: str, *children: int) -> dict[str, Any]:
    return {"id": number, "callFrame": {"url": url}, "children": list(children)}


PROFILE: dict[str, Any] = {
    "nodes": [
        _node(1, "", 2, 5),
        _node(2, "lab.js", 3),
        _node(3, OURS, 4),
        {"id": 4, "callFrame": {"url": "codemirror.js"}},
        _node(5, "other.js"),
    ],
    "startTime": 1_000_000,
    #: Times of the samples: 1.0010, 1.0030, 1.0070, 1.0080, 1.0100 s.
    "samples": [1, 3, 4, 5, 3],
    "timeDeltas": [1_000, 2_000, 4_000, 1_000, 2_000],
}


def test_what_our_functions_call_counts_until_the_next_sample() -> None:
    assert own_times_ms(PROFILE, [1_000_000]) == [5.0]


def test_time_belongs_to_the_last_key() -> None:
    assert own_times_ms(PROFILE, [1_002_000, 1_005_000]) == [4.0, 1.0]
    assert own_times_ms(PROFILE, [1_500_000]) == [0.0]
    assert own_times_ms(PROFILE, []) == []


def test_files_of_others_do_not_count() -> None:
    assert own_times_ms(PROFILE, [0], own="/extensions/other/") == [0.0]
