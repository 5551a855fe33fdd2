"""Completions of the remote engine; real servers are in tests/remote."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.completion_server import (
    CompletionServer,
)
from tests.support.exchange import (
    PROMPT,
    TEXT,
    EngineOn,
    collect,
    ids_of,
    run,
)
from tests.support.processes import until


def test_the_ids_of_a_server_that_returns_ids(
    server: CompletionServer, engine: RemoteEngine, tokenizer: FileTokenizer
) -> None:
    outputs = run(engine)
    assert ids_of(outputs) == tokenizer.encode(TEXT)
    assert outputs[-1].finished == "end"
    body = server.requests[-1].body
    assert body["prompt"] == PROMPT
    assert body["stop_token_ids"] == [0]
    assert (body["temperature"], body["repetition_penalty"]) == (0, 1.0)


@pytest.mark.parametrize("dialect", ["logprobs", "text"])
def test_the_text_of_other_servers(
    server: CompletionServer, dialect: str, tokenizer: FileTokenizer, engine_on: EngineOn
) -> None:
    # Like llama-server: a token whose bytes are an incomplete character is not sent.
    server.tokens = [(text, ids) for text, ids in server.tokens if text or ids == [0]]
    server.dialect = dialect
    with engine_on(RemoteServer(server.url)) as engine:
        outputs = run(engine)
    assert tokenizer.decode(ids_of(outputs)) == TEXT
    assert outputs[-1].finished == "end"


@pytest.mark.parametrize("dialect", ["token_ids", "logprobs"])
def test_a_stop_token_that_the_server_does_not_know(
    server: CompletionServer, dialect: str, tokenizer: FileTokenizer, engine_on: EngineOn
) -> None:
    stop = tokenizer.token_id("<jupyter_output>")
    server.tokens = [(" x", [350]), ("", [stop]), (" y", [351])]
    server.dialect = dialect
    with engine_on(RemoteServer(server.url)) as engine:
        outputs = run(engine, stop_ids=(0, stop))
    assert tokenizer.decode(ids_of(outputs)) in (" x", tokenizer.decode([350]))
    assert outputs[-1].finished == "end"


def test_a_stop_token_of_the_servers_own_is_not_among_the_ids(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.tokens = [("a", [70]), ("b", [71]), ("", [5])]
    assert ids_of(run(engine)) == [70, 71]


def test_length(server: CompletionServer, engine: RemoteEngine) -> None:
    server.tokens, server.finish = [("a", [70]), ("b", [71]), ("c", [72])], "length"
    outputs = run(engine, max_tokens=3)
    assert (ids_of(outputs), outputs[-1].finished) == ([70, 71, 72], "length")


def test_a_server_that_does_not_stop_is_disconnected(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.tokens = [("a", [70, 71, 72, 73, 74])] * 10
    outputs = run(engine, max_tokens=7)
    assert (ids_of(outputs), outputs[-1].finished) == ([70, 71, 72, 73, 74, 70, 71], "length")
    until(lambda: server.running == 0)


def test_a_prompt_beyond_the_servers_window_is_refused(engine: RemoteEngine) -> None:
    engine.submit(1, [7] * 4096, (0,), 1)
    assert [output.finished for output in collect(engine)] == ["refused"]


def test_requests_run_concurrently_and_cancelling_closes_the_connection(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.tokens, server.pause_s = [(" x", [350])] * 400, 0.01
    for number in (1, 2, 3):
        engine.submit(number, PROMPT, (0,), 400)
    seen: set[int] = set()

    def all_seen() -> bool:
        seen.update(output.request for output in engine.step())
        return seen == {1, 2, 3}

    until(all_seen)
    assert server.running == 3
    for number in (1, 3):
        engine.cancel(number)
    engine.cancel(99)
    until(lambda: server.running == 1, 1)
    assert {output.request for _ in range(5) for output in engine.step()} <= {2}
    engine.cancel(2)
    assert not engine.busy()
    until(lambda: server.running == 0, 1)


def test_no_cancellation_is_lost_among_tokens(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.tokens, server.pause_s = [(" x", [350])] * 400, 0.001
    for number in range(30):
        engine.submit(number, PROMPT, (0,), 400)
        until(engine.step)
        engine.cancel(number)
    until(lambda: server.running == 0, 1)
