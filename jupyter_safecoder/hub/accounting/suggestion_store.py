"""What happened to the suggestions of each group on each day; it has no names of users."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import BigInteger, String, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_safecoder.suggestions import SuggestionCounts

from .database import Base, Database
from .usage import day_of, stored_name

_NAMES = [field.name for field in fields(SuggestionCounts)]
#: How a cell of a table begins that spreadsheets would compute.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


class GroupSuggestions(Base):
    """Sums over the suggestions of a group on a day, UTC."""

    __tablename__ = "suggestions"
    group: Mapped[str] = mapped_column(String(255), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    shown: Mapped[int] = mapped_column(BigInteger)
    accepted: Mapped[int] = mapped_column(BigInteger)
    accepted_characters: Mapped[int] = mapped_column(BigInteger)
    dismissed: Mapped[int] = mapped_column(BigInteger)
    kept_characters: Mapped[int] = mapped_column(BigInteger)
    checked_characters: Mapped[int] = mapped_column(BigInteger)


class SuggestionStore:
    """Suggestion counts in a database that several services may share.

    Parameters
    ----------
    database
        The database.
    retention_days
        Returns for how many days counts are kept; 0: forever.
    """

    def __init__(self, database: Database, retention_days: Callable[[], int]) -> None:
        self._engine = database.engine
        self._retention_days = retention_days
        self._pruned = ""
        dialects: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
        self._insert = dialects[self._engine.dialect.name]

    def add(self, group: str, counts: SuggestionCounts) -> None:
        """Add the counts of a user to those of a group today."""
        values = asdict(counts)
        insert = self._insert(GroupSuggestions).values(
            group=stored_name(group), day=day_of(), **values
        )
        sums = {name: getattr(GroupSuggestions, name) + value for name, value in values.items()}
        with self._engine.begin() as connection:
            connection.execute(
                insert.on_conflict_do_update(index_elements=["group", "day"], set_=sums)
            )
        if self._pruned != day_of() and (days := self._retention_days()):
            self._pruned = day_of()
            self.prune(days)

    def days(self) -> list[GroupSuggestions]:
        """Return the sums of each day and group, the first day first."""
        with Session(self._engine) as session:
            order = GroupSuggestions.day, GroupSuggestions.group
            return list(session.scalars(select(GroupSuggestions).order_by(*order)))

    def last_days(self, days: int) -> dict[str, SuggestionCounts]:
        """Return the sums of the last days by group, today included.

        Parameters
        ----------
        days
            Number of days.
        """
        sums = [func.sum(getattr(GroupSuggestions, name)) for name in _NAMES]
        query = (
            select(GroupSuggestions.group, *sums)
            .where(GroupSuggestions.day > day_of(-days))
            .group_by(GroupSuggestions.group)
            .order_by(GroupSuggestions.group)
        )
        with Session(self._engine) as session:
            return {
                group: SuggestionCounts(*map(int, counts))
                for group, *counts in session.execute(query)
            }

    def prune(self, retention_days: int) -> None:
        """Delete the counts of days that are longer ago."""
        old = GroupSuggestions.day < day_of(-retention_days)
        with self._engine.begin() as connection:
            connection.execute(delete(GroupSuggestions).where(old))


def to_csv(rows: Sequence[GroupSuggestions]) -> str:
    """Return rows as CSV with a header.

    Parameters
    ----------
    rows
        Rows of the table; a name that a spreadsheet would compute begins with an apostrophe.
    """
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(["day", "group", *_NAMES])
    for row in rows:
        group = f"'{row.group}" if row.group.startswith(_FORMULAS) else row.group
        writer.writerow([row.day, group, *(getattr(row, name) for name in _NAMES)])
    return output.getvalue()
