"""The rules of a directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_safecoder.errors import UnreadableIgnoreFile
from jupyter_safecoder.ignore_files import IGNORE_FILE, is_own, rules_above, rules_in


def test_patterns_hold_below_the_directory(tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).write_text("/a.py\nprivate/\n")
    rules = rules_in(tmp_path)
    assert rules is not None
    assert rules.match(tmp_path / "a.py", is_directory=False)
    assert rules.match(tmp_path / "inner/private/b.py", is_directory=False)
    assert not rules.match(tmp_path / "inner/a.py", is_directory=False)


@pytest.mark.parametrize("make", ["nothing", "directory"])
def test_no_file_no_rules(make: str, tmp_path: Path) -> None:
    if make == "directory":
        (tmp_path / IGNORE_FILE).mkdir()
    assert rules_in(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "reason"), [(b"a\n[b\n", "Line 2 of"), (b"\xff\xfe", "UnicodeDecodeError")]
)
def test_what_cannot_be_read_is_an_error(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).write_bytes(content)
    with pytest.raises(UnreadableIgnoreFile, match=reason) as raised:
        rules_in(tmp_path)
    assert raised.value.remedy.startswith("Fix or remove")


def test_rules_of_the_directories_above_count_up_to_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    for directory in (tmp_path, tmp_path / "repository", inner):
        (directory / IGNORE_FILE).write_text("*.py\n")
    (file := inner / "x.py").touch()
    assert [one.directory for one in rules_above(inner)] == [tmp_path / "repository"]
    assert [one.directory for one in rules_above(file)] == [inner, tmp_path / "repository"]
    (inner / ".git").mkdir()
    assert rules_above(inner) == []


def test_files_of_this_user_are_own(tmp_path: Path) -> None:
    file = tmp_path / IGNORE_FILE
    assert not is_own(file)
    file.write_text("")
    assert is_own(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_others_are_not(tmp_path: Path) -> None:
    file = tmp_path / IGNORE_FILE
    file.write_text("")
    os.chown(file, 1234, 1234)
    # The superuser is root, whose files count, but the file is another user's.
    assert not is_own(file)
