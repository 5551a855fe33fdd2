"""Admission control: plain data, no process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from jupyter_safecoder.errors import QueueFull, QueueTimeout, Superseded
from jupyter_safecoder.runtime.admission import Admission, FairShare, Ticket


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def _finish_one_by_one(
    admission: Admission, running: Ticket, waiting: dict[str, Ticket]
) -> list[str]:
    """Release one request after the other; returns the order in which the others ran."""
    order = []
    while waiting:
        admission.release(running)
        (name,) = (name for name, ticket in waiting.items() if ticket.granted.done())
        running = waiting.pop(name)
        order.append(name)
    return order


def test_running_requests_are_bounded() -> None:
    async def test() -> None:
        admission = Admission(2, 9)
        tickets = [admission.acquire(f"p{n}", "") for n in range(4)]
        assert [ticket.granted.done() for ticket in tickets] == [True, True, False, False]
        assert [admission.position(ticket) for ticket in tickets] == [0, 0, 1, 2]
        assert admission.waiting == 2
        admission.release(tickets[1])
        assert [admission.position(ticket) for ticket in tickets] == [0, 0, 0, 1]

    run(test)


def test_users_are_served_in_fair_order() -> None:
    """Ada has four requests, then two others have one each: those do not wait for all of Ada's."""

    async def test() -> None:
        admission = Admission(1, 9)
        first = admission.acquire("ada", "0")
        waiting = {f"ada{n}": admission.acquire("ada", str(n)) for n in range(1, 4)}
        waiting["bob"] = admission.acquire("bob", "0")
        waiting["eve"] = admission.acquire("eve", "0")
        assert _finish_one_by_one(admission, first, waiting) == [
            "bob",
            "eve",
            "ada1",
            "ada2",
            "ada3",
        ]

    run(test)


def test_new_users_do_not_overtake_for_ever() -> None:
    """A stream of new users cannot keep Ada waiting."""

    async def test() -> None:
        admission = Admission(1, 99)
        running = admission.acquire("x", "")
        ada = admission.acquire("ada", "")
        for n in range(5):
            other = admission.acquire(f"new{n}", "")
            admission.release(running)
            running = ada if ada.granted.done() else other
            if ada.granted.done():
                return
        pytest.fail("Ada still waits.")

    run(test)


def test_a_newer_request_of_the_document_supersedes_a_waiting_one() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        admission.acquire("ada", "a")
        older = admission.acquire("ada", "b")
        newer = admission.acquire("ada", "b")
        with pytest.raises(Superseded):
            older.granted.result()
        admission.release(older)
        assert admission.waiting == 1
        assert admission.position(newer) == 1

    run(test)


def test_a_newer_request_of_the_document_supersedes_a_running_one() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        older = admission.acquire("ada", "a")
        superseded: list[bool] = []
        older.on_superseded = lambda: superseded.append(True)
        newer = admission.acquire("ada", "a")
        assert superseded == [True]
        assert not newer.granted.done()
        admission.release(older)
        assert newer.granted.done()

    run(test)


@pytest.mark.parametrize(("user", "document"), [("bob", "a"), ("ada", "b"), ("ada", "")])
def test_other_users_other_documents_and_no_document_supersede_nothing(
    user: str, document: str
) -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        older = admission.acquire("ada", "a")
        older.on_superseded = lambda: pytest.fail("It was superseded.")
        waiting = admission.acquire(user, document)
        if document == "":
            admission.acquire(user, document)
        assert not waiting.granted.done()

    run(test)


def test_the_queue_is_bounded() -> None:
    async def test() -> None:
        admission = Admission(1, 1)
        admission.acquire("a", "")
        admission.acquire("b", "")
        with pytest.raises(QueueFull) as raised:
            admission.acquire("c", "")
        assert raised.value.retry_after_s > 0
        assert admission.waiting == 1

    run(test)


def test_in_a_full_queue_the_greediest_user_makes_room() -> None:
    async def test() -> None:
        admission = Admission(1, 4)
        admission.acquire("x", "")
        ada = [admission.acquire("ada", str(n)) for n in range(4)]
        bob = admission.acquire("bob", "")
        assert admission.position(bob) > 0
        with pytest.raises(QueueFull):
            ada[3].granted.result()
        admission.release(ada[3])
        admission.acquire("bob", "b")
        assert [ticket.granted.done() for ticket in ada] == [False, False, True, True]
        # Now each has two: no request is evicted for one more.
        for user in ("ada", "bob"):
            with pytest.raises(QueueFull):
                admission.acquire(user, "c")
        assert admission.waiting == 4
        for ticket in ada[2:]:
            assert isinstance(ticket.granted.exception(), QueueFull)

    run(test)


def test_without_a_queue_requests_still_run() -> None:
    async def test() -> None:
        admission = Admission(1, 0)
        ticket = admission.acquire("a", "")
        assert ticket.granted.done()
        with pytest.raises(QueueFull):
            admission.acquire("b", "")
        admission.release(ticket)
        assert admission.acquire("b", "").granted.done()

    run(test)


def test_a_waiting_request_that_is_released_frees_its_position() -> None:
    async def test() -> None:
        admission = Admission(1, 1)
        first = admission.acquire("a", "")
        second = admission.acquire("b", "")
        admission.release(second)
        third = admission.acquire("c", "")
        assert admission.position(third) == 1
        admission.release(first)
        assert third.granted.done()

    run(test)


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _served(demand: dict[str, FairShare], held_s: dict[str, float], count: int) -> list[str]:
    """Let each user always have two requests waiting; returns the users in order of service."""
    order: list[str] = []

    async def test() -> None:
        clock = _Clock()
        admission = Admission(1, 99, clock)
        running = admission.acquire("first", "")
        waiting = [admission.acquire(p, "", share) for p, share in demand.items() for _ in range(2)]
        for _ in range(count):
            clock.now += held_s.get(running.user, 1.0)
            admission.release(running)
            (running,) = (ticket for ticket in waiting if ticket.granted.done())
            waiting.remove(running)
            order.append(running.user)
            waiting.append(admission.acquire(running.user, "", demand[running.user]))

    run(test)
    return order


def test_service_follows_the_weights() -> None:
    order = _served({"ada": FairShare(weight=3), "bob": FairShare()}, {}, 80)
    assert 57 <= order.count("ada") <= 63


def test_longer_requests_are_served_less_often() -> None:
    order = _served({"ada": FairShare(), "bob": FairShare()}, {"ada": 4.0}, 100)
    assert 16 <= order.count("ada") <= 24


def test_idle_time_earns_no_credit() -> None:
    async def test() -> None:
        clock = _Clock()
        admission = Admission(1, 99, clock)
        running = admission.acquire("ada", "")
        queue = [admission.acquire("ada", "") for _ in range(20)]
        for ticket in queue[:10]:
            clock.now += 1
            admission.release(running)
            running = ticket
            assert ticket.granted.done()
        queue = queue[10:] + [admission.acquire("bob", "") for _ in range(10)]
        order = []
        for _ in range(10):
            clock.now += 1
            admission.release(running)
            (running,) = (ticket for ticket in queue if ticket.granted.done())
            queue.remove(running)
            order.append(running.user)
        assert 4 <= order.count("bob") <= 6

    run(test)


def test_a_user_s_requests_are_bounded_though_slots_are_free() -> None:
    async def test() -> None:
        admission = Admission(4, 99)
        share = FairShare(max_running=2, max_waiting=1)
        ada = [admission.acquire("ada", str(n), share) for n in range(3)]
        assert [ticket.granted.done() for ticket in ada] == [True, True, False]
        with pytest.raises(QueueFull, match=r"limit of waiting requests per user \(1\)") as raised:
            admission.acquire("ada", "4", share)
        assert raised.value.retry_after_s >= 1
        bob = admission.acquire("bob", "", share)
        assert bob.granted.done()
        admission.release(ada[0])
        assert ada[2].granted.done()

    run(test)


def test_positions_are_yielded_until_the_request_runs() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        first, second, third = (admission.acquire(name, "") for name in ("a", "b", "c"))
        seen: list[int] = []

        async def listen() -> None:
            seen.extend([position async for position in admission.positions(third)])

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0)
        admission.release(first)
        await asyncio.sleep(0.3)
        admission.release(second)
        await listening
        assert seen == [2, 1]

    run(test)


def test_idle_users_are_forgotten() -> None:
    async def test() -> None:
        clock = _Clock()
        admission = Admission(1, 9, clock)
        running = admission.acquire("x", "")
        for n in range(1000):
            nxt = admission.acquire(f"p{n}", "")
            clock.now += 0.1
            admission.release(running)
            running = nxt
        assert len(admission._virtual_time) < 100

    run(test)


def test_a_request_that_waits_too_long_times_out() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        with admission.slot("ada"), pytest.raises(QueueTimeout), admission.slot("bob") as bob:
            async for _ in admission.positions(bob, timeout_s=0.05):
                pass
        assert (admission.running, admission.waiting) == (0, 0)

    run(test)


def test_a_slot_is_released_however_its_context_ends() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        with admission.slot("ada"):
            assert admission.running == 1
            with suppress(KeyError), admission.slot("bob"):
                assert admission.waiting == 1
                raise KeyError
            assert admission.waiting == 0
            with pytest.raises(QueueFull), admission.slot("eve", share=FairShare(max_waiting=0)):
                pytest.fail("It was admitted.")
        assert (admission.running, admission.waiting) == (0, 0)

    run(test)


def test_a_request_in_advance_takes_no_slot_and_ends_for_any_other() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        advance = admission.acquire_background("ada", "a")
        assert advance.granted.done()
        assert (admission.running, admission.waiting, admission.busy) == (0, 0, True)
        ended: list[bool] = []
        advance.on_superseded = lambda: ended.append(True)
        other = admission.acquire("bob", "b")
        # It runs at once, before the other one has gone.
        assert other.granted.done()
        assert (ended, advance.is_superseded) == ([True], True)
        admission.release(advance)
        admission.release(other)
        assert not admission.busy

    run(test)


def test_a_request_in_advance_is_refused_where_any_other_runs_or_waits() -> None:
    async def test() -> None:
        admission = Admission(2, 9)
        running = admission.acquire("ada", "a")
        for user, document in (("ada", "a"), ("ada", "b"), ("bob", "a")):
            with pytest.raises(Superseded):
                admission.acquire_background(user, document)
        # It supersedes nothing, not even of its own document.
        assert not running.is_superseded
        admission.release(running)
        admission.acquire_background("ada", "a")
        with pytest.raises(Superseded):
            admission.acquire_background("bob", "a")

    run(test)


def test_a_newer_request_in_advance_replaces_the_older_of_its_user() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        older = admission.acquire_background("ada", "a")
        newer = admission.acquire_background("ada", "b")
        assert (older.is_superseded, newer.is_superseded) == (True, False)
        admission.release(older)
        assert admission.busy
        with admission.slot("ada", "a", background=True) as newest:
            assert newest.background
            assert newer.is_superseded
        assert not admission.busy

    run(test)


def test_a_request_in_advance_costs_its_user_nothing() -> None:
    async def test() -> None:
        now = [0.0]
        admission = Admission(1, 9, clock=lambda: now[0])
        for _ in range(5):
            with admission.slot("ada", "a", background=True):
                now[0] += 60.0
        running = admission.acquire("eve", "")
        waiting = {name: admission.acquire(name, "") for name in ("ada", "bob")}
        assert _finish_one_by_one(admission, running, waiting) == ["ada", "bob"]

    run(test)
