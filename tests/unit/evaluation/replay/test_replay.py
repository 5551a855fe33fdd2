"""The loop: which requests are sent, what is counted, what comes too late."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.replay.passages import Passage
from jupyter_safecoder.evaluation.replay.replay import Typing, bench_replay
from jupyter_safecoder.protocol import Cell, CompletionRequest, Done, Error, Event, Text
from tests.support.fake_client import FakeClient

#: Slower than any stall of the machine: whatever is answered comes in time.
SLOW = 60_000.0


def _done(text: str, tokens: int = 1) -> Done:
    return Done(text, "end", "spm", "m", 1, tokens, 1.0, 2.0)


def _passage(text: str) -> Passage:
    return Passage((Cell("code", "a = 1"),), "python", "above\n", text)


def _answering(answers: dict[str, str]) -> FakeClient:
    """Return a client that completes some prefixes, and all others with nothing."""

    def respond(request: CompletionRequest) -> Sequence[Event]:
        text = answers.get(request.prefix.removeprefix("above\n"), "")
        return [Text(text[:1], 1), _done(text, len(text))]

    return FakeClient(respond)


def test_a_line_that_is_taken() -> None:
    client = _answering({"im": "port os"})
    written: list[int] = []
    report = bench_replay(client, [_passage("import os")], Typing("line", SLOW), written.append)
    opening, *sent = client.sent
    assert (opening.prefix, opening.options.max_tokens) == ("above\n", 1)
    assert [request.prefix for request in sent] == ["above\ni", "above\nim"]
    assert all(request.before == (Cell("code", "a = 1"),) for request in sent)
    assert all(request.options.trigger == "automatic" for request in sent)
    assert written == [1, 2, 9]
    ttft_ms = report.pop("ttft_ms")
    assert ttft_ms["p95"] >= ttft_ms["p50"] >= 0
    assert report == {
        "keys": 3,
        "characters": 9,
        "saved": round(7 / 9, 4),
        "shown": round(100 / 3, 2),
        "right": 1.0,
        "right_line": 1.0,
        "right_word": 1.0,
        "requests": 2,
        "tokens": 7,
        "lines": 1,
    }


def test_words_that_are_taken_from_a_wrong_line() -> None:
    report = bench_replay(
        _answering({"i": "mport numpy as numpy"}),
        [_passage("import numpy as np")],
        Typing("word", SLOW),
    )
    # i, three words, then a space, n and p: the fourth word is wrong.
    assert (report["keys"], report["saved"]) == (7, round(len("mport numpy as") / 18, 4))
    assert (report["right"], report["right_line"]) == (1.0, 0.0)


def test_a_wrong_suggestion_costs_nothing_but_is_counted() -> None:
    report = bench_replay(_answering({"x": " = 2"}), [_passage("x = 1")], Typing("line", SLOW))
    assert (report["keys"], report["saved"], report["right"]) == (5, 0.0, 0.0)
    assert report["shown"] == 20.0
    # After x; the rest is in the cache until the 2, and nothing is asked for the last key.
    assert report["requests"] == 1


def test_several_lines_are_taken_one_by_one() -> None:
    report = bench_replay(
        _answering({"if x": ":\n    y\n    z"}),
        [_passage("if x:\n    y\n    t")],
        Typing("line", SLOW),
    )
    # i, f, space, x, two lines, Enter, t.
    assert (report["keys"], report["characters"]) == (8, 9)
    assert report["saved"] == round(3 / 9, 4)
    assert (report["right"], report["lines"]) == (1.0, 3)


def test_closing_brackets_are_typed_over_or_deleted() -> None:
    client = _answering({})
    typing = Typing("line", SLOW, close_brackets=True)
    report = bench_replay(client, [_passage("f(1)\n(x")], typing)
    assert [request.suffix for request in client.sent[1:]] == ["", ")", ")", "", "", ")"]
    assert report["keys"] == 8


def test_what_comes_after_the_next_key_is_not_shown() -> None:
    idle = [None] * 3

    def respond(request: CompletionRequest) -> Sequence[Event | None]:
        return [*idle, Text("os", 1), _done("os")]

    client = FakeClient(respond)
    # Each event, and each wait for one, finds that the time is up.
    report = bench_replay(client, [_passage("os os")], Typing("line", 60.000001))
    assert (report["shown"], report["right"], report["tokens"]) == (0.0, None, 0)
    assert report["requests"] == 4


@pytest.mark.parametrize(("end", "requests"), [("mp x", 1), ("", 2)])
def test_a_request_goes_on_while_typing_agrees_with_what_is_held_back(
    end: str, requests: int
) -> None:
    def respond(request: CompletionRequest) -> Sequence[Event]:
        if request.prefix == "above\ni":
            return [Text("", 1, unconfirmed="m"), _done(end)]
        return [_done("p x" if request.prefix == "above\nim" else "")]

    # There is time for one event after the first key, and for all of them after the second one.
    report = bench_replay(FakeClient(respond), [_passage("imp x")], Typing("line", 60.000001))
    assert (report["keys"], report["saved"], report["requests"]) == (3, 0.6, requests)


def test_keys_faster_than_the_pause_send_nothing() -> None:
    client = _answering({"x": " = 1"})
    report = bench_replay(client, [_passage("x = 1")], Typing("line", 50.0))
    assert (len(client.sent), report["requests"]) == (1, 0)
    assert report["ttft_ms"] == {"p50": None, "p95": None}


@pytest.mark.parametrize("events", [[Error("queue_full", "Full.")], [Text("a", 1)]])
def test_a_request_without_a_result_ends_it(events: Sequence[Event]) -> None:
    def respond(request: CompletionRequest) -> Sequence[Event]:
        return [_done("")] if request.options.max_tokens == 1 else events

    with pytest.raises(RuntimeRequestError):
        bench_replay(FakeClient(respond), [_passage("xyz")], Typing("line", SLOW))


def test_opening_is_repeated_until_the_context_is_computed() -> None:
    finish_reasons = iter(["deadline", "deadline", "end", "end"])

    def respond(request: CompletionRequest) -> Sequence[Event]:
        return [Done("", next(finish_reasons), "spm", "m", 1, 0, None, 1.0)]

    client = FakeClient(respond)
    bench_replay(client, [_passage("xy")], Typing("line", SLOW))
    assert [request.options.max_tokens for request in client.sent] == [1, 1, 1, None]
