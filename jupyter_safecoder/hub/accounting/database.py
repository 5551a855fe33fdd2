"""The service's database: SQLite, or PostgreSQL for several services."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from jupyter_safecoder.errors import DatabaseError

_MIGRATIONS = Path(__file__).with_name("migrations")
#: Seconds that a database has for an answer.
_TIMEOUT_S = 5
#: An arbitrary number: services that start at the same time upgrade one after the other.
_UPGRADE_LOCK = 7_233_263
Insert = sqlite.Insert | postgresql.Insert
#: By dialect: only these have ``ON CONFLICT``.
_INSERTS: dict[str, Callable[[type[Base]], Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class Base(DeclarativeBase):
    """Base class of the tables."""


class Database:
    """A database with the tables of this version; an older one is upgraded.

    Parameters
    ----------
    url
        For SQLAlchemy: ``sqlite:///…`` or ``postgresql+pg8000://…``.

    Raises
    ------
    DatabaseError
        If it is of another kind, does not answer, or belongs to a newer version.
    """

    def __init__(self, url: str) -> None:
        from alembic.util import CommandError
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError

        try:
            self.engine = _create_engine(url)
            _upgrade(self.engine)
        except (ArgumentError, ImportError) as error:
            raise DatabaseError(
                "The database's URL is not one of SQLite or PostgreSQL.",
                "Use sqlite:///… or postgresql+pg8000://…",
            ) from error
        except CommandError as error:
            raise DatabaseError(
                "The database belongs to a newer version of SafeCoder.",
                "Upgrade the service, or restore a backup of the database.",
            ) from error
        except (SQLAlchemyError, OSError) as error:
            # Not the URL, which may have a password, and not the driver's message about it.
            reason = type(getattr(error, "orig", None) or error).__name__
            raise DatabaseError(
                f"The database cannot be used ({reason}).",
                "Check that it runs, and what --database names.",
            ) from error

    def insert(self, table: type[Base]) -> Insert:
        """Return an insert statement, to which what to do with a row that is there can be added.

        Parameters
        ----------
        table
            The class of the table.
        """
        return _INSERTS[self.engine.dialect.name](table)

    def add_to_row(
        self, table: type[Base], key: Mapping[str, str], values: Mapping[str, int]
    ) -> Insert:
        """Return a statement that adds values to those of a row, or inserts the row.

        Parameters
        ----------
        table
            The class of the table.
        key
            The primary key of the row, by column.
        values
            What is added, by column.
        """
        sums = {name: getattr(table, name) + value for name, value in values.items()}
        insert = self.insert(table).values(**key, **values)
        return insert.on_conflict_do_update(index_elements=list(key), set_=sums)


def _create_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ImportError(parsed.get_backend_name())
    if parsed.get_backend_name() == "postgresql":
        # Pooled connections do not survive a restart of the server.
        return create_engine(
            parsed,
            pool_pre_ping=True,
            pool_timeout=_TIMEOUT_S,
            connect_args={"timeout": _TIMEOUT_S},
        )
    engine = create_engine(parsed, connect_args={"timeout": _TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        _set_journal_mode(cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    return engine


def _set_journal_mode(cursor: sqlite3.Cursor) -> None:
    """Set the journal mode of a database, which may be locked by another service that starts.

    SQLite does not wait for this lock, as it does for others.
    """
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection:
        _lock(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _lock(connection: Connection) -> None:
    """Keep other services from upgrading until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
