"""A server that misbehaves while it answers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from tests.support.completion_server import (
    Behaviour,
    CompletionServer,
    endless_line,
    hang,
    hang_up,
    ping_for_ever,
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
    ("behaviour", "reason"),
    [
        (respond(400, {}), "refused the request (HTTP 400)"),
        (respond(401, {}), "asks for a key"),
        (respond(404, {}), "no such model"),
        (respond(429, {}), "too busy"),
        (respond(429, {}, Retry_After="30"), "too busy"),
        (respond(307, {}, Location="/v1/completions"), "redirects elsewhere"),
        (respond(500, {}), "failed (HTTP 500)"),
        (hang, "gave nothing within 0.6 seconds"),
        (ping_for_ever, "gave nothing within 0.6 seconds"),
        (stream_of([GOOD], then=5), "gave nothing within 0.6 seconds"),
        (hang_up, "closed the connection without an answer"),
        (stream_of([]), "broke an answer off"),
        (stream_of([GOOD]), "broke an answer off"),
        (stream_of([GOOD, "[DONE]"]), "broke an answer off"),
        (endless_line, "a line without an end"),
        (stream_of(["x" * 2**17] * 32), "no JSON"),
        (stream_of([json.dumps({"choices": [], "pad": "x" * 2**17})] * 32), "more than the tokens"),
        (stream_of(["[" * 100_000]), "no JSON"),
        (stream_of(["3"]), "no JSON object"),
        (stream_of(["{}"]), "no choices"),
        (stream_of(['{"choices": {}}']), "no choices"),
        (stream_of(['{"choices": ["a"]}']), "a choice that is no object"),
        (stream_of([GOOD, '{"error": {"message": "secret"}}']), "an error in the midst"),
        (stream_of([choice(token_ids="70")]), "no list of token ids"),
        (stream_of([choice(token_ids=[7.0])]), "no list of token ids"),
        (stream_of([choice(token_ids=[True])]), "no list of token ids"),
        (stream_of([choice(token_ids=[-1])]), "no list of token ids"),
        (stream_of([choice(token_ids=[2**40])]), "no list of token ids"),
        (stream_of([choice()]), "no list of token ids"),
        (stream_of([choice(token_ids=[70], finish_reason="abort")]), "an end of another kind"),
        (stream_of([choice(token_ids=[70], finish_reason=["stop"])]), "an end of another kind"),
    ],
)
def test_a_fault_fails_its_request_alone(
    server: CompletionServer, engine: RemoteEngine, behaviour: Behaviour, reason: str
) -> None:
    server.instead["stream"] = behaviour
    problem = failure(run(engine))
    assert reason in problem.reason
    assert problem.remedy
    assert "secret" not in problem.reason
    until(lambda: server.running == 0)
    del server.instead["stream"]
    assert run(engine)[-1].finished == "end"


@pytest.mark.parametrize(
    "fields",
    [{}, {"text": None, "logprobs": None}, {"logprobs": {"content": [{"token": "a"}]}}],
)
def test_garbage_in_log_probabilities(
    server: CompletionServer, fields: dict[str, Any], engine_on: EngineOn
) -> None:
    server.dialect = "logprobs"
    with engine_on(RemoteServer(server.url, token_timeout_s=0.6)) as engine:
        server.instead["stream"] = stream_of([choice(**fields)] * 2)
        assert failure(run(engine)).reason


def test_a_server_that_went_and_came_back(server: CompletionServer, engine: RemoteEngine) -> None:
    server.stop()
    assert "cannot be reached" in failure(run(engine)).reason
    server.listen()
    assert run(engine)[-1].finished == "end"


def test_a_server_that_dies_in_mid_answer(server: CompletionServer, engine: RemoteEngine) -> None:
    server.pieces, server.pause_s = [("a", [70])] * 100, 0.01
    engine.submit(1, PROMPT, (0,), 100)
    until(lambda: ids_of(engine.step()))
    server.stop()
    assert "broke an answer off" in failure(collect(engine)).reason
    assert server.streams == 1, "Never again after the first token."
    server.listen()
    server.pause_s = 0
    assert run(engine)[-1].finished == "length"


# -- retries ---------------------------------------------------------------------------------------


def failing_first(server: CompletionServer, times: int, behaviour: Behaviour) -> Behaviour:
    async def behave(request: Any, writer: Any) -> None:
        answer = behaviour if server.streams <= times else server._stream
        await answer(request, writer)

    return behave


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(
    server: CompletionServer, engine: RemoteEngine, status: int
) -> None:
    server.instead["stream"] = failing_first(server, 2, respond(status, {}))
    assert run(engine)[-1].finished == "end"
    assert server.streams == 3


def test_retry_after_is_honoured(server: CompletionServer, engine: RemoteEngine) -> None:
    server.instead["stream"] = failing_first(server, 1, respond(503, {}, Retry_After="0.3"))
    began = time.monotonic()
    assert run(engine)[-1].finished == "end"
    assert time.monotonic() - began >= 0.3


def test_no_wait_beyond_the_patience(server: CompletionServer, engine: RemoteEngine) -> None:
    server.instead["stream"] = respond(503, {}, Retry_After="30")
    began = time.monotonic()
    failure(run(engine))
    assert server.streams == 1
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("behaviour", [respond(500, {}), hang_up, stream_of([GOOD])])
def test_what_may_have_been_computed_is_not_asked_again(
    server: CompletionServer, engine: RemoteEngine, behaviour: Behaviour
) -> None:
    server.instead["stream"] = behaviour
    failure(run(engine))
    assert server.streams == 1
