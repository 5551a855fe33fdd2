"""Events as lines of NDJSON, and back."""

from __future__ import annotations

import pytest

from jupyter_safecoder.protocol import (
    Attribution,
    Done,
    Error,
    Event,
    Inspection,
    PromptSection,
    Queued,
    Text,
    decode_event,
    encode_event,
)
from tests.support.protocol_schema import check

EVENTS: list[Event] = [
    Queued(1),
    Text("a\ud83d\n", 3),
    Done("t", "end", "spm", "m", 1, 2, 3.5, 4.5),
    Done("", "blank", "psm", "m", 0, 0, None, 0.0, raw_text="\udc00"),
    Done("", "low_confidence", "psm", "m", 1, 1, 1.0, 1.0, first_line_logprob=-2.5),
    Done(
        *("t", "end", "spm", "m", 1, 2, 3.5, 4.5),
        inspection=Inspection(
            (PromptSection("cells", "a", 1, 2, 3), PromptSection("prefix", "", 0)), "raw", 0.5, 1.5
        ),
    ),
    Done(
        *("t" * 60, "end", "spm", "m", 1, 2, 3.5, 4.5),
        attribution=(Attribution("numpy", "core/x.py", "BSD-3-Clause", 0, 60, "verbatim"),),
    ),
    Error("queue_full", "Full.", "Wait.", 1.0),
    Error("bad_request", "No."),
]


@pytest.mark.parametrize("event", EVENTS)
def test_event_round_trip(event: Event) -> None:
    line = encode_event(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    check("Event", line)
    assert decode_event(line) == event


@pytest.mark.parametrize("body", ["", "[]", "null", "{}", '{"event":"other"}', '{"event":[]}', "{"])
def test_what_is_no_event_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match="is not an event"):
        decode_event(body)
