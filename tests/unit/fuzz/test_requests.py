"""Bodies of requests of all endpoints: a request or a sentence, whatever the bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_safecoder.editor_protocols import PROTOCOLS, EditorProtocol
from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.prompt import FAMILIES
from jupyter_safecoder.prompt.fim_markers import split_markers
from jupyter_safecoder.protocol import CompletionRequest, decode_event, parse_request, parse_status
from tests.support.editor_requests import REQUESTS
from tests.support.fuzzing import bodies, fuzz, result_or_sentence, texts

COMPLETION: dict[str, Any] = {
    "version": 2,
    "prefix": "a = ",
    "suffix": "",
    "before": [{"type": "code", "source": "x", "output": ""}],
    "language": "python",
    "document": "d",
    "path": "a.ipynb",
    "options": {"max_tokens": 8, "mode": "auto", "trigger": "explicit"},
}
BODIES = {
    protocol.path: bodies(*(request.body for request in REQUESTS if request.path == protocol.path))
    for protocol in PROTOCOLS
}
#: Hides and excludes something, so that a Hub's policy reads the whole request.
STRICT = Grant(exclude_text=("secret",), exclude_paths=("*/x/*",), context=frozenset({"cells"}))


@fuzz
@given(body=bodies(COMPLETION))
def test_completions_in_notebooks(body: bytes) -> None:
    request = result_or_sentence(lambda: parse_request(body), InvalidRequest)
    if request is None:
        return
    assert isinstance(request, CompletionRequest)
    assert parse_request(request.to_json()) == request
    assert isinstance(STRICT.excludes(request), bool)
    assert len(STRICT.filter_request(request).before) <= len(request.before)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.path)
@fuzz
@given(data=st.data())
def test_completions_for_other_editors(protocol: EditorProtocol, data: st.DataObject) -> None:
    body = data.draw(BODIES[protocol.path])
    request = result_or_sentence(lambda: protocol.parse(body), InvalidRequest)
    if request is None:
        return
    assert request.max_tokens >= 0
    again = protocol.parse(protocol.to_json(request))
    assert again == replace(request, include_usage=again.include_usage, logprobs=again.logprobs)
    assert isinstance(STRICT.excludes_openai(request), bool)
    STRICT.filter_openai(request)


_pieces = st.sampled_from(
    [
        *(mark for family in FAMILIES.values() for mark in (*family.fim, *family.stop_tokens)),
        *("<PRE>", "<SUF>", "<MID>", " ", "\n", "a = 1", "<|file_sep|>", "<fim_"),
    ]
)


@fuzz
@given(text=st.lists(_pieces | texts, max_size=9).map("".join), family=st.sampled_from([*FAMILIES]))
def test_markers_in_any_order(text: str, family: str) -> None:
    found = split_markers(text, FAMILIES[family])
    if found is not None:
        # Nothing is invented: every character of the parts was in the text.
        assert len(found.prefix) + len(found.suffix) + len(found.before) < len(text)
        assert found.suffix in text


@fuzz
@given(body=bodies({"event": "text", "text": "a", "tokens": 1}, {"event": "done"}))
def test_lines_of_a_response(body: bytes) -> None:
    result_or_sentence(lambda: decode_event(body), ValueError)
    result_or_sentence(lambda: parse_status(body), ValueError)
