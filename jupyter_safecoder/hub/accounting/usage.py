"""What each user has used on each day, counted from the audit log, each line exactly once.

The position up to which a log is counted changes in the same transaction as the counts. So neither
a killed service nor a database that is away loses a count: what is missing is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import BigInteger, Connection, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .audit_chain import LogPosition
from .database import Base, Database
from .record import REQUEST_ACTIONS, current_entry

_MAX_NAME_CHARACTERS = 255


class Usage(Base):
    """What a user has used on a day, UTC."""

    __tablename__ = "usage"
    user: Mapped[str] = mapped_column(String(_MAX_NAME_CHARACTERS), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, default=0)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    completion_tokens: Mapped[int] = mapped_column(BigInteger, default=0)

    @property
    def tokens(self) -> int:
        """Tokens of prompts and completions together."""
        return self.prompt_tokens + self.completion_tokens


class CountedLog(Base):
    """The position up to which an audit log is counted."""

    __tablename__ = "counted"
    log: Mapped[str] = mapped_column(String(32), primary_key=True)
    file: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)


class GroupSuggestions(Base):
    """Sums over the suggestions of a group on a day, UTC."""

    __tablename__ = "suggestions"
    group: Mapped[str] = mapped_column(String(_MAX_NAME_CHARACTERS), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    shown: Mapped[int] = mapped_column(BigInteger)
    accepted: Mapped[int] = mapped_column(BigInteger)
    accepted_characters: Mapped[int] = mapped_column(BigInteger)
    dismissed: Mapped[int] = mapped_column(BigInteger)
    kept_characters: Mapped[int] = mapped_column(BigInteger)
    checked_characters: Mapped[int] = mapped_column(BigInteger)


class UsageStore:
    """Usage counts in a database that several services may share.

    Parameters
    ----------
    database
        The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = database.engine

    def counted_position(self, log: str) -> LogPosition:
        """Return the position up to which an audit log is counted."""
        with Session(self._engine) as session:
            found = session.get(CountedLog, log)
            return LogPosition(found.file, found.offset) if found else LogPosition()

    def count(self, log: str, entries: Sequence[tuple[Mapping[str, Any], LogPosition]]) -> None:
        """Count entries of an audit log in one transaction.

        Parameters
        ----------
        log
            Name of the log.
        entries
            Those after :meth:`counted_position`, with their own positions.
        """
        if not entries:
            return
        sums: dict[tuple[str, str], list[int]] = {}
        for entry in (current_entry(entry) for entry, _ in entries):
            if entry.get("action") in REQUEST_ACTIONS and entry.get("outcome") != "refused":
                key = stored_name(str(entry.get("user"))), str(entry.get("time"))[:10]
                row = sums.setdefault(key, [0, 0, 0])
                row[0] += _integer(entry.get("count", 1))
                row[1] += _integer(entry.get("prompt_tokens"))
                row[2] += _integer(entry.get("completion_tokens"))
        end = entries[-1][1]
        with self._engine.begin() as connection:
            # Sorted, so that services that share the database do not deadlock.
            for (user, day), row in sorted(sums.items()):
                self._add(connection, user, day, row)
            insert = self._database.insert(CountedLog).values(
                log=log, file=end.file, offset=end.offset
            )
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["log"], set_={"file": end.file, "offset": end.offset}
                )
            )

    def tokens_today(self, user: str) -> int:
        """Return the tokens of a user's prompts and completions since midnight, UTC."""
        with Session(self._engine) as session:
            found = session.get(Usage, (stored_name(user), day_of()))
            return found.tokens if found else 0

    def users_today(self) -> list[Usage]:
        """Return the usage of all users today, the highest first."""
        total = Usage.prompt_tokens + Usage.completion_tokens
        with Session(self._engine) as session:
            return list(
                session.scalars(select(Usage).filter_by(day=day_of()).order_by(total.desc()))
            )

    def prune(self, retention_days: int) -> None:
        """Delete the counts of days that are longer ago, those of suggestions too."""
        with self._engine.begin() as connection:
            for table in (Usage, GroupSuggestions):
                connection.execute(delete(table).where(table.day < day_of(-retention_days)))

    def _add(self, connection: Connection, user: str, day: str, row: Sequence[int]) -> None:
        names = ("requests", "prompt_tokens", "completion_tokens")
        values = dict(zip(names, row, strict=True))
        connection.execute(self._database.add_to_row(Usage, {"user": user, "day": day}, values))


def stored_name(name: str) -> str:
    """Return a name as databases accept it: without NUL and lone surrogates, not too long."""
    encoded = name.encode("utf-8", "backslashreplace").decode()
    return encoded.replace("\0", "\\0")[:_MAX_NAME_CHARACTERS]


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def day_of(offset_days: int = 0) -> str:
    """Return the date of today, UTC, or of so many days later."""
    return (datetime.now(timezone.utc) + timedelta(days=offset_days)).date().isoformat()
