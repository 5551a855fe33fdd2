"""Many requests that fail are a line of the audit log for each kind and minute."""

from __future__ import annotations

import pytest

from jupyter_safecoder.hub.accounting import repeats as module
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.repeats import Repeats


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(module, "_now", lambda: now[0])
    return now


def refused(user: str = "eve", reason: str = "limit") -> Record:
    return Record(user, outcome="refused", reason=reason)


def test_the_first_of_a_minute_is_written_and_the_rest_is_counted(clock: list[float]) -> None:
    repeats = Repeats()
    first = refused()
    assert repeats.add(first) == [first]
    assert [repeats.add(refused()) for _ in range(5)] == [[]] * 5
    clock[0] += 59
    assert repeats.due() == []
    clock[0] += 1
    [rest] = repeats.due()
    assert (rest.count, rest.user, rest.reason) == (5, "eve", "limit")
    assert repeats.due() == []
    # A new minute.
    assert len(repeats.add(refused())) == 1


def test_a_request_after_the_minute_ends_it(clock: list[float]) -> None:
    repeats = Repeats()
    for _ in range(3):
        repeats.add(refused())
    clock[0] += 61
    assert [one.count for one in repeats.add(refused())] == [2, 1]


def test_kinds_and_users_are_counted_apart(clock: list[float]) -> None:
    repeats = Repeats()
    for _ in range(2):
        for user in ("eve", "mallory"):
            for reason in ("limit", "not granted"):
                repeats.add(refused(user, reason))
    rest = repeats.close()
    assert {(one.user, one.reason, one.count) for one in rest} == {
        ("eve", "limit", 1),
        ("eve", "not granted", 1),
        ("mallory", "limit", 1),
        ("mallory", "not granted", 1),
    }
    assert repeats.close() == []


@pytest.mark.parametrize(
    "record",
    [
        Record("ada", outcome="end", completion_tokens=3),
        Record("ada", outcome="cancelled", prompt_tokens=3),
        Record("ada", action="train", outcome="done"),
        Record("ada", outcome="done"),
    ],
)
def test_what_has_used_the_engine_is_always_written(record: Record, clock: list[float]) -> None:
    repeats = Repeats()
    assert [repeats.add(record) for _ in range(200)] == [[record]] * 200


def test_usual_typing_is_written_line_by_line(clock: list[float]) -> None:
    repeats = Repeats()
    written = [repeats.add(Record("ada", outcome="superseded")) for _ in range(100)]
    assert sum(map(len, written)) == 60
    assert [one.count for one in repeats.close()] == [40]
