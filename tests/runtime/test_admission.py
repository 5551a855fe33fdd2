"""Who may run now: plain data, no process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from jupyter_safecoder.runtime.admission import Admission, QueueFull, Replaced, Ticket


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
        with pytest.raises(Replaced):
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
