"""The evolving key of a log."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jupyter_safecoder.hub.accounting.audit_key import KeyFile, LineKey, create_key, read_key

FIRST = LineKey(bytes(range(32)))


def test_each_line_has_a_key_of_its_own() -> None:
    keys = [FIRST.at(number) for number in range(4)]
    assert keys[0] == FIRST
    assert keys[3] == FIRST.next().next().next() == keys[1].at(3)
    assert len({key.code({"user": "ada"}) for key in keys}) == 4
    assert FIRST.code({"a": 1, "b": 2}) == FIRST.code({"b": 2, "a": 1})
    # So that other programs can verify a log: see the reference.
    assert FIRST.next().key.hex().startswith("cae85d20")


def test_both_files_have_the_same_key_at_first(tmp_path: Path) -> None:
    (directory := tmp_path / "audit").mkdir()
    create_key(directory, tmp_path / "first")
    files = [tmp_path / "first", KeyFile(directory).path]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    first = read_key(files[0])
    assert KeyFile(directory).read() == first
    KeyFile(directory).write(first.at(7))
    assert KeyFile(directory).read() == first.at(7)
    assert first.key.hex() not in files[1].read_text()


def test_a_log_keeps_its_key(tmp_path: Path) -> None:
    (directory := tmp_path / "audit").mkdir()
    create_key(directory, tmp_path / "first")
    with pytest.raises(FileExistsError):
        create_key(directory, tmp_path / "second")
    assert not (tmp_path / "second").exists()
    with pytest.raises(FileExistsError):
        create_key(tmp_path, tmp_path / "first")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can create files for another account")
def test_a_key_that_root_creates_is_the_service_s(tmp_path: Path) -> None:
    (directory := tmp_path / "audit").mkdir()
    os.chown(directory, 65_534, -1)
    create_key(directory, tmp_path / "first")
    assert KeyFile(directory).path.stat().st_uid == 65_534


@pytest.mark.parametrize("text", ["", "x y z", "1 zz", "1 abcd", "-1 " + "00" * 32])
def test_files_that_are_no_keys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(OSError, match="is not a key"):
        read_key(path)
    assert KeyFile(tmp_path / "none").read() is None
