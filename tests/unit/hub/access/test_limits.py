"""Requests in a minute, and tokens in a day."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_safecoder.errors import LimitReached, UsageUnavailable
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.policy import Grant


def test_the_tokens_of_a_day() -> None:
    used = {"ada": 99}
    limits = Limits(lambda user: used.get(user, 0))
    grant = Grant(tokens_per_day=100)

    async def test() -> None:
        await limits.count_request("ada", grant)
        used["ada"] = 100
        limits._usage.clear()
        with pytest.raises(LimitReached, match="100 tokens of today") as raised:
            await limits.count_request("ada", grant)
        assert 0 < raised.value.retry_after_s <= 86_400
        await limits.count_request("bob", grant)

    asyncio.run(test())


def test_requests_per_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(lambda user: 0)
    grant = Grant(requests_per_minute=3)

    async def test() -> None:
        now = 1000.0
        monkeypatch.setattr("jupyter_safecoder.hub.access.limits._now", lambda: now)
        for _ in range(3):
            await limits.count_request("ada", grant)
            now += 10
        with pytest.raises(LimitReached, match="maximum of 3 requests per minute") as raised:
            await limits.count_request("ada", grant)
        assert raised.value.retry_after_s == pytest.approx(30)
        await limits.count_request("bob", grant)
        now += 30
        await limits.count_request("ada", grant)

    asyncio.run(test())


def test_without_the_database_only_a_count_of_today_is_used() -> None:
    def away(user: str) -> int:
        raise OSError

    limits = Limits(lambda user: 5)

    async def test() -> None:
        grant = Grant(tokens_per_day=100)
        await limits.count_request("ada", grant)
        limits._tokens_today = away
        limits._usage["ada"] = (0.0, *limits._usage["ada"][1:])
        await limits.count_request("ada", grant)
        with pytest.raises(UsageUnavailable):
            await limits.count_request("bob", grant)
        await limits.count_request("bob", Grant())

    asyncio.run(test())


def test_idle_users_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(lambda user: 0)
    now = 0.0
    monkeypatch.setattr("jupyter_safecoder.hub.access.limits._now", lambda: now)

    async def test() -> None:
        nonlocal now
        for n in range(5_000):
            now += 1
            await limits.count_request(f"user-{n}", Grant(requests_per_minute=1))
        assert len(limits._requests) < 2_000

    asyncio.run(test())
