"""Upgrades of SQLite and PostgreSQL, and databases that cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from jupyter_safecoder.errors import DatabaseError
from jupyter_safecoder.hub.accounting import database
from jupyter_safecoder.hub.accounting.database import Base, Database
from jupyter_safecoder.hub.accounting.usage import Usage, UsageStore
from jupyter_safecoder.hub.training.training_store import TrainingJob, TrainingStore

_UPGRADE = """\
import sys
from jupyter_safecoder.hub.accounting.database import Database
Database(sys.argv[1])
"""


def migrate(url: str, revision: str) -> None:
    """Bring a database to a revision, up or down."""
    config = Config()
    migrations = Path(database.__file__).with_name("migrations")
    config.set_main_option("script_location", str(migrations))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        current = MigrationContext.configure(connection).get_current_revision() or ""
        step = command.upgrade if current < revision else command.downgrade
        step(config, revision)
    engine.dispose()


def test_the_tables_are_those_of_the_migrations(url: str) -> None:
    assert {Usage.__tablename__, TrainingJob.__tablename__} <= set(Base.metadata.tables)
    with Database(url).engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_database_of_version_0_1_is_upgraded_with_what_it_holds(url: str) -> None:
    migrate(url, "0002")
    engine = create_engine(url)
    today = "current_date" if engine.dialect.name == "postgresql" else "date('now')"
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO usage VALUES ('ada', {today}, 3, 100, 7)"))
        connection.execute(
            text(
                "INSERT INTO training_job VALUES"
                " (1, 's', 'vision', 'ours', 'ada', 'stopped', '2026-03-02', '', 12.5)"
            )
        )
        connection.execute(text("INSERT INTO team_adapter VALUES ('s', 'vision', 'new', 'old')"))
    engine.dispose()
    upgraded = Database(url)
    [row] = UsageStore(upgraded).users_today()
    assert (row.user, row.requests, row.tokens) == ("ada", 3, 107)
    store = TrainingStore(upgraded, "s")
    [job] = store.jobs("vision")
    assert (job.name, job.user, job.seconds) == ("ours", "ada", 12.5)
    assert (store.active_adapter("vision"), store.previous_adapter("vision")) == ("new", "old")
    with upgraded.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_last_migration_can_be_reverted(url: str) -> None:
    Database(url).engine.dispose()
    migrate(url, "0002")
    engine = create_engine(url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT person FROM usage")).all() == []
        assert connection.execute(text('SELECT "before" FROM team_adapter')).all() == []
    engine.dispose()
    assert UsageStore(Database(url)).users_today() == []


def test_services_that_start_together_upgrade_once(url: str) -> None:
    several = [subprocess.Popen([sys.executable, "-c", _UPGRADE, url]) for _ in range(3)]
    assert [process.wait(60) for process in several] == [0, 0, 0]


def test_a_new_file_that_another_service_has_locked_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = Timer(0.5, other.execute, ["COMMIT"])
    release.start()
    assert UsageStore(Database(f"sqlite:///{path}")).users_today() == []
    release.join()
    other.close()


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    with Database(url).engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version"):
        Database(url)


@pytest.mark.parametrize(
    "bad", ["nonsense", "mysql://u:secret@h/d", "postgresql+pg8000://u:secret@127.0.0.1:9/d"]
)
def test_an_error_does_not_contain_the_password(bad: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        Database(bad)
    assert "secret" not in str(raised.value)
    assert raised.value.remedy
