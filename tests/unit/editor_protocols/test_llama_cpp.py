"""llama.cpp's endpoints: requests of editors, bodies with counts and times."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_safecoder.editor_protocols import COMPLETION, INFILL, Answer, Part, props_body
from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.openai_protocol import NO_LIMIT, OpenAIRequest


def _parse(**fields: Any) -> OpenAIRequest:
    return INFILL.parse(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, OpenAIRequest("", max_tokens=128, fill=True)),
        (
            {"input_prefix": "a\n", "prompt": "b", "input_suffix": "c", "n_predict": 5},
            OpenAIRequest("a\nb", suffix="c", max_tokens=5, fill=True),
        ),
        ({"n_predict": -1}, OpenAIRequest("", max_tokens=NO_LIMIT, fill=True)),
        ({"n_predict": 0}, OpenAIRequest("", max_tokens=0, fill=True)),
        (
            {"input_extra": [{"text": "a", "filename": "f"}, {"text": ""}], "stop": ["x", "x"]},
            OpenAIRequest("", max_tokens=128, stop=("x",), fill=True, extra=("a",)),
        ),
        ({"input_prefix": None, "input_extra": None, "stop": None, "lora": [{}]}, _parse()),
    ],
)
def test_infill_requests(fields: dict[str, Any], expected: OpenAIRequest) -> None:
    request = _parse(**fields)
    assert request == expected
    assert INFILL.parse(INFILL.to_json(request)) == request


@pytest.mark.parametrize(
    "fields",
    [
        *({"input_prefix": 5}, {"prompt": ["a"]}, {"n_predict": -2}, {"n_predict": 1.5}),
        *({"input_extra": [{"text": "a"}] * 257}, {"stop": 7}, {"stream": "yes"}),
    ],
)
def test_invalid_infill_requests(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(fields))):
        _parse(**fields)


def test_completion_requests_survive_the_round_trip() -> None:
    for body in (b'{"prompt": "a", "n_predict": 0}', b'{"prompt": [1, 2], "stop": ["x"]}'):
        request = COMPLETION.parse(body)
        assert COMPLETION.parse(COMPLETION.to_json(request)) == request


def test_bodies() -> None:
    answer = Answer("cmpl-1", 5, "m", 10, 100, prompt_ms=4.0, predicted_ms=6.0)
    request = _parse()
    whole = INFILL.whole(request, answer, Part("x\n", 3, "stop", "\n\n"))
    assert (whole["content"], whole["stop_type"], whole["stopping_word"]) == ("x\n", "word", "\n\n")
    assert whole["timings"]["prompt_per_second"] == 2500.0
    assert whole["timings"]["predicted_per_token_ms"] == 2.0
    assert whole["has_new_line"]
    (first,) = INFILL.chunks(request, answer, Part("x", 1))
    assert (first["content"], first["stop"], "timings" in first) == ("x", False, False)
    (last,) = INFILL.chunks(request, answer, Part("", 1, "end"))
    assert (last["stop"], last["stop_type"]) == (True, "eos")
    assert INFILL.end_of_stream == ""


def test_no_division_by_nothing() -> None:
    whole = INFILL.whole(_parse(), Answer("cmpl-1", 5, "m", 10, 100), Part("", 0, "limit"))
    assert whole["timings"]["predicted_per_second"] == 0.0
    assert whole["timings"]["prompt_per_second"] == 0.0


def test_props() -> None:
    assert props_body("m", 4096, 8)["default_generation_settings"]["n_ctx"] == 4096
