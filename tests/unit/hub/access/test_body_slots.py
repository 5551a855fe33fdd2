"""How many bodies, and bytes of them, the service takes at once."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import RateLimited
from jupyter_safecoder.hub.access import body_slots
from jupyter_safecoder.hub.access.body_slots import (
    LARGE_BYTES,
    LARGE_PAUSE_S,
    MAX_RECEIVED,
    MAX_TOTAL_BYTES,
    MAX_USER_BYTES,
    BodySlots,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(body_slots, "_now", lambda: now[0])
    return now


def test_bodies_that_are_received_at_once() -> None:
    slots = BodySlots()
    taken = [slots.take("mallory", 100) for _ in range(MAX_RECEIVED)]
    with pytest.raises(RateLimited, match="at the same moment") as raised:
        slots.take("mallory", 100)
    assert (raised.value.kind, raised.value.retry_after_s) == ("bodies", 1.0)
    slots.take("ada", 100)
    slots.take("mallory", 0)  # no body
    taken[0].received()
    taken[0].received()
    slots.take("mallory", 100)
    with pytest.raises(RateLimited):
        slots.take("mallory", 100)


def test_bytes_until_the_answer(clock: list[float]) -> None:
    slots = BodySlots()
    first = slots.take("mallory", MAX_USER_BYTES)
    first.received()
    with pytest.raises(RateLimited, match="too large together"):
        slots.take("mallory", 1)
    first.release()
    first.release()
    assert slots.total_bytes == 0
    slots.take("mallory", 1)


def test_one_large_body_until_its_answer_and_a_pause(clock: list[float]) -> None:
    slots = BodySlots()
    large = slots.take("mallory", LARGE_BYTES + 1)
    large.received()
    with pytest.raises(RateLimited, match="last large request"):
        slots.take("mallory", LARGE_BYTES + 1)
    slots.take("mallory", LARGE_BYTES)
    slots.take("mallory", LARGE_BYTES + 1, bulk=True).release()
    slots.take("ada", LARGE_BYTES + 1)
    large.release()
    with pytest.raises(RateLimited, match="last large request"):
        slots.take("mallory", LARGE_BYTES + 1)
    clock[0] += LARGE_PAUSE_S
    slots.take("mallory", LARGE_BYTES + 1)


def test_bytes_of_all_users() -> None:
    slots = BodySlots()
    users = range(MAX_TOTAL_BYTES // MAX_USER_BYTES)
    taken = [slots.take(f"user-{number}", MAX_USER_BYTES) for number in users]
    with pytest.raises(RateLimited, match="of all users"):
        slots.take("ada", 1)
    taken[0].release()
    slots.take("ada", 1)
