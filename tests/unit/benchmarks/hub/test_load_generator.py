"""Users who type: their keys, and what is measured of their requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from benchmarks.hub.benchmark import event_tokens
from benchmarks.hub.load_generator import (
    Endpoint,
    RequestResult,
    User,
    make_user,
    open_endpoint,
    run_closed_loop,
    run_open_loop,
)
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.tasks import SAMPLE, notebook_tasks
from jupyter_safecoder.protocol import Done, Error, Queued, Text, encode_event

USERS = [User(name, {}, [[b"{}"] * 3]) for name in ("ada", "bob", "eve")]


@dataclass(frozen=True)
class Answer:
    """How an endpoint answers; a number in ``parts`` is a pause in seconds."""

    status: int = 200
    parts: Sequence[bytes | float] = ()
    headers: str = ""


def with_endpoint(answer: Answer, run_load: Callable[[Endpoint], Awaitable[Any]]) -> Any:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n{}")
            head = f"HTTP/1.1 {answer.status} X\r\nConnection: close\r\n{answer.headers}\r\n"
            writer.write(head.encode())
            for part in answer.parts:
                if isinstance(part, bytes):
                    writer.write(part)
                else:
                    await asyncio.sleep(part)
        except asyncio.IncompleteReadError:
            return  # given up while it connected
        finally:
            writer.close()

    async def run() -> Any:
        server = await asyncio.start_server(respond, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            async with open_endpoint("/", event_tokens, url) as endpoint:
                return await run_load(endpoint)
        finally:
            server.close()

    return asyncio.run(run())


def typed(delay_s: float, seconds: float, rate: float = 1.0) -> list[RequestResult]:
    """Type at an endpoint whose first token comes after some time."""
    done = Done("xy", "end", "spm", "m", 9, 2, 1.0, 2.0)
    events = encode_event(Text("x", 1)) + encode_event(done)
    results: list[RequestResult] = with_endpoint(
        Answer(parts=[encode_event(Queued(1)), delay_s, events]),
        lambda endpoint: run_open_loop(endpoint, USERS, seconds, "seed", rate),
    )
    return results


def test_the_time_to_the_first_token() -> None:
    results = typed(delay_s=0.1, seconds=1.5)
    assert {one.outcome for one in results} == {"answered"}
    assert {one.tokens for one in results} == {2}
    assert all(100 <= one.ttft_ms < 400 for one in results if one.ttft_ms)


def test_a_request_that_the_next_key_supersedes_has_waited() -> None:
    results = typed(delay_s=60, seconds=1.5)
    assert {one.outcome for one in results} == {"given_up"}
    assert all(one.ttft_ms and one.ttft_ms > 490 for one in results)


def test_twenty_times_the_rate() -> None:
    usual, flood = typed(0, 1.5), typed(0, 1.5, rate=20)
    assert len(flood) > 10 * len(usual)


def test_the_same_seed_types_the_same() -> None:
    first, second = typed(0, 1.5), typed(0, 1.5)
    assert [one.user for one in first] == [one.user for one in second]


def test_rejected_requests() -> None:
    refusal = Answer(429, headers="Retry-After: 1\r\n")
    results = with_endpoint(refusal, lambda endpoint: run_open_loop(endpoint, USERS, 1.5, "seed"))
    assert {(one.outcome, one.ttft_ms) for one in results} == {("refused", None)}
    by_user = with_endpoint(refusal, lambda endpoint: run_closed_loop(endpoint, USERS, 0.5))
    # They wait as long as Retry-After says.
    assert [len(results) for results in by_user.values()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(500, [b"<html>"]), "answered 500"),
        (Answer(503, [encode_event(Error("not_ready", "Down."))]), "Down."),
    ],
)
def test_an_endpoint_that_fails(answer: Answer, reason: str) -> None:
    with pytest.raises(RuntimeRequestError, match=reason):
        with_endpoint(answer, lambda endpoint: run_open_loop(endpoint, USERS, 1.5, "seed"))


def test_each_user_has_keys_of_its_own() -> None:
    tasks = notebook_tasks(SAMPLE)
    ada, bob = (make_user(name, {}, tasks, notebooks=2) for name in ("ada", "bob"))
    bodies = [json.loads(body) for user in (ada, bob) for body in user.notebooks[1][:2]]
    assert [body["document"] for body in bodies] == ["ada/1", "ada/1", "bob/1", "bob/1"]
    # One key later, after cells that are not those of another user.
    assert bodies[1]["prefix"].startswith(bodies[0]["prefix"])
    assert bodies[0]["before"][0] != bodies[2]["before"][0]
