"""What happened to the suggestions of each group on each day; it has no names of users."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jupyter_safecoder.suggestions import SuggestionCounts

from .database import Database
from .usage import GroupSuggestions, day_of, stored_name

_NAMES = [field.name for field in fields(SuggestionCounts)]
#: How a cell of a table begins that spreadsheets would compute.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


class SuggestionStore:
    """Suggestion counts in a database that several services may share.

    Parameters
    ----------
    database
        The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = database.engine

    def add(self, group: str, counts: SuggestionCounts) -> None:
        """Add the counts of a user to those of a group today."""
        key = {"group": stored_name(group), "day": day_of()}
        with self._engine.begin() as connection:
            connection.execute(self._database.add_to_row(GroupSuggestions, key, asdict(counts)))

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
