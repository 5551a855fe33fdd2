"""Reading a log: positions, times, and logs of version 0.1."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from jupyter_safecoder.hub.accounting.audit_chain import (
    GENESIS_HASH,
    LogPosition,
    entries_after,
    entries_since,
    entry_hash,
    last_hash,
    log_files,
)
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
from jupyter_safecoder.hub.dashboard.live_stats import LiveStats

#: Written by version 0.1: two users, one refusal, one error, two actions of an administrator.
OLD_LOG = Path(__file__).with_name("data") / "audit-0.1.jsonl"
OLD_HASH = "1ca94e1b9a29778e5569e3d8585db8661e8de47114c84a4615f67bbc719d8fb5"
NOON = 1_772_452_800.0  # 2026-03-02T12:00:00Z


@pytest.fixture
def old_log(tmp_path: Path) -> Path:
    """Return a directory with a log of version 0.1."""
    shutil.copy(OLD_LOG, tmp_path / "audit-000001.jsonl")
    return tmp_path


def test_an_empty_directory_is_a_valid_log(tmp_path: Path) -> None:
    assert verify(tmp_path).error == ""
    assert last_hash(log_files(tmp_path)) == GENESIS_HASH
    assert entries_after(tmp_path, LogPosition(), 9) == []
    assert list(entries_since(tmp_path / "none", "")) == []


def test_a_hash_is_of_the_whole_entry_before_it() -> None:
    first = {"user": "ada", "previous": GENESIS_HASH}
    assert entry_hash(first) != entry_hash({**first, "user": "bob"})
    assert entry_hash(first) == entry_hash(dict(reversed(first.items())))


def test_a_log_of_version_0_1_is_verified_and_continued(old_log: Path) -> None:
    assert (verify(old_log).error, verify(old_log).lines) == ("", 6)
    assert verify(old_log).last == OLD_HASH
    log = AuditLog(old_log)
    assert log.last_hash == OLD_HASH
    log.write(asdict(Record("ada", outcome="end")))
    log.close()
    assert (verify(old_log).error, verify(old_log).lines) == ("", 7)
    text = OLD_LOG.read_text().replace('"person": "bob"', '"user": "bob"')
    (old_log / "audit-000001.jsonl").write_text(text)
    assert "line 3: the chain breaks here" in verify(old_log).error


def test_a_log_of_version_0_1_is_counted(old_log: Path) -> None:
    database = Database(f"sqlite:///{old_log / 'usage.sqlite'}")
    usage = UsageStore(database)
    usage.count("log", entries_after(old_log, LogPosition(), 99))
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            'SELECT "user", day, requests, prompt_tokens, completion_tokens FROM usage ORDER BY 1'
        ).all()
    assert [tuple(row) for row in rows] == [
        ("ada", "2026-03-02", 1, 100, 7),
        ("bob", "2026-03-02", 2, 49, 5),
    ]


def test_a_log_of_version_0_1_is_shown(old_log: Path) -> None:
    stats = LiveStats(lambda: NOON + 400)
    stats.rebuild(entries_since(old_log, "2026-03-02"))
    hour = stats.last(60)
    assert (hour.requests, hour.refused, hour.failed, hour.user_count) == (4, 1, 1, 2)
    assert hour.errors == {"runtime_unavailable": 1}
    assert [user.name for user in stats.active_users()] == ["bob"]
    assert [(action.user, action.action) for action in stats.actions] == [("dana", "drain")]


def test_entries_since_a_time_cross_files(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, rotate_bytes=300)
    for minute in range(9):
        log.write({"user": "ada", "time": f"2026-03-02T12:{minute:02}:00"})
    log.close()
    assert len(log_files(tmp_path)) > 3
    times = [entry["time"] for entry in entries_since(tmp_path, "2026-03-02T12:04:00")]
    assert times == [f"2026-03-02T12:{minute:02}:00" for minute in range(4, 9)]


def test_a_line_without_an_end_is_not_an_entry_yet(tmp_path: Path) -> None:
    path = tmp_path / "audit-000001.jsonl"
    whole = json.dumps({"user": "ada"}) + "\n"
    path.write_text(whole + '{"user": "bob"}')
    [(entry, position)] = entries_after(tmp_path, LogPosition(), 9)
    assert (entry, position) == ({"user": "ada"}, LogPosition(1, len(whole)))
    path.write_text(whole + '{"user": "bob"}\n')
    [(entry, _)] = entries_after(tmp_path, position, 9)
    assert entry["user"] == "bob"
