"""What the protocols have in common: paths, reasons of an end, events."""

from __future__ import annotations

import pytest

from jupyter_safecoder.editor_protocols import PROTOCOLS, Part
from jupyter_safecoder.editor_protocols.protocol import dump, event


def test_each_protocol_has_a_path_of_its_own() -> None:
    paths = [protocol.path for protocol in PROTOCOLS]
    assert paths == ["/v1/completions", "/v1/fim/completions", "/infill", "/completion"]


@pytest.mark.parametrize(
    ("ending", "reason"), [(None, None), ("end", "stop"), ("stop", "stop"), ("limit", "length")]
)
def test_reasons_of_openai(ending: str | None, reason: str | None) -> None:
    assert Part("", 0, ending).finish_reason == reason  # type: ignore[arg-type]


def test_an_event_is_one_line() -> None:
    assert dump({"a": "\n\ud800"}) == '{"a": "\\n\\ud800"}'
    assert event({"a": 1}) == 'data: {"a": 1}\n\n'
