"""How many requests and refusals of one user the service takes in a minute."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import BodyTooLarge, InvalidRequest, RateLimited, RequestDenied
from jupyter_safecoder.hub.access import flood_guard
from jupyter_safecoder.hub.access.flood_guard import (
    MAX_BURST,
    MAX_REFUSALS,
    MAX_UNKNOWN_PER_S,
    REQUESTS_PER_S,
    FloodGuard,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(flood_guard, "_now", lambda: now[0])
    return now


def test_requests_in_a_second(clock: list[float]) -> None:
    guard = FloodGuard()
    for _ in range(MAX_BURST):
        guard.count_request("mallory")
    with pytest.raises(RateLimited, match="50 requests a second") as raised:
        guard.count_request("mallory")
    assert raised.value.kind == "flood"
    assert raised.value.retry_after_s == pytest.approx(1 / REQUESTS_PER_S)
    guard.count_request("ada")
    for _ in range(100):
        clock[0] += 1 / REQUESTS_PER_S
        guard.count_request("mallory")
        with pytest.raises(RateLimited):
            guard.count_request("mallory")


def test_unknown_tokens_in_a_second(clock: list[float]) -> None:
    guard = FloodGuard()
    assert [guard.count_unknown() for _ in range(MAX_UNKNOWN_PER_S)] == [False] * MAX_UNKNOWN_PER_S
    assert guard.count_unknown()
    clock[0] += 1
    assert not guard.count_unknown()


@pytest.mark.parametrize("error", [InvalidRequest("x"), BodyTooLarge("x")])
def test_invalid_requests_in_a_minute(clock: list[float], error: InvalidRequest) -> None:
    guard = FloodGuard()
    for _ in range(MAX_REFUSALS):
        guard.count_request("mallory")
        guard.count_refusal("mallory", error)
    with pytest.raises(RateLimited, match="60 requests within a minute"):
        guard.count_request("mallory")
    clock[0] += 60
    guard.count_request("mallory")


def test_an_expensive_refusal_counts_as_several(clock: list[float]) -> None:
    guard = FloodGuard()
    for _ in range(MAX_REFUSALS // 10):
        guard.count_request("mallory")
        guard.count_refusal("mallory", BodyTooLarge("x"), 10)
    with pytest.raises(RateLimited, match="60 requests within a minute"):
        guard.count_request("mallory")
    clock[0] += 60
    guard.count_request("mallory")


@pytest.mark.parametrize("kind", ["not granted", "no scope", "limit", "bodies"])
def test_refusals_in_a_minute(clock: list[float], kind: str) -> None:
    guard = FloodGuard()
    error = RequestDenied(403, "", "", kind)
    for _ in range(MAX_REFUSALS):
        guard.count_refusal("mallory", error)
    with pytest.raises(RateLimited, match="60 requests within a minute"):
        guard.count_refusal("mallory", error)
    # What is not refused any more, because the policy has changed, is allowed at once.
    guard.count_request("mallory")
    clock[0] += 60
    guard.count_refusal("mallory", error)


def test_refusals_that_are_the_service_s_do_not_count(clock: list[float]) -> None:
    guard = FloodGuard()
    for kind in ("policy", "queue", "drained", "audit", "database", "flood"):
        for _ in range(MAX_REFUSALS):
            guard.count_refusal("ada", RequestDenied(503, "", "", kind))
    guard.count_request("ada")


def test_users_who_are_idle_are_forgotten(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood_guard, "_MAX_TRACKED_USERS", 2)
    guard = FloodGuard()
    for name in ("a", "b"):
        guard.count_request(name)
    clock[0] += 60
    guard.count_request("c")
    assert list(guard._full_at) == ["c"]
