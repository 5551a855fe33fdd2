"""One request on the engine: slots that count, deadlines, cancellation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines import Candidate
from jupyter_safecoder.errors import EngineError, QueueFull, Superseded
from jupyter_safecoder.runtime.runtime import Runtime
from jupyter_safecoder.runtime.scheduling import RequestScheduler
from tests.support.in_process_runtime import with_runtime

SCRIPT: dict[str, Any] = {"answers": [{"after": "stall", "stall": True}], "otherwise": "pass"}


def _scheduler(runtime: Runtime) -> RequestScheduler:
    assert runtime.scheduler is not None
    return runtime.scheduler


async def _tokens(scheduler: RequestScheduler, prompt: bytes, document: str = "") -> Any:
    """Return the text and the reason of a request's end."""
    with scheduler.slot("ada", document) as ticket:
        run = scheduler.run(ticket, list(prompt), (), 10, time.perf_counter())
        async with aclosing(run) as deltas:
            found = [delta async for delta in deltas]
    return bytes(token for delta in found for token in delta.ids), found[-1].finished


@pytest.mark.parametrize(
    ("raised", "counted"),
    [
        (None, "completed"),
        (Superseded(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (EngineError("No."), "failed"),
        (QueueFull("Full.", 1.0), "failed"),
        (ValueError("A fault."), "failed"),
    ],
)
def test_a_slot_counts_how_it_is_left(
    tmp_path: Path, raised: BaseException | None, counted: str
) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        with suppress(BaseException), scheduler.slot("ada"):
            assert scheduler.admission.running == 1
            if raised is not None:
                raise raised
        assert scheduler.admission.running == 0
        counters = vars(runtime.counters)
        assert counters["requests"] == counters[counted] == 1
        assert counters["completed"] + counters["cancelled"] + counters["failed"] == 1

    with_runtime(tmp_path, SCRIPT, test)


def test_tokens_and_counters(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        assert await _tokens(_scheduler(runtime), b"x = ") == (b"pass", "end")
        counters = runtime.counters
        assert (counters.prompt_tokens, counters.completion_tokens) == (4, 4)

    with_runtime(tmp_path, SCRIPT, test)


def test_the_deadline_counts_from_the_request(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        assert await _tokens(scheduler, b"stall") == (b"", "deadline")
        with scheduler.slot("ada") as ticket:
            long_ago = time.perf_counter() - 60
            deltas = scheduler.run(ticket, list(b"stall"), (), 10, long_ago)
            started = time.perf_counter()
            assert (await anext(deltas)).finished == "deadline"
            assert time.perf_counter() - started < 0.1
            await deltas.aclose()

    with_runtime(tmp_path, SCRIPT, test, deadline_s=0.2)


def test_a_running_request_is_superseded(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        older = asyncio.ensure_future(_tokens(scheduler, b"stall", "a.ipynb"))
        await asyncio.sleep(0.05)
        assert await _tokens(scheduler, b"x = ", "a.ipynb") == (b"pass", "end")
        with pytest.raises(Superseded):
            await older

    with_runtime(tmp_path, SCRIPT, test)


def test_closing_cancels_in_the_engine(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        assert runtime._generation is not None
        engine: Any = runtime._generation._engine
        with scheduler.slot("ada") as ticket:
            deltas: AsyncGenerator[Any] = scheduler.run(
                ticket, list(b"stall"), (), 10, time.perf_counter()
            )
            pending = asyncio.ensure_future(anext(deltas))
            await asyncio.sleep(0.05)
            assert engine.busy()
            pending.cancel()
            await asyncio.wait([pending])
        await asyncio.sleep(0.1)
        assert not engine.busy()

    with_runtime(tmp_path, SCRIPT, test)


def test_a_failure_of_the_engine_ends_all_requests(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        requests = [asyncio.ensure_future(_tokens(scheduler, b"stall")) for _ in range(3)]
        await asyncio.sleep(0.05)
        scheduler.fail(EngineError("Stopped."))
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert [str(result) for result in results] == ["Stopped."] * 3
        assert scheduler.admission.running == 0

    with_runtime(tmp_path, SCRIPT, test)


def test_a_request_in_advance_leaves_the_engine_before_another_one_enters_it(
    tmp_path: Path,
) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        generation: Any = scheduler._generation
        calls: list[str] = []
        for name in ("submit", "cancel"):
            method = getattr(generation, name)

            def record(*values: Any, name: str = name, method: Any = method) -> Any:
                calls.append(name)
                return method(*values)

            setattr(generation, name, record)
        advance = asyncio.ensure_future(_advance(scheduler, b"stall"))
        await asyncio.sleep(0.05)
        assert await _tokens(scheduler, b"x = ", "a.ipynb") == (b"pass", "end")
        with pytest.raises(Superseded):
            await advance
        assert calls[:3] == ["submit", "cancel", "submit"]
        counters = runtime.counters
        assert (counters.background, counters.requests, counters.completed) == (1, 1, 1)
        assert (counters.cancelled, counters.prompt_tokens, counters.completion_tokens) == (0, 4, 4)

    with_runtime(tmp_path, SCRIPT, test, max_running=1)


def test_a_ticket_that_was_superseded_before_it_runs_reaches_no_engine(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        with scheduler.slot("ada", "a", background=True) as ticket, scheduler.slot("bob"):
            run = scheduler.run(ticket, list(b"stall"), (), 10, time.perf_counter())
            with pytest.raises(Superseded):
                await anext(run)
        assert runtime._generation is not None
        assert not runtime._generation._engine.busy()

    with_runtime(tmp_path, SCRIPT, test)


def test_candidates(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        with scheduler.slot("ada") as ticket:
            now = time.perf_counter()
            found = await scheduler.candidates(ticket, list(b"best"), 2, now)
            assert found == [Candidate(ord("a"), -0.1), Candidate(ord("b"), -2.0)]
            late = await scheduler.candidates(ticket, list(b"best"), 2, now - 60)
            assert late is not None

    best = {"after": "best", "text": "a", "candidates": {"a": -0.1, "b": -2.0, "c": -3.0}}
    with_runtime(tmp_path, {"answers": [best]}, test)


def test_an_engine_without_candidates(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        scheduler = _scheduler(runtime)
        with scheduler.slot("ada") as ticket:
            now = time.perf_counter()
            assert await scheduler.candidates(ticket, list(b"best"), 2, now) is None

    with_runtime(tmp_path, {"offers_candidates": False}, test)


async def _advance(scheduler: RequestScheduler, prompt: bytes) -> None:
    """Run a request in advance."""
    with scheduler.slot("ada", "a.ipynb", background=True) as ticket:
        run = scheduler.run(ticket, list(prompt), (), 10, time.perf_counter())
        async with aclosing(run) as deltas:
            async for _ in deltas:
                pass
