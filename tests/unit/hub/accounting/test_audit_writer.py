"""The writer: nothing is lost or counted twice, whatever is killed, full or away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
from tests.support.full_disk import files_of_at_most
from tests.support.processes import until


def make_writer(
    url: str, directory: Path, retention_days: Callable[[], int] = lambda: 0
) -> AuditWriter:
    return AuditWriter(AuditLog(directory), UsageStore(Database(url)), retention_days)


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


def test_a_full_disk_is_an_error_until_there_is_room(tmp_path: Path) -> None:
    writer = make_writer(f"sqlite:///{tmp_path / 'usage.sqlite'}", tmp_path)
    record = Record("ada", outcome="end")
    writer.append(record).result()
    with files_of_at_most(10), pytest.raises(OSError, match="too large"):
        writer.append(record).result()
    assert writer.audit_error == "The audit log cannot be written: File too large."
    writer.append(record).result()
    assert writer.audit_error == ""
    writer.close()
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
