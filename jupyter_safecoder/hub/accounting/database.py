"""Where the service keeps what must survive: SQLite, or PostgreSQL for several services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import DeclarativeBase

from jupyter_safecoder.errors import DatabaseError

_MIGRATIONS = Path(__file__).with_name("migrations")
#: Seconds that a database has for an answer.
_ANSWER_S = 5
#: Any number that nobody else uses: services that start together upgrade one after the other.
_UPGRADE_LOCK = 7_233_263


class Base(DeclarativeBase):
    """Of our tables."""


class Database:
    """A database that has our tables, upgraded to what this version needs.

    Parameters
    ----------
    url
        As SQLAlchemy takes it: ``sqlite:///…`` or ``postgresql+pg8000://…``.

    Raises
    ------
    DatabaseError
        If it is of another kind, does not answer, or belongs to a newer version.
    """

    def __init__(self, url: str) -> None:
        from alembic.util import CommandError
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError

        try:
            self.engine = _engine(url)
            _upgrade(self.engine)
        except (ArgumentError, ImportError) as error:
            raise DatabaseError("The database's URL is none that is understood here.") from error
        except CommandError as error:
            raise DatabaseError("The database belongs to a newer version.") from error
        except (SQLAlchemyError, OSError) as error:
            # Neither the URL, which may have a password, nor what the driver says of it.
            reason = type(getattr(error, "orig", None) or error).__name__
            raise DatabaseError(f"The database cannot be used ({reason}).") from error


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ImportError(parsed.get_backend_name())
    if parsed.get_backend_name() == "postgresql":
        # Its connections may have ended with a server that was started anew.
        return create_engine(
            parsed, pool_pre_ping=True, pool_timeout=_ANSWER_S, connect_args={"timeout": _ANSWER_S}
        )
    engine = create_engine(parsed, connect_args={"timeout": _ANSWER_S})

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


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
    """Keep others from upgrading until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
