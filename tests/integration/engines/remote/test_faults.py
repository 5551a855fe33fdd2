"""A server that misbehaves while it responds."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from tests.support.completion_server import (
    Behavior,
    CompletionServer,
    endless_line,
    hang,
    hang_up,
    ping_forever,
    respond,
    stream_of,
)
from tests.support.exchange import (
    GOOD,
    PROMPT,
    EngineOn,
    choice,
    collect,
    failure,
    ids_of,
    run,
)
from tests.support.processes import until


@pytest.mark.parametrize(
    ("behavior", "reason"),
    [
        (respond(400, {}), "refused the request (HTTP 400)"),
        (respond(401, {}), "asks for an API key"),
        (respond(404, {}), "no such model"),
        (respond(429, {}, Retry_After="30"), "too busy"),
        (respond(307, {}, Location="/v1/completions"), "redirects to another URL"),
        (respond(500, {}), "failed (HTTP 500)"),
        (hang_up, "closed the connection without a response"),
        (stream_of([]), "in the middle of a response"),
        (stream_of([GOOD]), "in the middle of a response"),
        (stream_of([GOOD, "[DONE]"]), "in the middle of a response"),
        (endless_line, "a line without an end"),
        (stream_of(["x" * 2**17] * 32), "no JSON"),
        (
            stream_of([json.dumps({"choices": [], "pad": "x" * 2**17})] * 32),
            "more data than",
        ),
        (stream_of(["[" * 100_000]), "no JSON"),
        (stream_of(["3"]), "no JSON object"),
        (stream_of(["{}"]), "no choices"),
        (stream_of(['{"choices": {}}']), "no choices"),
        (stream_of(['{"choices": ["a"]}']), "a choice that is not an object"),
        (stream_of([GOOD, '{"error": {"message": "secret"}}']), "an error in the middle"),
        (stream_of([choice(token_ids="70")]), "not a list of token ids"),
        (stream_of([choice(token_ids=[7.0])]), "not a list of token ids"),
        (stream_of([choice(token_ids=[True])]), "not a list of token ids"),
        (stream_of([choice(token_ids=[-1])]), "not a list of token ids"),
        (stream_of([choice(token_ids=[2**40])]), "not a list of token ids"),
        (stream_of([choice()]), "not a list of token ids"),
        (stream_of([choice(token_ids=[70], finish_reason="abort")]), "a finish reason other than"),
        (stream_of([choice(token_ids=[70], finish_reason=["stop"])]), "a finish reason other than"),
    ],
)
def test_a_fault_fails_only_its_request(
    server: CompletionServer, engine: RemoteEngine, behavior: Behavior, reason: str
) -> None:
    server.overrides["stream"] = behavior
    error = failure(run(engine))
    assert reason in error.reason
    assert error.remedy
    assert "secret" not in error.reason
    until(lambda: server.running == 0)
    del server.overrides["stream"]
    assert run(engine)[-1].finished == "end"


@pytest.mark.parametrize(
    ("behavior", "reason"),
    [
        (hang, "sent nothing for 0.6 seconds"),
        (ping_forever, "sent nothing for 0.6 seconds"),
        (stream_of([GOOD], then=5), "sent nothing for 0.6 seconds"),
        (respond(429, {}), "too busy"),
    ],
)
def test_a_server_without_tokens_fails_only_its_request(
    server: CompletionServer, impatient_engine: RemoteEngine, behavior: Behavior, reason: str
) -> None:
    server.overrides["stream"] = behavior
    error = failure(run(impatient_engine))
    assert reason in error.reason
    assert error.remedy
    until(lambda: server.running == 0)
    del server.overrides["stream"]
    # On a busy machine a good response may take as long, too.
    until(lambda: run(impatient_engine)[-1].finished == "end")


@pytest.mark.parametrize(
    "fields",
    [{}, {"text": None, "logprobs": None}, {"logprobs": {"content": [{"token": "a"}]}}],
)
def test_malformed_log_probabilities(
    server: CompletionServer, fields: dict[str, Any], engine_on: EngineOn
) -> None:
    server.dialect = "logprobs"
    with engine_on(RemoteServer(server.url, token_timeout_s=0.6)) as engine:
        server.overrides["stream"] = stream_of([choice(**fields)] * 2)
        assert failure(run(engine)).reason


def test_a_server_that_was_restarted(
    server: CompletionServer, impatient_engine: RemoteEngine
) -> None:
    server.stop()
    assert "cannot be reached" in failure(run(impatient_engine)).reason
    server.listen()
    until(lambda: run(impatient_engine)[-1].finished == "end")


def test_a_server_that_stops_in_the_middle_of_a_response(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.tokens, server.pause_s = [("a", [70])] * 100, 0.01
    engine.submit(1, PROMPT, (0,), 100)
    until(lambda: ids_of(engine.step()))
    server.stop()
    assert "in the middle of a response" in failure(collect(engine)).reason
    assert server.streams == 1, "Not retried after the first token."
    server.listen()
    server.pause_s = 0
    assert run(engine)[-1].finished == "length"


# -- retries ---------------------------------------------------------------------------------------


def failing_first(server: CompletionServer, times: int, behavior: Behavior) -> Behavior:
    async def behave(request: Any, writer: Any) -> None:
        respond_with = behavior if server.streams <= times else server._stream
        await respond_with(request, writer)

    return behave


@pytest.mark.parametrize("status", [429, 503])
def test_requests_to_a_busy_server_are_retried(
    server: CompletionServer, engine: RemoteEngine, status: int
) -> None:
    server.overrides["stream"] = failing_first(server, 2, respond(status, {}))
    assert run(engine)[-1].finished == "end"
    assert server.streams == 3


def test_retry_after_is_honoured(server: CompletionServer, engine: RemoteEngine) -> None:
    server.overrides["stream"] = failing_first(server, 1, respond(503, {}, Retry_After="0.3"))
    start = time.monotonic()
    assert run(engine)[-1].finished == "end"
    assert time.monotonic() - start >= 0.3


def test_no_retry_after_the_timeout(server: CompletionServer, engine: RemoteEngine) -> None:
    server.overrides["stream"] = respond(503, {}, Retry_After="30")
    start = time.monotonic()
    failure(run(engine))
    assert server.streams == 1
    assert time.monotonic() - start < 0.5


@pytest.mark.parametrize("behavior", [respond(500, {}), hang_up, stream_of([GOOD])])
def test_a_request_that_may_have_been_computed_is_not_retried(
    server: CompletionServer, engine: RemoteEngine, behavior: Behavior
) -> None:
    server.overrides["stream"] = behavior
    failure(run(engine))
    assert server.streams == 1
