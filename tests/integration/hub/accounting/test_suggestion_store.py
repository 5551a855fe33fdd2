"""Counts of suggestions by group and day, in SQLite and in PostgreSQL."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.suggestion_store import SuggestionStore, to_csv
from jupyter_safecoder.hub.accounting.usage import GroupSuggestions, UsageStore, day_of
from jupyter_safecoder.suggestions import SuggestionCounts

COUNTS = SuggestionCounts(4, 2, 30, 1, 20, 30)


def test_counts_add_up_by_group(url: str) -> None:
    store = SuggestionStore(Database(url))
    for _ in range(2):
        store.add("vision", COUNTS)
    store.add("speech", SuggestionCounts(shown=1))
    assert store.last_days(7) == {
        "speech": SuggestionCounts(shown=1),
        "vision": SuggestionCounts(8, 4, 60, 2, 40, 60),
    }
    assert [(row.day, row.group, row.shown) for row in store.days()] == [
        (day_of(), "speech", 1),
        (day_of(), "vision", 8),
    ]


def test_reports_at_the_same_moment_are_all_counted(url: str) -> None:
    store = SuggestionStore(Database(url))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.add("vision", COUNTS), range(20)))
    assert store.last_days(1)["vision"].shown == 80


def test_earlier_days_are_apart_and_are_deleted(url: str) -> None:
    database = Database(url)
    store = SuggestionStore(database)
    store.add("vision", COUNTS)
    with database.engine.begin() as connection:
        for days in (6, 7, 31):
            connection.execute(
                text(
                    'INSERT INTO suggestions ("group", day, shown, accepted, accepted_characters,'
                    " dismissed, kept_characters, checked_characters)"
                    " VALUES ('vision', :day, 100, 0, 0, 0, 0, 0)"
                ),
                {"day": day_of(-days)},
            )
    assert store.last_days(7)["vision"].shown == 104
    assert len(store.days()) == 4
    UsageStore(database).prune(30)
    assert [row.day for row in store.days()] == [day_of(-7), day_of(-6), day_of()]


def test_names_that_a_database_or_a_spreadsheet_would_not_take(url: str) -> None:
    store = SuggestionStore(Database(url))
    for group in ("a\0b", "=1+1", "x" * 300):
        store.add(group, SuggestionCounts(shown=1))
    rows = list(csv.DictReader(io.StringIO(to_csv(store.days()))))
    assert {row["group"] for row in rows} == {"a\\0b", "'=1+1", "x" * 255}


def test_csv_has_a_header_and_a_line_for_each_row() -> None:
    row = GroupSuggestions(group='a, "b"', day="2026-11-28", **vars(COUNTS))
    assert to_csv([row]).splitlines() == [
        "day,group,shown,accepted,accepted_characters,dismissed,kept_characters,checked_characters",
        '2026-11-28,"a, ""b""",4,2,30,1,20,30',
    ]
