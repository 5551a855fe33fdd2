"""Completions of OpenAI's protocol: prompts, stop texts, limits."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.runtime.openai_completion import OpenAICompletions, _StopTextFilter
from jupyter_safecoder.runtime.runtime import Runtime
from tests.support.in_process_runtime import with_runtime

SCRIPT: dict[str, Any] = {"otherwise": "pàss\nreturn"}


def _completions(runtime: Runtime) -> OpenAICompletions:
    assert runtime.openai_completions is not None
    return runtime.openai_completions


async def _deltas(runtime: Runtime, request: OpenAIRequest) -> list[Any]:
    completions = _completions(runtime)
    prompt = completions.prompt(request)
    return [delta async for delta in completions.deltas(request, prompt, "ada")]


@pytest.mark.parametrize(
    ("stop", "max_tokens", "text", "reason"),
    [
        ((), 50, "pàss\nreturn", "stop"),
        ((), 3, "pà", "length"),
        (("\n",), 50, "pàss", "stop"),
        (("return", "\nre"), 50, "pàss", "stop"),
        (("none",), 50, "pàss\nreturn", "stop"),
    ],
)
def test_the_text_and_why_it_ends(
    tmp_path: Path, stop: tuple[str, ...], max_tokens: int, text: str, reason: str
) -> None:
    async def test(runtime: Runtime) -> None:
        deltas = await _deltas(runtime, OpenAIRequest("x", stop=stop, max_tokens=max_tokens))
        assert "".join(delta.text for delta in deltas) == text
        reasons = [delta.finish_reason for delta in deltas]
        assert reasons == [None] * (len(deltas) - 1) + [reason]
        assert "\ufffd" not in text
        assert runtime.counters.completed == 1

    with_runtime(tmp_path, SCRIPT, test)


def test_a_text_that_cannot_fit_is_not_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two megabytes would keep all other requests waiting for a second."""

    async def test(runtime: Runtime) -> None:
        completions = _completions(runtime)
        encoded: list[str] = []
        monkeypatch.setattr(completions._tokenizer, "encode", encoded.append)
        with pytest.raises(InvalidRequest, match="has 2000000 characters, more than the "):
            completions.prompt(OpenAIRequest("x " * 1_000_000))
        assert encoded == []

    with_runtime(tmp_path, SCRIPT, test)


def test_prompts(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        completions = _completions(runtime)
        assert completions.prompt(OpenAIRequest("ab")) == [97, 98]
        assert completions.prompt(OpenAIRequest((1, 2))) == [1, 2]
        fim = completions.prompt(OpenAIRequest("ab", suffix="cd"))
        assert [token for token in fim if token < 256] == [99, 100, 97, 98]  # SPM
        assert sum(token >= 256 for token in fim) == 3
        for request in (OpenAIRequest((256,)), OpenAIRequest("x" * 70_000)):
            with pytest.raises(InvalidRequest, match="'prompt' has"):
                completions.prompt(request)

    with_runtime(tmp_path, SCRIPT, test)


def test_requests_of_a_user_do_not_supersede_each_other(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        request = OpenAIRequest("x", max_tokens=50)
        both = await asyncio.gather(*(_deltas(runtime, request) for _ in range(2)))
        assert [deltas[-1].finish_reason for deltas in both] == ["stop", "stop"]

    with_runtime(tmp_path, SCRIPT, test, max_running=1)


@pytest.mark.parametrize(
    ("stops", "texts", "released"),
    [
        (["stop"], ["a", "ast", "asto", "astox"], ["a", "", "", "stox"]),
        (["stop"], ["as", "asto", "astop x"], ["a", "", ""]),
        ([], ["a\ufffd", "aé"], ["a", "é"]),
        (["ab", "b"], ["xa", "xab"], ["x", ""]),
    ],
)
def test_what_may_become_a_stop_text_is_held_back(
    stops: list[str], texts: list[str], released: list[str]
) -> None:
    text_filter = _StopTextFilter(stops)
    assert [text_filter.add(text, last=False) for text in texts] == released


def test_many_long_stop_texts() -> None:
    """As many as a request may have; no text is compared with itself again and again."""
    stops = ["a" * 4095 + "b", *(f"{number}" * 200 for number in range(10, 265))]
    text_filter = _StopTextFilter(stops)
    text = "a" * 4095
    assert [text_filter.add(text[:end], last=False) for end in range(0, 4096, 15)] == [""] * 274
    assert text_filter.add(text + "c", last=False) == text + "c"
    assert text_filter.add(text + "c10", last=True) == "10"


def test_the_stop_text_that_comes_first() -> None:
    text_filter = _StopTextFilter(["late", "early", "ear"])
    assert text_filter.add("x early late", last=False) == "x "
    assert text_filter.stop == "ear"


def test_what_was_held_back_is_released_at_the_end() -> None:
    text_filter = _StopTextFilter(["stop"])
    assert text_filter.add("asto", last=False) == "a"
    assert text_filter.add("asto", last=True) == "sto"
    assert not text_filter.stopped
