"""What each person has used on each day: counted from the audit log, each line exactly once.

The place up to which a log is counted changes in the same transaction as the counts. So a service
that is killed, or a database that is away, forgets nothing: what is missing is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import BigInteger, Connection, String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from .audit_chain import LogPosition
from .database import Base, Database

#: What counts as a request.
_COUNTED = ("complete", "text")
_MOST_NAME = 255


class Usage(Base):
    """A person's day."""

    __tablename__ = "usage"
    person: Mapped[str] = mapped_column(String(_MOST_NAME), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, default=0)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    completion_tokens: Mapped[int] = mapped_column(BigInteger, default=0)


class CountedLog(Base):
    """Up to where an audit log is counted."""

    __tablename__ = "counted"
    log: Mapped[str] = mapped_column(String(32), primary_key=True)
    file: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)


class UsageStore:
    """Counts, in a database that several services may share.

    Parameters
    ----------
    database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        dialects: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
        self._insert = dialects[self._engine.dialect.name]

    def counted(self, log: str) -> LogPosition:
        """Return up to where an audit log is counted."""
        with Session(self._engine) as session:
            found = session.get(CountedLog, log)
            return LogPosition(found.file, found.offset) if found else LogPosition()

    def count(self, log: str, entries: Sequence[tuple[Mapping[str, Any], LogPosition]]) -> None:
        """Count entries of an audit log that follow what is counted, all or none of them."""
        if not entries:
            return
        sums: dict[tuple[str, str], list[int]] = {}
        for entry, _ in entries:
            if entry.get("action") in _COUNTED and entry.get("outcome") != "refused":
                key = stored_name(str(entry.get("person"))), str(entry.get("time"))[:10]
                row = sums.setdefault(key, [0, 0, 0])
                row[0] += 1
                row[1] += _number(entry.get("prompt_tokens"))
                row[2] += _number(entry.get("completion_tokens"))
        place = entries[-1][1]
        with self._engine.begin() as connection:
            # In one order, so that services that share the database do not wait for each other.
            for (person, day), row in sorted(sums.items()):
                self._add(connection, person, day, row)
            insert = self._insert(CountedLog).values(log=log, file=place.file, offset=place.offset)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["log"], set_={"file": place.file, "offset": place.offset}
                )
            )

    def tokens_today(self, person: str) -> int:
        """Return the tokens of prompts and answers since midnight, UTC."""
        with Session(self._engine) as session:
            found = session.get(Usage, (stored_name(person), _day()))
            return found.prompt_tokens + found.completion_tokens if found else 0

    def people(self) -> list[Usage]:
        """Return everybody's figures of this day, who used most first."""
        total = Usage.prompt_tokens + Usage.completion_tokens
        with Session(self._engine) as session:
            return list(session.scalars(select(Usage).filter_by(day=_day()).order_by(total.desc())))

    def prune(self, keep_days: int) -> None:
        """Forget days that are longer ago."""
        with self._engine.begin() as connection:
            connection.execute(delete(Usage).where(Usage.day < _day(-keep_days)))

    def _add(self, connection: Connection, person: str, day: str, row: Sequence[int]) -> None:
        names = ("requests", "prompt_tokens", "completion_tokens")
        given = dict(zip(names, row, strict=True))
        insert = self._insert(Usage).values(person=person, day=day, **given)
        sums = {name: getattr(Usage, name) + value for name, value in given.items()}
        connection.execute(
            insert.on_conflict_do_update(index_elements=["person", "day"], set_=sums)
        )


def stored_name(name: str) -> str:
    """Return a name as databases take it: no NUL, no half characters, not too long."""
    return name.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:_MOST_NAME]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _day(ago: int = 0) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=ago)).date().isoformat()
