"""What a verification proves of a log that someone has rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.hub.accounting.audit_chain import GENESIS_HASH, entry_hash, log_files
from jupyter_safecoder.hub.accounting.audit_key import KeyFile, LineKey, create_key, read_key
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.accounting.record import Record

Entries = list[dict[str, Any]]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Create the directory of a log."""
    (path := tmp_path / "audit").mkdir()
    return path


@pytest.fixture
def first(directory: Path) -> LineKey:
    """Create a key for the log; return the one that is kept elsewhere."""
    create_key(directory, directory.parent / "first")
    return read_key(directory.parent / "first")


def write(directory: Path, *users: str) -> list[str]:
    """Write a line for each user; return the hash after each."""
    log, hashes = AuditLog(directory), []
    for user in users:
        log.write(asdict(Record(user, outcome="end")))
        hashes.append(log.last_hash)
    log.close()
    return hashes


def rewrite(directory: Path, change: Callable[[Entries], Iterable[dict[str, Any]]]) -> None:
    """Change the entries of a log, and compute all hashes again."""
    [path] = log_files(directory)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    last, lines = GENESIS_HASH, []
    for entry in change(entries):
        body = {**entry, "previous": last}
        body.pop("hash", None)
        last = entry_hash(body)
        lines.append(json.dumps({**body, "hash": last}) + "\n")
    path.write_text("".join(lines))


def renamed(entries: Entries) -> Entries:
    """Blame another user for the second line."""
    entries[1]["user"] = "mallory"
    return entries


def test_a_noted_hash_finds_lines_that_were_written_again(directory: Path) -> None:
    hashes = write(directory, "ada", "bob", "cleo")
    noted = [hashes[1], hashes[0]]
    result = verify(directory, noted)
    assert (result.error, result.lines, result.last) == ("", 3, hashes[2])
    assert result.found == {
        hashes[0]: "audit-000001.jsonl, line 1",
        hashes[1]: "audit-000001.jsonl, line 2",
    }
    write(directory, "ada")
    assert verify(directory, noted).error == ""
    rewrite(directory, renamed)
    # The chain alone is as good as before.
    assert verify(directory).error == ""
    assert f"The hash {hashes[1]} is not on the chain" in verify(directory, noted).error
    assert verify(directory, [hashes[0]]).error == ""


def test_a_noted_hash_finds_a_log_that_was_removed(directory: Path) -> None:
    [noted] = write(directory, "ada")
    log_files(directory)[0].unlink()
    assert verify(directory).error == ""
    assert "is not on the chain" in verify(directory, [noted]).error


def test_a_log_with_a_key(directory: Path, first: LineKey) -> None:
    write(directory, "ada", "bob")
    hashes = write(directory, "cleo")
    assert verify(directory).error == ""
    assert verify(directory, hashes, first) == verify(directory, hashes)
    [path] = log_files(directory)
    numbers = [json.loads(line)["number"] for line in path.read_text().splitlines()]
    assert numbers == [0, 1, 2]
    other = LineKey.new()
    assert "No line has a code of the key" in verify(directory, key=other).error
    # Nothing on the disk of the service finds the keys of these lines.
    assert KeyFile(directory).read() == first.at(3)


@pytest.mark.parametrize(
    "change",
    [
        renamed,
        lambda entries: entries[:1] + entries[2:],
        lambda entries: [entries[1], entries[0], entries[2]],
        lambda entries: entries[1:],
        lambda entries: [{"user": entry["user"]} for entry in entries],
        lambda entries: [*entries, {**entries[0], "user": "mallory"}],
        lambda entries: [*entries, {"user": "mallory", "action": "complete"}],
        lambda entries: [{"user": "mallory", "action": "complete"}, *entries],
        lambda entries: entries[:-1],
        lambda entries: [],
        lambda entries: [*entries[:2], {**entries[2], "number": 10**12}],
        lambda entries: [*entries[:2], {**entries[2], "code": 1}],
    ],
)
def test_the_key_finds_what_the_chain_does_not(
    directory: Path, first: LineKey, change: Callable[[Entries], Entries]
) -> None:
    write(directory, "ada", "bob", "cleo")
    rewrite(directory, change)
    assert verify(directory).error == ""
    assert verify(directory, key=first).error != ""


def test_who_takes_the_service_over_can_only_continue(directory: Path, first: LineKey) -> None:
    """They have all files of the service, and the key of the next line."""
    write(directory, "ada", "bob", "cleo")
    stolen = KeyFile(directory).read()
    assert stolen is not None

    def cut_and_continue(entries: Entries) -> Entries:
        body = {"user": "mallory", "previous": entries[1]["hash"], "number": stolen.number}
        return [*entries[:2], {**body, "code": stolen.code(body)}]

    rewrite(directory, cut_and_continue)
    assert "line 3: the code is not" in verify(directory, key=first).error
    # Neither can they say that the log ends earlier.
    rewrite(directory, lambda entries: entries[:2])
    assert verify(directory, key=first).error == (
        "Lines at the end were removed, or lost when the machine lost power."
    )
    KeyFile(directory).write(LineKey(stolen.key, 2))
    assert "not one of this log" in verify(directory, key=first).error
    KeyFile(directory).path.unlink()
    assert "is not in the directory" in verify(directory, key=first).error


def test_a_log_that_has_got_a_key_later(directory: Path) -> None:
    old = write(directory, "ada", "bob")
    create_key(directory, directory.parent / "first")
    first = read_key(directory.parent / "first")
    assert "No line has a code" in verify(directory, key=first).error
    write(directory, "cleo")
    assert verify(directory, old, first).error == ""
    # The first code proves the lines before it too.
    rewrite(directory, renamed)
    assert verify(directory).error == ""
    assert "No line has a code of the key: the first" in verify(directory, key=first).error


def test_a_log_that_has_got_another_key(directory: Path, first: LineKey) -> None:
    """A backup has no key, so it is continued with another."""
    write(directory, "ada", "bob")
    KeyFile(directory).path.unlink()
    create_key(directory, directory.parent / "second")
    second = read_key(directory.parent / "second")
    hashes = write(directory, "cleo", "ada")
    assert verify(directory, hashes, second).error == ""
    assert "line 3: the code is not that of the key" in verify(directory, key=first).error
    rewrite(directory, renamed)
    assert "No line has a code of the key" in verify(directory, key=second).error


def test_a_process_that_was_killed_before_it_changed_the_key(
    directory: Path, first: LineKey
) -> None:
    write(directory, "ada", "bob")
    KeyFile(directory).write(first)
    write(directory, "cleo")
    assert verify(directory, key=first).error == ""
    assert KeyFile(directory).read() == first.at(3)


def test_a_key_that_cannot_be_changed_leaves_no_line(
    directory: Path, first: LineKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(directory)
    log.write({"user": "ada"})

    def fail(*arguments: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fail)
        with pytest.raises(OSError, match="Input/output"):
            log.write({"user": "bob"})
    log.write({"user": "cleo"})
    log.close()
    assert (verify(directory, key=first).error, verify(directory).lines) == ("", 2)


def test_files_that_were_pruned(directory: Path, first: LineKey) -> None:
    log = AuditLog(directory, rotate_bytes=1)
    for _ in range(4):
        log.write({"user": "ada"})
    noted = log.last_hash
    for path in log_files(directory)[:2]:
        os.utime(path, (0, 0))
    assert log.prune(1) == 2
    log.close()
    result = verify(directory, [noted], first)
    assert (result.error, result.lines) == ("", 3)
    log_files(directory)[0].unlink()
    assert "were removed" in verify(directory, key=first).error
