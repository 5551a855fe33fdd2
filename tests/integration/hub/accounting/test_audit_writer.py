"""The writer: nothing is lost or counted twice, whether it is killed or the database is away."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
from tests.support.full_disk import small_disk
from tests.support.processes import until
from tests.support.real_postgresql import Postgres

_KILLED = """\
import os, sys
from pathlib import Path
from jupyter_safecoder.hub.training import training_store
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
writer = AuditWriter(AuditLog(Path(sys.argv[2])), UsageStore(Database(sys.argv[1])), lambda: 0)
for n in range(200):
    record = Record("ada", outcome="end", prompt_tokens=10, completion_tokens=1)
    writer.append(record).result()
    print(n + 1, flush=True)
os.kill(os.getpid(), 9)
"""


def make_writer(url: str, directory: Path) -> AuditWriter:
    return AuditWriter(AuditLog(directory), UsageStore(Database(url)), lambda: 0)


def test_a_killed_service_forgets_nothing_and_counts_nothing_twice(
    url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _KILLED, url]
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


def test_a_full_disk_has_room_for_what_runs_and_nothing_new(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, "size=3m") as mounted:
        if not mounted:
            pytest.skip("needs a disk that may be filled")
        url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
        writer = make_writer(url, disk / "audit")
        end = Record("ada", outcome="end", completion_tokens=1)
        writer.append(end).result()
        with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))
        # Some lines may still fit into the last block.
        for _ in range(200):
            writer.append(end).result()
        assert writer.audit_error == "The audit log cannot be written: No space left on device."
        with pytest.raises(OSError, match="No space"):
            writer.append(Record("ada", "probe", outcome="done")).result()
        for _ in range(200):
            writer.append(end).result()
        (disk / "filler").unlink()
        writer.append(Record("ada", "probe", outcome="done")).result()
        assert writer.audit_error == ""
        assert (disk / "audit" / "reserve").stat().st_size == 2**20
        writer.close()
        assert UsageStore(Database(url)).tokens_today("ada") == 401
        assert verify(disk / "audit").error == ""
