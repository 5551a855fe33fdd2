"""OpenAI's protocol: requests in, responses and errors out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.openai_protocol import (
    NO_LIMIT,
    OpenAIErrors,
    OpenAIRequest,
    choice_body,
    logprobs_body,
    parse_openai_request,
    usage,
    usage_body,
)
from jupyter_safecoder.protocol import Error


def _parse(**fields: Any) -> OpenAIRequest:
    return parse_openai_request(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt": "x"}, OpenAIRequest("x")),
        ({"prompt": ["x"]}, OpenAIRequest("x")),
        ({"prompt": [1, 2.0]}, OpenAIRequest((1, 2))),
        ({"prompt": [[1, 2]]}, OpenAIRequest((1, 2))),
        ({"prompt": "", "suffix": "y"}, OpenAIRequest("", suffix="y")),
        ({"prompt": "x", "stop": "a"}, OpenAIRequest("x", stop=("a",))),
        ({"prompt": "x", "stop": ["a", "b"]}, OpenAIRequest("x", stop=("a", "b"))),
        ({"prompt": "x", "max_tokens": 8.0}, OpenAIRequest("x", max_tokens=8)),
        (
            {"prompt": "x", "stream": True, "stream_options": {"include_usage": True}},
            OpenAIRequest("x", stream=True, include_usage=True),
        ),
        ({"prompt": "x", "temperature": 0.5, "user": "u", "n": 1}, OpenAIRequest("x")),
        ({"prompt": "x", "logprobs": None, "best_of": 1, "echo": False}, OpenAIRequest("x")),
        ({"prompt": "x", "logprobs": 0}, OpenAIRequest("x", logprobs=True)),
        ({"prompt": "x", "logprobs": 5}, OpenAIRequest("x", logprobs=True)),
        ({"prompt": "x", "logprobs": False}, OpenAIRequest("x")),
        ({"prompt": "x", "max_tokens": -1}, OpenAIRequest("x", max_tokens=NO_LIMIT)),
        ({"prompt": "x", "max_tokens": 2**70}, OpenAIRequest("x", max_tokens=NO_LIMIT)),
        ({"prompt": "x", "max_completion_tokens": 9}, OpenAIRequest("x", max_tokens=9)),
        ({"prompt": "x", "n_predict": 9}, OpenAIRequest("x", max_tokens=9)),
        ({"prompt": "x", "n_predict": 0}, OpenAIRequest("x", max_tokens=0)),
        ({"prompt": "x", "options": {"num_predict": 9}}, OpenAIRequest("x", max_tokens=9)),
        ({"prompt": "x", "options": {"num_predict": 1e999}}, OpenAIRequest("x")),
        ({"prompt": "x", "options": "o", "extra": [1]}, OpenAIRequest("x")),
        (
            {"prompt": "x", "stop": [*"abc"] * 64},
            OpenAIRequest("x", stop=("a", "b", "c")),
        ),
        ({"prompt": "x", "stop": ["a" * 4096]}, OpenAIRequest("x", stop=("a" * 4096,))),
        (
            {"prompt": "x", "suffix": None, "stop": None, "model": None, "echo": False},
            OpenAIRequest("x"),
        ),
    ],
)
def test_requests(fields: dict[str, Any], expected: OpenAIRequest) -> None:
    request = _parse(**fields)
    assert request == expected
    assert isinstance(request.max_tokens, int)


@pytest.mark.parametrize(
    "request_",
    [
        OpenAIRequest(
            "x\ud800", "m", "y", 5, ("a", "b"), stream=True, include_usage=True, logprobs=True
        ),
        OpenAIRequest((1, 2)),
    ],
)
def test_a_request_survives_the_round_trip(request_: OpenAIRequest) -> None:
    assert parse_openai_request(request_.to_json()) == request_


@pytest.mark.parametrize("name", ["n", "best_of", "echo"])
def test_only_one_greedy_answer(name: str) -> None:
    with pytest.raises(InvalidRequest, match="not supported: there is one greedy answer"):
        _parse(prompt="x", **{name: 2})


def test_stop_lists_of_any_editor() -> None:
    stops = tuple(f"stop {number}" for number in range(256))
    assert _parse(prompt="x", stop=stops).stop == stops
    with pytest.raises(InvalidRequest, match="a list of at most 256 texts"):
        _parse(prompt="x", stop=[*stops, "one more"])


def test_log_probabilities_have_offsets_in_the_whole_text() -> None:
    assert logprobs_body(["ab", "c"], [-0.5, -1.0], 3) == {
        "tokens": ["ab", "c"],
        "token_logprobs": [-0.5, -1.0],
        "top_logprobs": [{"ab": -0.5}, {"c": -1.0}],
        "text_offset": [3, 5],
    }


def test_bodies_have_the_fields_of_openai() -> None:
    head = ("cmpl-1", 5, "m")
    assert choice_body(*head, "text", "stop") == {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 5,
        "model": "m",
        "choices": [{"index": 0, "text": "text", "logprobs": None, "finish_reason": "stop"}],
    }
    body = usage_body(*head, usage(2, 3))
    assert body["choices"] == []
    assert body["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("bad_request", "invalid_request_error"),
        ("unauthorized", "authentication_error"),
        ("queue_full", "rate_limit_error"),
        ("engine_failed", "server_error"),
    ],
)
def test_errors_have_the_types_of_openai(code: str, kind: str) -> None:
    error = Error(code, "Reason.", "Remedy.")
    body = OpenAIErrors().error_body(error)
    assert body == {
        "error": {"message": "Reason. Remedy.", "type": kind, "param": None, "code": code}
    }
    event = OpenAIErrors().error_in_stream(error)
    assert event.startswith("data: ")
    assert event.endswith("\n\n")
    assert json.loads(event.removeprefix("data: ")) == body
