"""OpenAI's completions: bodies of a whole response and of a stream."""

from __future__ import annotations

import json

from jupyter_safecoder.editor_protocols import OPENAI, Answer, Part
from jupyter_safecoder.openai_protocol import OpenAIRequest


def _answer() -> Answer:
    return Answer("cmpl-1", 5, "m", prompt_tokens=2, context_window=100)


def test_a_whole_response() -> None:
    part = Part("ab", 2, "limit", token_texts=["a", "b"], logprobs=[-1.0, -2.0])
    body = OPENAI.whole(OpenAIRequest("x", logprobs=True), _answer(), part)
    (choice,) = body["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("ab", "length")
    assert choice["logprobs"]["text_offset"] == [0, 1]
    assert body["usage"]["total_tokens"] == 4
    assert OPENAI.whole(OpenAIRequest("x"), _answer(), part)["choices"][0]["logprobs"] is None


def test_a_stream_counts_characters_and_ends_with_the_usage() -> None:
    request, answer = OpenAIRequest("x", stream=True, logprobs=True, include_usage=True), _answer()
    parts = [Part("ab", 1, None, "", ["ab"], [-1.0]), Part("c", 2, "end", "", ["c"], [-2.0])]
    bodies = [body for part in parts for body in OPENAI.chunks(request, answer, part)]
    offsets = [c["logprobs"]["text_offset"] for body in bodies for c in body["choices"]]
    assert offsets == [[0], [2]]
    assert [len(body["choices"]) for body in bodies] == [1, 1, 0]
    assert bodies[-1]["usage"]["completion_tokens"] == 2


def test_a_counted_request() -> None:
    body = json.loads(OPENAI.to_json(OPENAI.counted(OpenAIRequest("x", stream=True))))
    assert body["stream_options"] == {"include_usage": True}
    assert OPENAI.counted(OpenAIRequest("x")) == OpenAIRequest("x")
