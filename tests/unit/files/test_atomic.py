"""Files and directories are written completely or not at all."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from jupyter_safecoder.files import (
    PUBLIC_DIRECTORY,
    PUBLIC_FILE,
    atomic_directory,
    atomic_write,
    create_private_files,
    file_lock,
    make_private_directory,
    write_text,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_is_replaced_at_the_end(root: Path) -> None:
    path = root / "new" / "file"
    write_text(path, "old")
    with atomic_write(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(path.parent) == ["file"]


def test_an_error_keeps_the_old_file_and_leaves_nothing_else(root: Path) -> None:
    path = root / "file"
    write_text(path, "old")
    with suppress(KeyError), atomic_write(path) as stream:
        stream.write(b"half")
        raise KeyError
    assert path.read_text() == "old"
    assert names(root) == ["file"]


def test_two_writers_do_not_mix(root: Path) -> None:
    path = root / "file"
    with atomic_write(path) as first, atomic_write(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first"  # the one whose context ends last
    assert names(root) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_is_created_is_for_its_owner_only(root: Path) -> None:
    """Whatever the umask is; what a user passes on has the permissions of the umask."""
    with _umask(0):
        write_text(root / "a" / "b" / "file", "x")
        with atomic_directory(root / "c" / "directory"):
            pass
        with file_lock(root / "d" / "lock"):
            pass
        make_private_directory(root / "e" / "f")
        with atomic_directory(root / "public" / "directory", mode=PUBLIC_DIRECTORY) as directory:
            write_text(directory / "file", "x", mode=PUBLIC_FILE)
    modes = {str(path.relative_to(root)): _mode(path) for path in root.rglob("*")}
    assert modes == {
        **dict.fromkeys(("a", "a/b", "c", "c/directory", "d", "e", "e/f"), 0o700),
        **dict.fromkeys(("a/b/file", "d/lock"), 0o600),
        **dict.fromkeys(("public", "public/directory"), 0o777),
        "public/directory/file": 0o666,
    }


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize(
    ("before", "after"), [(0o755, 0o700), (0o777, 0o700), (0o500, 0o500), (0o2775, 0o2770)]
)
def test_a_directory_of_ours_becomes_private(root: Path, before: int, after: int) -> None:
    """One with the set-group-ID bit is shared with a group."""
    root.chmod(before)
    make_private_directory(root)
    assert _mode(root) == after


@pytest.mark.skipif(os.getuid() != 0, reason="chown needs root")
def test_a_directory_of_another_user_stays_as_it_is(root: Path) -> None:
    root.chmod(0o755)
    os.chown(root, 54321, -1)
    make_private_directory(root)
    assert _mode(root) == 0o755


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_all_that_a_process_creates_is_for_its_owner_only(root: Path) -> None:
    with _umask(0):
        create_private_files()
        (root / "file").touch()
        (root / "directory").mkdir()
    assert [_mode(root / name) for name in ("file", "directory")] == [0o600, 0o700]


def test_a_directory_is_replaced_at_the_end(root: Path) -> None:
    path = root / "new" / "directory"
    for content in ("old", "new"):
        with atomic_directory(path) as partial:
            assert names(partial) == []
            (partial / content).write_text("")
            assert not (path / content).exists()
        assert names(path) == [content]
    assert names(path.parent) == ["directory"]


def test_an_error_keeps_the_old_directory(root: Path) -> None:
    path = root / "directory"
    with atomic_directory(path) as partial:
        (partial / "old").write_text("")
    with suppress(KeyError), atomic_directory(path) as partial:
        (partial / "half").write_text("")
        raise KeyError
    assert names(path) == ["old"]
    assert names(root) == ["directory"]


def test_a_directory_that_cannot_be_moved_keeps_the_old_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root / "directory"
    with atomic_directory(path) as partial:
        (partial / "old").write_text("")
    rename = Path.rename

    def fails_for_new(self: Path, target: Path) -> Path:
        if (self / "new").exists():
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_new)
    with pytest.raises(OSError, match="no"), atomic_directory(path) as partial:
        (partial / "new").write_text("")
    assert names(path) == ["old"]
    assert names(root) == ["directory"]


def test_only_the_holder_of_the_lock_deletes_what_a_killed_process_left(root: Path) -> None:
    left, other = root / ".a[1].00000000.partial", root / ".a2.00000000.partial"
    for path in (left, other):
        path.mkdir()
    with atomic_directory(root / "a[1]"):
        pass
    assert left.exists()
    with atomic_directory(root / "a[1]", locked=True):
        pass
    assert names(root) == [".a2.00000000.partial", "a[1]"]


def test_a_lock_that_is_held_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "new/.lock"
    waits, held = threading.Event(), threading.Event()

    def hold_too() -> None:
        with file_lock(path, waits.set):
            held.set()

    with file_lock(path, lambda: pytest.fail("nobody has it")):
        other = threading.Thread(target=hold_too)
        other.start()
        assert waits.wait(30)
        assert not held.is_set()
    assert held.wait(30)
    other.join()
