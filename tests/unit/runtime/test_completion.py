"""Completions in this process: events, limits, counters."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import EngineError, PromptTooLong, QueueFull
from jupyter_safecoder.protocol import (
    Cell,
    CompletionOptions,
    CompletionRequest,
    Done,
    Queued,
    Text,
    Trigger,
)
from jupyter_safecoder.runtime.runtime import Runtime
from tests.support.in_process_runtime import with_runtime

SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "stall", "stall": True},
        {"after": "fail", "text": "abc", "fail_after": 1},
        {"after": "é", "text": "à"},
        {"after": "lines", "text": "a\nb\nc\nd"},
    ],
    "otherwise": "pass",
}


async def events(runtime: Runtime, request: CompletionRequest, user: str = "") -> list[Any]:
    assert runtime.completions is not None
    return [event async for event in runtime.completions.events(request, user)]


def _counters(runtime: Runtime) -> tuple[int, int, int, int]:
    counters = runtime.counters
    return counters.requests, counters.completed, counters.cancelled, counters.failed


def test_the_text_grows_to_the_result(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        *texts, done = await events(runtime, CompletionRequest("x = ", ""))
        assert isinstance(done, Done)
        assert (done.text, done.finish_reason, done.completion_tokens) == ("pass", "end", 4)
        assert done.layout == "spm"
        assert done.ttft_ms is not None
        assert texts[0].prompt_tokens == done.prompt_tokens > 0
        assert all(isinstance(text, Text) and done.text.startswith(text.text) for text in texts)
        assert all(text.prompt_tokens is None for text in texts[1:])
        assert _counters(runtime) == (1, 1, 0, 0)

    with_runtime(tmp_path, SCRIPT, test)


def test_half_a_character_is_held_back(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        request = CompletionRequest("é", "", options=CompletionOptions(rules=False))
        *texts, done = await events(runtime, request)
        assert [text.text for text in texts] == [""]
        assert done.text == "à"

    with_runtime(tmp_path, SCRIPT, test)


@pytest.mark.parametrize(
    ("options", "settings", "tokens"),
    [
        (CompletionOptions(mode="line"), {"max_tokens_line": 2}, 2),
        (CompletionOptions(mode="block"), {"max_tokens_block": 3}, 3),
        (CompletionOptions(max_tokens=1), {}, 1),
    ],
)
def test_the_number_of_tokens_is_limited(
    tmp_path: Path, options: CompletionOptions, settings: dict[str, Any], tokens: int
) -> None:
    async def test(runtime: Runtime) -> None:
        done = (await events(runtime, CompletionRequest("x = ", "", options=options)))[-1]
        assert (done.completion_tokens, done.finish_reason) == (tokens, "length")

    with_runtime(tmp_path, SCRIPT, test, **settings)


def test_rules_apply_unless_they_are_switched_off(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        line = CompletionOptions(mode="line", raw=True)
        done = (await events(runtime, CompletionRequest("lines", "", options=line)))[-1]
        assert (done.text, done.finish_reason) == ("a", "line")
        assert done.raw_text.startswith("a\n")
        plain = CompletionOptions(rules=False)
        done = (await events(runtime, CompletionRequest("lines", "", options=plain)))[-1]
        assert (done.text, done.finish_reason, done.raw_text) == ("a\nb\nc\nd", "end", None)

    with_runtime(tmp_path, SCRIPT, test)


CONFIDENCE_SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "certain ", "text": "abc\nde", "line_logprobs": [-0.1, -0.1]},
        {"after": "unsure ", "text": "abc\nde", "line_logprobs": [-2.0, -0.1]},
        {"after": "later\n", "text": "abc\ndef\nghi", "line_logprobs": [-0.1, -2.0, -0.1]},
        {"after": "likely ", "text": "abc\nde", "line_logprobs": [-0.5, -0.1]},
        {"after": "cut\n", "text": "abc\nxyz = (1,\n2)", "line_logprobs": [-0.1] * 3},
    ],
    "otherwise": "pass",
}


@pytest.mark.parametrize(
    ("prefix", "options", "text", "reason", "tokens"),
    [
        ("certain ", {}, "abc", "line", 4),
        ("unsure ", {}, "", "low_confidence", 2),
        ("unsure ", {"suggestions": "many"}, "abc", "line", 4),
        ("unsure ", {"trigger": "explicit"}, "abc", "line", 4),
        ("unsure ", {"raw": True}, "abc", "line", 4),
        ("unsure ", {"rules": False}, "abc\nde", "end", 6),
        ("likely ", {}, "abc", "line", 4),
        ("likely ", {"suggestions": "few"}, "", "low_confidence", 2),
        ("later\n", {}, "abc", "low_confidence", 6),
        ("unknown ", {"suggestions": "few"}, "pass", "end", 4),
        ("cut\n", {"max_tokens": 9}, "abc", "length", 9),
        ("cut\n", {"max_tokens": 2}, "", "length", 2),
    ],
)
def test_what_the_model_is_unsure_of_is_not_shown(
    tmp_path: Path, prefix: str, options: dict[str, Any], text: str, reason: str, tokens: int
) -> None:
    async def test(runtime: Runtime) -> None:
        chosen = CompletionOptions(**{"trigger": "automatic", **options})
        *_, done = await events(runtime, CompletionRequest(prefix, "", options=chosen))
        assert (done.text, done.finish_reason, done.completion_tokens) == (text, reason, tokens)

    with_runtime(tmp_path, CONFIDENCE_SCRIPT, test)


def test_a_line_is_sent_once_the_model_is_known_to_be_sure(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        held_back = [("", "a"), ("", "ab"), ("", "abc"), ("abc", None)]
        shown = [(text, None) for text in ("a", "ab", "abc")]
        for trigger, texts in (("automatic", held_back), ("explicit", shown)):
            options = CompletionOptions(trigger=trigger, mode="block")  # type: ignore[arg-type]
            request = CompletionRequest("certain ", "", options=options)
            *sent, done = await events(runtime, request)
            assert [(one.text, one.unconfirmed) for one in sent[: len(texts)]] == texts
            assert sent[0].prompt_tokens == done.prompt_tokens
            assert done.first_line_logprob == pytest.approx(-0.3)

    with_runtime(tmp_path, CONFIDENCE_SCRIPT, test)


def test_the_setting_applies_where_the_request_has_none(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        for suggestions, text in ((None, "abc"), ("balanced", "")):
            options = CompletionOptions(suggestions=suggestions, trigger="automatic")  # type: ignore[arg-type]
            *_, done = await events(runtime, CompletionRequest("unsure ", "", options=options))
            assert done.text == text

    with_runtime(tmp_path, CONFIDENCE_SCRIPT, test, suggestions="many")


def test_an_empty_notebook(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        (done,) = await events(runtime, CompletionRequest(" \n", ""))
        assert (done.finish_reason, done.prompt_tokens, done.ttft_ms) == ("empty_prompt", 0, None)
        assert _counters(runtime) == (1, 1, 0, 0)

    with_runtime(tmp_path, SCRIPT, test)


def test_the_deadline_keeps_the_text(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        request = CompletionRequest("slow", "", options=CompletionOptions(rules=False))
        done = (await events(runtime, request))[-1]
        assert done.finish_reason == "deadline"
        assert 0 < len(done.text) < 100
        assert set(done.text) == {"x"}
        assert _counters(runtime) == (1, 1, 0, 0)

    script = {"otherwise": "x" * 100, "token_ms": 20}
    with_runtime(tmp_path, script, test, deadline_s=0.3)


def test_a_newer_request_supersedes_the_older_one(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        stall = CompletionRequest("stall", "", document="a", options=CompletionOptions(raw=True))
        older = asyncio.ensure_future(events(runtime, stall))
        await asyncio.sleep(0.05)
        newer = await events(runtime, CompletionRequest("x = ", "", document="a"))
        assert newer[-1].text == "pass"
        (done,) = await older
        assert (done.text, done.finish_reason, done.raw_text) == ("", "superseded", None)
        assert _counters(runtime) == (2, 1, 1, 0)

    with_runtime(tmp_path, SCRIPT, test, max_running=1)


def test_a_full_queue_and_positions(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        request = CompletionRequest("stall", "")
        running = asyncio.ensure_future(events(runtime, request, "ada"))
        await asyncio.sleep(0.05)
        waiting = asyncio.ensure_future(events(runtime, CompletionRequest("x = ", ""), "bob"))
        await asyncio.sleep(0.05)
        with pytest.raises(QueueFull):
            await events(runtime, request, "eve")
        await running
        assert (await waiting)[0] == Queued(1)
        assert _counters(runtime) == (3, 2, 0, 1)

    with_runtime(tmp_path, SCRIPT, test, max_running=1, max_waiting=1, deadline_s=0.3)


def test_closing_the_events_cancels_in_the_engine(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        assert runtime.completions is not None
        script = runtime.completions.events(CompletionRequest("x = ", ""), "")
        async with aclosing(script) as stream:
            assert isinstance(await anext(stream), Text)
        assert _counters(runtime) == (1, 0, 1, 0)
        assert runtime.scheduler is not None
        assert runtime.scheduler.admission.running == 0

    with_runtime(tmp_path, {"otherwise": "x" * 100, "token_ms": 20}, test)


def test_a_client_that_leaves_with_the_result_has_cancelled_nothing(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        assert runtime.completions is not None
        async with aclosing(runtime.completions.events(CompletionRequest("x", ""), "")) as stream:
            while not isinstance(await anext(stream), Done):
                pass
        assert _counters(runtime) == (1, 1, 0, 0)

    with_runtime(tmp_path, SCRIPT, test)


def test_an_engine_that_fails(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        other = asyncio.ensure_future(events(runtime, CompletionRequest("stall", "")))
        await asyncio.sleep(0.05)
        with pytest.raises(EngineError, match=r"The engine stopped \(RuntimeError\)") as raised:
            await events(runtime, CompletionRequest("fail", ""))
        assert raised.value.remedy
        with pytest.raises(EngineError):
            await other
        assert _counters(runtime) == (2, 0, 0, 2)

    with_runtime(tmp_path, SCRIPT, test)


def test_a_prompt_that_the_engine_cannot_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_safecoder.engines import EngineOutput
    from jupyter_safecoder.engines.scripted import ScriptedEngine

    def refuse(self: ScriptedEngine, request: int, state: Any, now: float) -> EngineOutput:
        del self._running[request]
        return EngineOutput(request, [], "refused")

    async def test(runtime: Runtime) -> None:
        with pytest.raises(PromptTooLong) as raised:
            await events(runtime, CompletionRequest("x", ""))
        assert raised.value.code == "engine_failed"
        assert _counters(runtime) == (1, 0, 0, 1)

    monkeypatch.setattr(ScriptedEngine, "_next_token", refuse)
    with_runtime(tmp_path, SCRIPT, test)


def test_a_prompt_is_warmed_without_a_text(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        request = CompletionRequest("x = ", "", options=CompletionOptions(trigger="warm"))
        (done,) = await events(runtime, request)
        assert (done.text, done.completion_tokens, done.ttft_ms) == ("", 0, None)
        assert done.prompt_tokens > 0
        nothing = CompletionRequest("", "", options=CompletionOptions(trigger="warm"))
        assert (await events(runtime, nothing))[-1].finish_reason == "empty_prompt"
        assert _counters(runtime) == (0, 0, 0, 0)
        assert runtime.counters.background == 2

    with_runtime(tmp_path, SCRIPT, test)


@pytest.mark.parametrize("trigger", ["prefetch", "warm"])
def test_a_request_in_advance_gives_way(tmp_path: Path, trigger: Trigger) -> None:
    async def test(runtime: Runtime) -> None:
        options = CompletionOptions(trigger=trigger)
        stall = CompletionRequest("stall", "", document="a", options=options)
        advance = asyncio.ensure_future(events(runtime, stall))
        await asyncio.sleep(0.05)
        plain = CompletionOptions(rules=False)
        request = CompletionRequest("stall", "", document="b", options=plain)
        running = asyncio.ensure_future(events(runtime, request, "bob"))
        (done,) = await advance
        assert (done.text, done.finish_reason) == ("", "superseded")
        # And none is begun while any other runs.
        (refused,) = await events(runtime, stall)
        assert refused.finish_reason == "superseded"
        assert (await running)[-1].finish_reason == "deadline"
        assert _counters(runtime) == (1, 1, 0, 0)

    with_runtime(tmp_path, SCRIPT, test, max_running=1, deadline_s=0.5)


def test_a_prefetch_is_answered_as_an_automatic_request(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        for trigger, reason in (("prefetch", "low_confidence"), ("explicit", "line")):
            options = CompletionOptions(trigger=trigger)  # type: ignore[arg-type]
            request = CompletionRequest("unsure ", "", options=options)
            assert (await events(runtime, request))[-1].finish_reason == reason

    with_runtime(tmp_path, CONFIDENCE_SCRIPT, test, suggestions="balanced")


ALTERNATIVES_SCRIPT: dict[str, Any] = {
    "answers": [
        {
            "after": "best = ",
            "text": "max(x)",
            "candidates": {"m": -0.4, "s": -1.0, " ": -1.1, "l": -1.6, "z": -9.0},
        },
        {"after": "best = s", "text": "um(x)"},
        {"after": "best =  ", "text": "sum(x)"},
        {"after": "best = l", "text": "en(x)"},
        {"after": "stuck = ", "text": "x", "candidates": {"x": -0.4, "s": -1.0, "t": -1.1}},
        {"after": "stuck = s", "text": "um(x)"},
        {"after": "stuck = t", "stall": True},
    ],
    "otherwise": "pass",
}


def test_alternatives_begin_with_the_next_most_probable_tokens(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        async def ask(prefix: str, count: int) -> Done:
            options = CompletionOptions(alternatives=count)
            (done,) = await events(runtime, CompletionRequest(prefix, "", options=options))
            assert isinstance(done, Done)
            return done

        done = await ask("best = ", 5)
        # Neither a text twice nor one that is hardly ever right.
        assert done.alternatives == ("sum(x)", "len(x)")
        assert (done.text, done.ttft_ms is None) == ("sum(x)", False)
        assert done.completion_tokens == len("sum(x) sum(x)len(x)")
        assert (await ask("best = ", 1)).alternatives == ("sum(x)",)
        assert (await ask("x = ", 3)).alternatives == ()
        late = await ask("stuck = ", 3)
        assert (late.alternatives, late.finish_reason) == (("sum(x)",), "deadline")
        assert _counters(runtime) == (4, 4, 0, 0)

    with_runtime(tmp_path, ALTERNATIVES_SCRIPT, test, deadline_s=1.0)


def test_an_engine_that_cannot_compute_alternatives_says_so(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        options = CompletionOptions(alternatives=3)
        (done,) = await events(runtime, CompletionRequest("best = ", "", options=options))
        assert (done.text, done.alternatives, done.completion_tokens) == ("", None, 0)

    with_runtime(tmp_path, {**ALTERNATIVES_SCRIPT, "offers_candidates": False}, test)


def test_the_indentation_is_that_of_the_cells_above(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        above = Cell("code", "def g(x):\n\treturn x")
        options = CompletionOptions(mode="block")
        request = CompletionRequest("def f(x):", "", (above,), options=options)
        assert (await events(runtime, request))[-1].text == "\n\treturn 1"
        notes = Cell("markdown", above.source)
        request = CompletionRequest("def f(x):", "", (notes,), options=options)
        assert (await events(runtime, request))[-1].text == "\n    return 1"

    with_runtime(tmp_path, {"otherwise": "\n    return 1"}, test)
