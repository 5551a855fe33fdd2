"""Counts: from the audit log, each line once, in SQLite and in PostgreSQL, whatever is killed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from jupyter_safecoder.errors import DatabaseError, LimitReached, UsageUnavailable
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.accounting.audit_chain import verify
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Base, Database
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
from jupyter_safecoder.hub.training import training_store as registry
from tests.support.processes import until
from tests.support.real_postgresql import Postgres, real_postgresql

WRITER = """\
import os, sys
from pathlib import Path
from jupyter_safecoder.hub.training import training_store as registry
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
ledger = AuditWriter(AuditLog(Path(sys.argv[2])), UsageStore(Database(sys.argv[1])), lambda: 0)
for n in range(200):
    noted = ledger.enter(Record("ada", outcome="end", prompt_tokens=10, completion_tokens=1))
    noted.result()
    print(n + 1, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL."""
    with real_postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'usage.sqlite'}"
    running: Postgres = request.getfixturevalue("postgres")
    return running.new_database()


def ledger(url: str, directory: Path, keep_days: Callable[[], int] = lambda: 0) -> AuditWriter:
    return AuditWriter(AuditLog(directory), UsageStore(Database(url)), keep_days)


def test_a_killed_service_forgets_nothing_and_counts_nothing_twice(
    url: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", WRITER, url]
    both = [
        subprocess.Popen([*words, str(tmp_path / name)], stdout=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    assert [process.communicate(timeout=60)[0].split()[-1] for process in both] == ["200"] * 2
    assert [process.returncode for process in both] == [-9, -9]
    # What was noted and not counted is counted at the next start, by each for its own log.
    for _ in range(2):
        for name in "ab":
            ledger(url, tmp_path / name).close()
    usages = UsageStore(Database(url))
    assert usages.tokens_today("ada") == 2 * 200 * 11
    assert usages.tokens_today("bob") == 0
    assert [(row.person, row.requests) for row in usages.people()] == [("ada", 400)]


def test_the_tables_are_those_of_the_migrations(url: str) -> None:
    assert registry.TrainingJob.__table__ in Base.metadata.tables.values()
    with Database(url).engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_services_that_start_together_upgrade_once(url: str) -> None:
    program = "import sys; from jupyter_safecoder.hub.accounting.database import Database; Database(sys.argv[1])"
    several = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
    assert [process.wait(60) for process in several] == [0, 0, 0]


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    with Database(url).engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version"):
        Database(url)


@pytest.mark.parametrize(
    "bad", ["nonsense", "mysql://u:secret@h/d", "postgresql+pg8000://u:secret@127.0.0.1:9/d"]
)
def test_a_database_that_is_none_is_said_without_its_password(bad: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        Database(bad)
    assert "secret" not in str(raised.value)


def test_names_that_databases_do_not_like(url: str, tmp_path: Path) -> None:
    names = ["a\0b", "\ud800", "x" * 400, "O'Brien; DROP TABLE usage", "名前\n"]
    book = ledger(url, tmp_path)
    for name in names:
        book.enter(Record(name, outcome="end", completion_tokens=2))
    book.close()
    usages = UsageStore(Database(url))
    assert [usages.tokens_today(name) for name in names] == [2] * len(names)


def test_clocks_that_go_back_and_lines_that_are_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    book = ledger(url, tmp_path)
    late = Record("ada", outcome="end", completion_tokens=5)
    book.enter(late).result()
    book.enter(Record("ada", outcome="end", completion_tokens=7, time="2020-01-01T00:00")).result()
    book.enter(Record("ada", outcome="refused", completion_tokens=9)).result()
    book.close()
    with next(tmp_path.glob("audit-*")).open("a") as stream:
        stream.write("no entry\n[]\n")
    book = ledger(url, tmp_path)
    book.enter(Record("ada", outcome="end", completion_tokens=1)).result()
    book.close()
    assert UsageStore(Database(url)).tokens_today("ada") == 6


def test_while_the_database_is_away_nothing_is_lost(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    book = ledger(url, tmp_path)
    book.enter(Record("ada", outcome="end", completion_tokens=1)).result()
    postgres.kill()
    for _ in range(3):
        # It is noted at once all the same.
        book.enter(Record("ada", outcome="end", completion_tokens=1)).result(5)
    until(lambda: book.count_problem)
    postgres.start()
    until(lambda: not book.count_problem)
    book.close()
    assert UsageStore(Database(url)).tokens_today("ada") == 4


def test_a_full_disk_is_said_and_over_when_there_is_room(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys\n"
        + WRITER.partition("for n")[0]
        + "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "def limit(size): resource.setrlimit(resource.RLIMIT_FSIZE, (size, -1))\n"
        "def enter():\n"
        "    try:\n"
        "        ledger.enter(Record('ada', outcome='end')).result()\n"
        "    except OSError as error:\n"
        "        return error.errno\n"
        "enter(); limit(10)\n"
        "print(enter(), ledger.audit_problem)\n"
        "limit(-1)\n"
        "print(enter(), repr(ledger.audit_problem))\n"
    )
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    words = [sys.executable, "-c", program, url, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [
        "27 The audit log cannot be written: File too large.",
        "None ''",
    ]
    assert verify(tmp_path).problem == ""


def test_old_days_are_forgotten(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    book = ledger(url, tmp_path)
    book.enter(Record("ada", outcome="end", time="2020-01-01T00:00")).result()
    book.close()
    book = ledger(url, tmp_path, lambda: 30)
    book.enter(Record("ada", outcome="end")).result()
    engine = Database(url).engine

    def days() -> list[str]:
        with engine.connect() as connection:
            return [row[0] for row in connection.execute(text("SELECT day FROM usage"))]

    until(lambda: len(days()) == 1 and days() != ["2020-01-01"])
    book.close()


def test_the_day_s_tokens() -> None:
    used = {"ada": 99}
    limits = Limits(lambda person: used.get(person, 0))
    grant = Grant(tokens_a_day=100)

    async def test() -> None:
        await limits.admit("ada", grant)
        used["ada"] = 100
        limits._used.clear()
        with pytest.raises(LimitReached, match="100 tokens of this day") as raised:
            await limits.admit("ada", grant)
        assert 0 < raised.value.retry_after_s <= 86_400
        await limits.admit("bob", grant)

    asyncio.run(test())


def test_requests_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(lambda person: 0)
    grant = Grant(requests_a_minute=3)

    async def test() -> None:
        now = 1000.0
        monkeypatch.setattr("jupyter_safecoder.hub.access.limits._now", lambda: now)
        for _ in range(3):
            await limits.admit("ada", grant)
            now += 10
        with pytest.raises(LimitReached) as raised:
            await limits.admit("ada", grant)
        assert raised.value.retry_after_s == pytest.approx(30)
        await limits.admit("bob", grant)
        now += 30
        await limits.admit("ada", grant)

    asyncio.run(test())


def test_without_the_database_only_what_is_known_counts() -> None:
    def away(person: str) -> int:
        raise OSError

    limits = Limits(lambda person: 5)

    async def test() -> None:
        grant = Grant(tokens_a_day=100)
        await limits.admit("ada", grant)
        limits._tokens_today = away
        limits._used["ada"] = (0.0, *limits._used["ada"][1:])
        await limits.admit("ada", grant)
        with pytest.raises(UsageUnavailable):
            await limits.admit("bob", grant)
        await limits.admit("bob", Grant())

    asyncio.run(test())


def test_people_who_left_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(lambda person: 0)
    now = 0.0
    monkeypatch.setattr("jupyter_safecoder.hub.access.limits._now", lambda: now)

    async def test() -> None:
        nonlocal now
        for n in range(5_000):
            now += 1
            await limits.admit(f"p{n}", Grant(requests_a_minute=1))
        assert len(limits._asked) < 2_000

    asyncio.run(test())


def test_a_record_has_no_text() -> None:
    record = Record("ada")
    assert not record.read(
        b'{"event": "text", "text": "hidden", "tokens": 1, "prompt_tokens": 9}\n'
    )
    assert (record.prompt_tokens, record.completion_tokens) == (9, 1)
    assert record.read_text(b"data: [DONE]\n")
    assert not record.read_text(
        b'data: {"model": "m", "choices": [{"text": "hidden", "finish_reason": "stop"}]}\n'
    )
    assert (record.outcome, record.completion_tokens) == ("stop", 2)
    assert "hidden" not in json.dumps(vars(record))
