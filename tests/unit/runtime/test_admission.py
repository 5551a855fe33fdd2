"""Who may run now: plain data, no process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from jupyter_safecoder.errors import QueueFull, Superseded
from jupyter_safecoder.runtime.admission import Admission, FairShare, Ticket


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def _finish_in_turn(admission: Admission, running: Ticket, waiting: dict[str, Ticket]) -> list[str]:
    """End one request after the other; returns the order in which the others ran."""
    order = []
    while waiting:
        admission.leave(running)
        (name,) = (name for name, ticket in waiting.items() if ticket.turn.done())
        running = waiting.pop(name)
        order.append(name)
    return order


def test_at_most_so_many_run() -> None:
    async def test() -> None:
        admission = Admission(2, 9)
        tickets = [admission.enter(f"p{n}", "") for n in range(4)]
        assert [ticket.turn.done() for ticket in tickets] == [True, True, False, False]
        assert [admission.place(ticket) for ticket in tickets] == [0, 0, 1, 2]
        assert admission.waiting == 2
        admission.leave(tickets[1])
        assert [admission.place(ticket) for ticket in tickets] == [0, 0, 0, 1]

    run(test)


def test_people_take_turns() -> None:
    """Ada asks for four documents, then two others for one each: nobody waits for all of Ada's."""

    async def test() -> None:
        admission = Admission(1, 9)
        first = admission.enter("ada", "0")
        waiting = {f"ada{n}": admission.enter("ada", str(n)) for n in range(1, 4)}
        waiting["bob"] = admission.enter("bob", "0")
        waiting["eve"] = admission.enter("eve", "0")
        assert _finish_in_turn(admission, first, waiting) == ["bob", "eve", "ada1", "ada2", "ada3"]

    run(test)


def test_a_newcomer_does_not_overtake_for_ever() -> None:
    """Who was served longest ago is next, so a stream of new people cannot keep Ada waiting."""

    async def test() -> None:
        admission = Admission(1, 99)
        running = admission.enter("x", "")
        ada = admission.enter("ada", "")
        for n in range(5):
            other = admission.enter(f"new{n}", "")
            admission.leave(running)
            running = ada if ada.turn.done() else other
            if ada.turn.done():
                return
        pytest.fail("Ada still waits.")

    run(test)


def test_a_newer_request_of_the_document_replaces_a_waiting_one() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        admission.enter("ada", "a")
        older = admission.enter("ada", "b")
        newer = admission.enter("ada", "b")
        with pytest.raises(Superseded):
            older.turn.result()
        admission.leave(older)
        assert admission.waiting == 1
        assert admission.place(newer) == 1

    run(test)


def test_a_newer_request_of_the_document_tells_a_running_one() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        older = admission.enter("ada", "a")
        told: list[bool] = []
        older.replace = lambda: told.append(True)
        newer = admission.enter("ada", "a")
        assert told == [True]
        assert not newer.turn.done()
        admission.leave(older)
        assert newer.turn.done()

    run(test)


@pytest.mark.parametrize(("person", "document"), [("bob", "a"), ("ada", "b"), ("ada", "")])
def test_other_people_documents_and_none_replace_nothing(person: str, document: str) -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        older = admission.enter("ada", "a")
        older.replace = lambda: pytest.fail("It was replaced.")
        waiting = admission.enter(person, document)
        if document == "":
            admission.enter(person, document)
        assert not waiting.turn.done()

    run(test)


def test_the_queue_is_bounded() -> None:
    async def test() -> None:
        admission = Admission(1, 1)
        admission.enter("a", "")
        admission.enter("b", "")
        with pytest.raises(QueueFull) as raised:
            admission.enter("c", "")
        assert raised.value.retry_after_s > 0
        assert admission.waiting == 1

    run(test)


def test_in_a_full_queue_who_has_much_makes_room_for_who_has_little() -> None:
    async def test() -> None:
        admission = Admission(1, 4)
        admission.enter("x", "")
        ada = [admission.enter("ada", str(n)) for n in range(4)]
        bob = admission.enter("bob", "")
        assert admission.place(bob) > 0
        with pytest.raises(QueueFull):
            ada[3].turn.result()
        admission.leave(ada[3])
        admission.enter("bob", "b")
        assert [ticket.turn.done() for ticket in ada] == [False, False, True, True]
        # Now each has two: nobody is driven out for one more.
        for person in ("ada", "bob"):
            with pytest.raises(QueueFull):
                admission.enter(person, "c")
        assert admission.waiting == 4
        for ticket in ada[2:]:
            assert isinstance(ticket.turn.exception(), QueueFull)

    run(test)


def test_no_waiting_room_still_runs() -> None:
    async def test() -> None:
        admission = Admission(1, 0)
        ticket = admission.enter("a", "")
        assert ticket.turn.done()
        with pytest.raises(QueueFull):
            admission.enter("b", "")
        admission.leave(ticket)
        assert admission.enter("b", "").turn.done()

    run(test)


def test_a_waiter_that_goes_away_frees_its_place() -> None:
    async def test() -> None:
        admission = Admission(1, 1)
        first = admission.enter("a", "")
        second = admission.enter("b", "")
        admission.leave(second)
        third = admission.enter("c", "")
        assert admission.place(third) == 1
        admission.leave(first)
        assert third.turn.done()

    run(test)


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _turns(demand: dict[str, FairShare], held_s: dict[str, float], turns: int) -> list[str]:
    """Let each person always have two requests waiting; returns whose turn each was."""
    order: list[str] = []

    async def test() -> None:
        clock = _Clock()
        admission = Admission(1, 99, clock)
        running = admission.enter("first", "")
        waiting = [admission.enter(p, "", share) for p, share in demand.items() for _ in range(2)]
        for _ in range(turns):
            clock.now += held_s.get(running.person, 1.0)
            admission.leave(running)
            (running,) = (ticket for ticket in waiting if ticket.turn.done())
            waiting.remove(running)
            order.append(running.person)
            waiting.append(admission.enter(running.person, "", demand[running.person]))

    run(test)
    return order


def test_turns_follow_the_weights() -> None:
    order = _turns({"ada": FairShare(weight=3), "bob": FairShare()}, {}, 80)
    assert 57 <= order.count("ada") <= 63


def test_who_holds_a_place_for_longer_gets_fewer_turns() -> None:
    order = _turns({"ada": FairShare(), "bob": FairShare()}, {"ada": 4.0}, 100)
    assert 16 <= order.count("ada") <= 24


def test_who_was_away_has_saved_up_nothing() -> None:
    async def test() -> None:
        clock = _Clock()
        admission = Admission(1, 99, clock)
        running = admission.enter("ada", "")
        queue = [admission.enter("ada", "") for _ in range(20)]
        for ticket in queue[:10]:
            clock.now += 1
            admission.leave(running)
            running = ticket
            assert ticket.turn.done()
        queue = queue[10:] + [admission.enter("bob", "") for _ in range(10)]
        order = []
        for _ in range(10):
            clock.now += 1
            admission.leave(running)
            (running,) = (ticket for ticket in queue if ticket.turn.done())
            queue.remove(running)
            order.append(running.person)
        assert 4 <= order.count("bob") <= 6

    run(test)


def test_a_person_s_places_are_bounded_though_others_are_free() -> None:
    async def test() -> None:
        admission = Admission(4, 99)
        share = FairShare(running=2, waiting=1)
        ada = [admission.enter("ada", str(n), share) for n in range(3)]
        assert [ticket.turn.done() for ticket in ada] == [True, True, False]
        with pytest.raises(QueueFull, match="1 requests of yours wait already") as raised:
            admission.enter("ada", "4", share)
        assert raised.value.retry_after_s >= 1
        bob = admission.enter("bob", "", share)
        assert bob.turn.done()
        admission.leave(ada[0])
        assert ada[2].turn.done()

    run(test)


def test_places_are_told_until_the_turn() -> None:
    async def test() -> None:
        admission = Admission(1, 9)
        first, second, third = (admission.enter(name, "") for name in ("a", "b", "c"))
        told: list[int] = []

        async def listen() -> None:
            told.extend([place async for place in admission.places(third)])

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0)
        admission.leave(first)
        await asyncio.sleep(0.3)
        admission.leave(second)
        await listening
        assert told == [2, 1]

    run(test)


def test_nothing_is_kept_of_those_who_went_away() -> None:
    async def test() -> None:
        clock = _Clock()
        admission = Admission(1, 9, clock)
        running = admission.enter("x", "")
        for n in range(1000):
            nxt = admission.enter(f"p{n}", "")
            clock.now += 0.1
            admission.leave(running)
            running = nxt
        assert len(admission._spent) < 100

    run(test)
