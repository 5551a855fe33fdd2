"""The queue in front of the runtimes: order, limits of a grant, deadline."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.errors import QueueTimeout, RateLimited, Superseded
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.dispatcher import Dispatcher, RuntimeRequest
from jupyter_safecoder.hub.runtimes import Runtimes
from jupyter_safecoder.runtime.admission import Ticket
from jupyter_safecoder.settings import RuntimeSettings

GRANT = Grant(max_running=2, max_waiting=2)
ADA = RuntimeRequest("ada", "", GRANT, "/completions", b"{}")
BOB = replace(ADA, user="bob")


def make_dispatcher(**settings: float) -> Dispatcher:
    values = {"max_running": 1, "max_waiting": 2, **settings}
    runtime_settings = RuntimeSettings(**values)  # type: ignore[arg-type]
    return Dispatcher(runtime_settings, Runtimes(runtime_settings))


async def wait(dispatcher: Dispatcher, ticket: Ticket) -> list[int]:
    """Wait for a slot; return the positions in the queue on the way."""
    return [position async for position in dispatcher.positions(ticket)]


def test_a_slot_is_granted_at_once_where_there_is_room_and_released_at_the_end() -> None:
    async def test() -> None:
        dispatcher = make_dispatcher()
        with dispatcher.slot(ADA) as ticket:
            assert await wait(dispatcher, ticket) == []
            assert (dispatcher.running, dispatcher.waiting) == (1, 0)
        assert (dispatcher.running, dispatcher.waiting) == (0, 0)

    asyncio.run(test())


def test_positions_are_reported_until_the_slot_is_granted() -> None:
    async def test() -> None:
        dispatcher = make_dispatcher()
        with ExitStack() as running:
            await wait(dispatcher, running.enter_context(dispatcher.slot(ADA)))
            with dispatcher.slot(BOB) as second:
                waiting = asyncio.ensure_future(wait(dispatcher, second))
                await asyncio.sleep(0.05)
                assert (dispatcher.running, dispatcher.waiting) == (1, 1)
                assert not waiting.done()
                running.close()
                assert await asyncio.wait_for(waiting, 5) == [1]

    asyncio.run(test())


def test_a_full_queue_is_denied_with_the_time_to_wait() -> None:
    async def test() -> None:
        dispatcher = make_dispatcher(max_waiting=1)
        with dispatcher.slot(ADA), dispatcher.slot(ADA):
            with pytest.raises(RateLimited) as raised, dispatcher.slot(BOB):
                pass
            assert (raised.value.status, raised.value.kind) == (429, "queue")
            assert raised.value.retry_after_s
            assert dispatcher.waiting == 1

    asyncio.run(test())


def test_a_grant_bounds_what_a_user_may_queue() -> None:
    async def test() -> None:
        dispatcher = make_dispatcher(max_waiting=99)
        with dispatcher.slot(ADA), dispatcher.slot(ADA), dispatcher.slot(ADA):
            with pytest.raises(RateLimited), dispatcher.slot(ADA):
                pass
            with dispatcher.slot(BOB):
                assert dispatcher.waiting == 3

    asyncio.run(test())


def test_a_request_that_waits_until_its_deadline_times_out() -> None:
    async def test() -> None:
        dispatcher = make_dispatcher(deadline_s=0.1)
        with dispatcher.slot(ADA), dispatcher.slot(BOB) as ticket, pytest.raises(QueueTimeout):
            await wait(dispatcher, ticket)
        assert (dispatcher.running, dispatcher.waiting) == (0, 0)

    asyncio.run(test())


def test_a_newer_request_for_a_document_supersedes_one_that_waits() -> None:
    async def test() -> None:
        dispatcher = make_dispatcher()
        request = replace(ADA, document="a.ipynb")
        with (
            dispatcher.slot(BOB),
            dispatcher.slot(request) as older,
            dispatcher.slot(request),
            pytest.raises(Superseded),
        ):
            await wait(dispatcher, older)

    asyncio.run(test())


def test_a_request_in_advance_gives_way_to_any_user() -> None:
    async def test() -> None:
        dispatcher = make_dispatcher()
        advance = replace(ADA, background=True)
        with dispatcher.slot(advance) as ticket:
            assert await wait(dispatcher, ticket) == []
            assert (dispatcher.running, dispatcher.waiting) == (0, 0)
            with dispatcher.slot(BOB) as other:
                assert await wait(dispatcher, other) == []
                assert ticket.is_superseded
                with pytest.raises(Superseded), dispatcher.slot(advance):
                    pass

    asyncio.run(test())


def test_a_request_to_a_runtime_that_is_not_started(tmp_path: Path) -> None:
    runtimes = Runtimes(RuntimeSettings(cache_dir=str(tmp_path)))
    backend = runtimes.get("", "")
    assert runtimes.get("", "") is backend
    assert runtimes.get("", "tuned") is not backend
