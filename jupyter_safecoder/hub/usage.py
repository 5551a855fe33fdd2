"""What each person has used: counted in a database, so that a killed service forgets nothing."""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime, timezone

from sqlalchemy import Integer, String, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from .database import Base, Database
from .policy import Grant

_MINUTE_S = 60.0


class Usage(Base):
    """A person's day."""

    __tablename__ = "usage"
    person: Mapped[str] = mapped_column(String(255), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    requests: Mapped[int] = mapped_column(Integer, default=0)
    prompt_tokens: Mapped[int] = mapped_column(Integer, default=0)
    completion_tokens: Mapped[int] = mapped_column(Integer, default=0)


class LimitReached(Exception):
    """A person has had what their group's policy allows; may ask again in ``retry_after_s``."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Usages:
    """Counts, and says when it is enough.

    Parameters
    ----------
    database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._asked: dict[str, deque[float]] = {}

    def admit(self, person: str, grant: Grant) -> None:
        """Note that somebody asks.

        Raises
        ------
        LimitReached
            If they may not now.
        """
        if grant.tokens_a_day and self.tokens_today(person) >= grant.tokens_a_day:
            raise LimitReached(
                f"The {grant.tokens_a_day:,} tokens of this day are used.", _until_midnight()
            )
        if not grant.requests_a_minute:
            return
        now = time.monotonic()
        asked = self._asked.setdefault(person, deque())
        while asked and now - asked[0] >= _MINUTE_S:
            asked.popleft()
        if len(asked) >= grant.requests_a_minute:
            raise LimitReached(
                f"More than {grant.requests_a_minute} requests a minute.",
                _MINUTE_S - (now - asked[0]),
            )
        asked.append(now)

    def tokens_today(self, person: str) -> int:
        """Return the tokens of prompts and answers since midnight, UTC."""
        with Session(self._engine) as session:
            found = session.get(Usage, (person, _today()))
            return found.prompt_tokens + found.completion_tokens if found else 0

    def add(self, person: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Count a request."""
        key = {"person": person, "day": _today()}
        change = (
            update(Usage)
            .filter_by(**key)
            .values(
                requests=Usage.requests + 1,
                prompt_tokens=Usage.prompt_tokens + prompt_tokens,
                completion_tokens=Usage.completion_tokens + completion_tokens,
            )
        )
        with self._engine.begin() as connection:
            if connection.execute(change).rowcount:
                return
        row = Usage(
            **key, requests=1, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
        except IntegrityError:
            # Another replica of the service was first.
            with self._engine.begin() as connection:
                connection.execute(change)

    def people(self) -> list[Usage]:
        """Return everybody's figures of this day."""
        with Session(self._engine) as session:
            return list(session.scalars(select(Usage).filter_by(day=_today())))


def _today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def _until_midnight() -> float:
    now = datetime.now(timezone.utc)
    return 86400.0 - (now.hour * 3600 + now.minute * 60 + now.second)
