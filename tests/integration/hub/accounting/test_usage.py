"""Usage counts: each entry of a log once, in SQLite and in PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from sqlalchemy import text

from jupyter_safecoder.hub.accounting.audit_chain import LogPosition
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.usage import UsageStore, stored_name

TODAY = datetime.now(timezone.utc).isoformat()


def entry(user: str, offset: int, **changes: Any) -> tuple[dict[str, Any], LogPosition]:
    """Return an entry of a log that ends at an offset."""
    fields = {"action": "complete", "outcome": "end", "time": TODAY, "completion_tokens": 2}
    return {"user": user, **fields, **changes}, LogPosition(1, offset)


def test_counts_and_the_position_change_together(url: str) -> None:
    usage = UsageStore(Database(url))
    assert usage.counted_position("a") == LogPosition()
    usage.count("a", [entry("ada", 10), entry("bob", 20), entry("ada", 30, prompt_tokens=5)])
    usage.count("b", [entry("ada", 10)])
    usage.count("a", [])
    assert usage.counted_position("a") == LogPosition(1, 30)
    assert usage.counted_position("b") == LogPosition(1, 10)
    assert [(row.user, row.requests, row.tokens) for row in usage.users_today()] == [
        ("ada", 3, 11),
        ("bob", 1, 2),
    ]
    assert usage.tokens_today("ada") == 11
    assert usage.tokens_today("eve") == 0


def test_only_requests_that_were_not_refused_count(url: str) -> None:
    usage = UsageStore(Database(url))
    usage.count(
        "a",
        [
            entry("ada", 1, outcome="refused"),
            entry("ada", 2, action="drain"),
            entry("ada", 3, action="text", completion_tokens=7),
            entry("ada", 4, outcome="cancelled", completion_tokens="many"),
        ],
    )
    [row] = usage.users_today()
    assert (row.requests, row.tokens) == (2, 7)
    assert usage.counted_position("a") == LogPosition(1, 4)


def test_a_failed_transaction_counts_nothing(url: str) -> None:
    database = Database(url)
    usage = UsageStore(database)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE counted RENAME TO away"))
    with pytest.raises(Exception, match="counted"):
        usage.count("a", [entry("ada", 1)])
    assert usage.tokens_today("ada") == 0


def test_old_days_are_deleted(url: str) -> None:
    usage = UsageStore(Database(url))
    usage.count("a", [entry("ada", 1, time="2020-01-01T00:00"), entry("ada", 2)])
    usage.prune(30)
    with usage._engine.connect() as connection:
        days = [row[0] for row in connection.execute(text("SELECT day FROM usage"))]
    assert days == [TODAY[:10]]


@pytest.mark.parametrize(
    "name", ["a\0b", "\ud800", "x" * 400, "O'Brien; DROP TABLE usage", "名前\n"]
)
def test_stored_names_are_encodable_and_bounded(name: str) -> None:
    stored = stored_name(name)
    assert stored.encode()
    assert "\0" not in stored
    assert len(stored) <= 255
