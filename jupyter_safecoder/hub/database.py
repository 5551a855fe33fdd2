"""Where the service keeps what must survive: SQLite, or PostgreSQL for several replicas."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Of our tables."""


class Database:
    """A database that has our tables.

    Parameters
    ----------
    url
        As SQLAlchemy takes it.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        try:
            Base.metadata.create_all(self.engine)
        except DBAPIError:
            # Another replica that starts in the same moment has made them; or it is raised again.
            Base.metadata.create_all(self.engine)


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def pragmas(connection: object, record: object) -> None:
            cursor = connection.cursor()  # type: ignore[attr-defined]
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    return engine
