"""Mistral's fill-in-the-middle: requests like OpenAI's, bodies like those of a chat."""

from __future__ import annotations

from jupyter_safecoder.editor_protocols import FIM, Answer, Part
from jupyter_safecoder.openai_protocol import OpenAIRequest


def test_requests_survive_the_round_trip() -> None:
    request = FIM.parse(b'{"prompt": "a", "suffix": "b", "stop": "c", "model": "m"}')
    assert request == OpenAIRequest("a", "m", "b", 128, ("c",))
    assert FIM.parse(FIM.to_json(request)) == request


def test_bodies() -> None:
    answer = Answer("cmpl-1", 5, "m", prompt_tokens=2, context_window=100)
    request = OpenAIRequest("a", suffix="b")
    whole = FIM.whole(request, answer, Part("x", 3, "stop"))
    assert whole["choices"][0]["message"]["content"] == "x"
    assert whole["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    (first,) = FIM.chunks(request, answer, Part("x", 3))
    (last,) = FIM.chunks(request, answer, Part("", 3, "end"))
    assert "usage" not in first
    assert first["choices"][0]["delta"]["content"] == "x"
    # Continue reads a choice in each chunk: the usage is in the last one of them.
    assert (last["choices"][0]["finish_reason"], last["usage"]) == ("stop", whole["usage"])
