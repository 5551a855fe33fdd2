"""``python -m benchmarks hub``: a real JupyterHub with a few users, and what is measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.hub.benchmark import event_tokens, fairness, overhead
from benchmarks.hub.capacity import llama_tokens, max_sustained_users
from benchmarks.hub.fairness import jain
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
from tests.support.processes import children_that_run

PERCENTILES = {"p50", "p95"}
USERS = [User(name, {}, [[b"{}"] * 3]) for name in ("ada", "bob", "eve")]


def bench(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["hub", *map(str, arguments), "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert not children_that_run("jupyterhub")
    assert not children_that_run("jupyter_safecoder")
    return report


def test_a_real_hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = bench(capsys, "--users", 4, "--seconds", 3)
    assert report["users"] == 4
    first_token_ms = report["engine"]["first_token_ms"]
    for times in (report["ttft_ms"], report["runtime_ttft_ms"]):
        assert first_token_ms < times["p50"] <= times["p95"]
    assert report["overhead_ms"] == overhead(report["ttft_ms"], report["runtime_ttft_ms"])
    assert report["requests"]["answered"] >= 4
    assert report["flood_p95_ratio"] > 0
    assert set(report["flood_p95_ms"]) == {"without", "during"}
    # At least one of four users had tokens, and the engine was full: 8 of 40 requests run.
    assert 0.25 <= report["jain"] <= 1
    assert report["saturated"]["tokens_per_s"] > 100
    # Two Python processes with their imports.
    assert len(report["rss_mb"]) >= 3
    assert all(megabytes > 60 for megabytes in report["rss_mb"])
    assert not list((tmp_path / "tmp").glob("tmp*"))


def test_without_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jupyterhub", None)
    assert main(["hub"]) == 1
    error = capsys.readouterr().err
    assert "jupyterhub is not installed here." in error
    assert "jupyter-safecoder[hub,local]" in error


def test_a_single_user_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hub", "--users", "1"]) == 1
    assert "at least two users" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shares", "index"),
    [([3, 3, 3], 1), ([1, 0, 0, 0], 0.25), ([1, 2], 0.9), ([0, 0], 1)],
)
def test_jain(shares: list[float], index: float) -> None:
    assert jain(shares) == pytest.approx(index)


def test_overhead() -> None:
    through, direct = {"p50": 38.5, "p95": 61.0}, {"p50": 34.25, "p95": 64.0}
    assert overhead(through, direct) == {"p50": 4.25, "p95": -3.0}


def test_fairness() -> None:
    report = fairness([100, 300], 2.0)
    assert report["jain"] == 0.8
    assert report["saturated"] == {"tokens_per_s": 200.0, "least_tokens": 100, "most_tokens": 300}
    with pytest.raises(RuntimeRequestError, match="No user received a token"):
        fairness([0, 0], 2.0)


@pytest.mark.parametrize(
    ("p95", "sustained"), [([90, 480, 700], 2), ([90, 700, 400], 1), ([501], 0), ([], 0)]
)
def test_the_last_step_that_is_sustained(p95: list[float], sustained: int) -> None:
    steps = [{"users": n, "ttft_ms": {"p95": value}} for n, value in enumerate(p95, 1)]
    assert max_sustained_users(steps) == sustained


def test_events() -> None:
    done = Done("x = 1", "end", "spm", "m", 90, 4, 12.0, 30.0)
    events = (Queued(3), Text("x", 1), done)
    assert [event_tokens(encode_event(event)) for event in events] == [None, 1, 4]
    with pytest.raises(RuntimeRequestError, match="No room"):
        event_tokens(encode_event(Error("engine_failed", "No room.")))
    assert llama_tokens(b'data: {"content": "x", "tokens_predicted": 2}') == 2
    assert llama_tokens(b": ping") is None


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
