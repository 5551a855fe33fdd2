"""The writer: nothing is lost or counted twice, whatever is killed, full or away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from jupyter_safecoder.hub.accounting.audit_chain import verify
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
from tests.support.processes import until
from tests.support.real_postgresql import Postgres

_SETUP = """\
import os, sys
from pathlib import Path
from jupyter_safecoder.hub.training import training_store
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
writer = AuditWriter(AuditLog(Path(sys.argv[2])), UsageStore(Database(sys.argv[1])), lambda: 0)
"""
_KILLED = """\
for n in range(200):
    record = Record("ada", outcome="end", prompt_tokens=10, completion_tokens=1)
    writer.append(record).result()
    print(n + 1, flush=True)
os.kill(os.getpid(), 9)
"""
_FULL_DISK = """\
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, -1))

def append():
    try:
        writer.append(Record("ada", outcome="end")).result()
    except OSError as error:
        return error.errno

append()
limit(10)
print(append(), writer.audit_error)
limit(-1)
print(append(), repr(writer.audit_error))
"""


def make_writer(
    url: str, directory: Path, retention_days: Callable[[], int] = lambda: 0
) -> AuditWriter:
    return AuditWriter(AuditLog(directory), UsageStore(Database(url)), retention_days)


def test_a_killed_service_forgets_nothing_and_counts_nothing_twice(
    url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _SETUP + _KILLED, url]
    both = [
        subprocess.Popen([*command, str(tmp_path / name)], stdout=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    assert [process.communicate(timeout=60)[0].split()[-1] for process in both] == ["200"] * 2
    assert [process.returncode for process in both] == [-9, -9]
    # What was written and not counted is counted at the next start, by each for its own log.
    for _ in range(2):
        for name in "ab":
            make_writer(url, tmp_path / name).close()
    usage = UsageStore(Database(url))
    assert usage.tokens_today("ada") == 2 * 200 * 11
    assert usage.tokens_today("bob") == 0
    assert [(row.user, row.requests) for row in usage.users_today()] == [("ada", 400)]


def test_names_that_databases_do_not_accept(url: str, tmp_path: Path) -> None:
    names = ["a\0b", "\ud800", "x" * 400, "O'Brien; DROP TABLE usage", "名前\n"]
    writer = make_writer(url, tmp_path)
    for name in names:
        writer.append(Record(name, outcome="end", completion_tokens=2))
    writer.close()
    usage = UsageStore(Database(url))
    assert [usage.tokens_today(name) for name in names] == [2] * len(names)


def test_clocks_that_go_back_and_lines_that_are_not_entries(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    writer = make_writer(url, tmp_path)
    late = Record("ada", outcome="end", completion_tokens=5)
    writer.append(late).result()
    early = Record("ada", outcome="end", completion_tokens=7, time="2020-01-01T00:00")
    writer.append(early).result()
    writer.append(Record("ada", outcome="refused", completion_tokens=9)).result()
    writer.close()
    with next(tmp_path.glob("audit-*")).open("a") as stream:
        stream.write("no entry\n[]\n")
    writer = make_writer(url, tmp_path)
    writer.append(Record("ada", outcome="end", completion_tokens=1)).result()
    writer.close()
    assert UsageStore(Database(url)).tokens_today("ada") == 6


def test_while_the_database_is_away_nothing_is_lost(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    writer = make_writer(url, tmp_path)
    writer.append(Record("ada", outcome="end", completion_tokens=1)).result()
    postgres.kill()
    for _ in range(3):
        # The log does not wait for the database.
        writer.append(Record("ada", outcome="end", completion_tokens=1)).result(5)
    until(lambda: writer.count_error)
    assert writer.count_error.startswith("Tokens cannot be counted: ")
    postgres.start()
    until(lambda: not writer.count_error)
    writer.close()
    assert UsageStore(Database(url)).tokens_today("ada") == 4


def test_a_full_disk_is_an_error_until_there_is_room(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    command = [sys.executable, "-c", _SETUP + _FULL_DISK, url, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [
        "27 The audit log cannot be written: File too large.",
        "None ''",
    ]
    assert verify(tmp_path).error == ""


def test_old_days_are_deleted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    writer = make_writer(url, tmp_path)
    writer.append(Record("ada", outcome="end", time="2020-01-01T00:00")).result()
    writer.close()
    writer = make_writer(url, tmp_path, lambda: 30)
    writer.append(Record("ada", outcome="end")).result()
    engine = Database(url).engine

    def days() -> list[str]:
        with engine.connect() as connection:
            return [row[0] for row in connection.execute(text("SELECT day FROM usage"))]

    until(lambda: len(days()) == 1 and days() != ["2020-01-01"])
    writer.close()


def test_closing_lets_another_process_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    make_writer(url, tmp_path).close()
    make_writer(url, tmp_path).close()
    assert (tmp_path / "lock").stat().st_mode & 0o077 == 0
