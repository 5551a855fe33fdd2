"""What the service adds to the time of a request, and how fairly tokens are shared."""

from __future__ import annotations

import pytest

from benchmarks.hub.benchmark import event_tokens, fairness, overhead
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import Done, Error, Queued, Text, encode_event


def test_overhead() -> None:
    through, direct = {"p50": 38.5, "p95": 61.0}, {"p50": 34.25, "p95": 64.0}
    assert overhead(through, direct) == {"p50": 4.25, "p95": -3.0}


def test_fairness() -> None:
    report = fairness([100, 300], 2.0)
    assert report["jain"] == 0.8
    assert report["saturated"] == {"tokens_per_s": 200.0, "least_tokens": 100, "most_tokens": 300}
    with pytest.raises(RuntimeRequestError, match="No user received a token"):
        fairness([0, 0], 2.0)


def test_events() -> None:
    done = Done("x = 1", "end", "spm", "m", 90, 4, 12.0, 30.0)
    events = (Queued(3), Text("x", 1), done)
    assert [event_tokens(encode_event(event)) for event in events] == [None, 1, 4]
    with pytest.raises(RuntimeRequestError, match="No room"):
        event_tokens(encode_event(Error("engine_failed", "No room.")))
