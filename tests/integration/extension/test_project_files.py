"""Which files of a server are read: links, hostile paths, hidden and excluded files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_safecoder.extension.project_files import ProjectFiles
from jupyter_safecoder.ignore_files import IGNORE_FILE, IgnoredDocuments


def _files(root: Path, *, allow_hidden: bool = False) -> ProjectFiles:
    return ProjectFiles(str(root), IgnoredDocuments(root), allow_hidden=allow_hidden)


def _write(path: Path, text: str = "x = 1\n", age_s: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    if age_s:
        time = path.stat().st_mtime - age_s
        os.utime(path, (time, time))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    _write(tmp_path / "secret.py")
    root = tmp_path / "root"
    _write(root / "study" / "a.py")
    _write(root / ".hidden" / "b.py")
    _write(root / ".dot.py")
    _write(root / "data.csv")
    return root


def test_a_file(root: Path) -> None:
    files = _files(root)
    found = files.find("study/a.py")
    assert found is not None
    assert files.read(found, 100) == b"x = 1\n"
    assert files.read(found, 3) == b"x ="
    assert found.size == 6
    before = found.signature
    _write(root / "study" / "a.py", "x = 22\n")
    changed = files.find("study/a.py")
    assert changed is not None
    assert changed.signature != before


@pytest.mark.parametrize(
    "path",
    [
        "../secret.py",
        "study/../../secret.py",
        "study/../study/a.py",
        "./study/a.py",
        "study//a.py",
        "study\\a.py",
        "/study/a.py",
        "study/a.py\0",
        "study",
        "",
        "data.csv",
        "missing.py",
        ".hidden/b.py",
        ".dot.py",
        "study/" + "a" * 5000 + ".py",
        "a/" * 2000 + "b.py",
    ],
)
def test_paths_that_are_not_read(root: Path, path: str) -> None:
    assert _files(root).find(path) is None


def test_an_absolute_path_is_not_read(root: Path) -> None:
    assert _files(root).find(str(root.parent / "secret.py")) is None


def test_hidden_files_are_read_where_the_contents_manager_shows_them(root: Path) -> None:
    assert _files(root, allow_hidden=True).find(".hidden/b.py") is not None


def test_links(root: Path) -> None:
    (root / "out.py").symlink_to(root.parent / "secret.py")
    (root / "out").symlink_to(root.parent)
    (root / "in.py").symlink_to("study/a.py")
    (root / "hidden.py").symlink_to(".hidden/b.py")
    (root / "loop.py").symlink_to("loop.py")
    (root / "nowhere.py").symlink_to("missing.py")
    files = _files(root)
    for path in ("out.py", "out/secret.py", "hidden.py", "loop.py", "nowhere.py"):
        assert files.find(path) is None, path
    assert files.find("in.py") is not None


def test_a_root_that_is_a_link(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    files = _files(link)
    assert files.find("study/a.py") is not None
    assert files.find("../secret.py") is None


def test_excluded_files(root: Path) -> None:
    _write(root / "private" / "keys.py")
    _write(root / IGNORE_FILE, "private/\n*_old.py\n")
    _write(root / "study" / IGNORE_FILE, "b.py\n")
    _write(root / "study" / "b.py")
    _write(root / "study" / "a_old.py")
    (root / "public.py").symlink_to("private/keys.py")
    files = _files(root)
    for path in ("private/keys.py", "study/b.py", "study/a_old.py", "public.py"):
        assert files.find(path) is None, path
    assert files.find("study/a.py") is not None
    _write(root / IGNORE_FILE, "!\n")
    assert files.find("study/a.py") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.py")
    files = _files(root)
    assert files.find("pipe.py") is None
    found = files.find("study/a.py")
    assert found is not None
    (root / "study" / "a.py").unlink()
    os.mkfifo(root / "study" / "a.py")
    assert files.read(found, 100) == b""


def test_a_file_that_is_deleted_or_replaced_in_between(root: Path) -> None:
    files = _files(root)
    found = files.find("study/a.py")
    assert found is not None
    (root / "study" / "a.py").unlink()
    assert files.read(found, 100) == b""
    (root / "study" / "a.py").symlink_to(root.parent / "secret.py")
    assert files.read(found, 100) == b""
    (root / "study" / "a.py").unlink()
    (root / "study" / "a.py").mkdir()
    assert files.read(found, 100) == b""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_not_unicode(root: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    _write(root / name)
    files = _files(root)
    assert files.find(name) is None
    assert files.recent("", 10) == ["study/a.py"]


def test_the_top_of_a_project(root: Path) -> None:
    files = _files(root)
    deep = root / "study" / "deep" / "er"
    deep.mkdir(parents=True)
    assert files.project_top("study/deep/er") is None
    _write(root / "pyproject.toml")
    assert files.project_top("study/deep/er") == ""
    (root / "study" / ".git").mkdir()
    assert files.project_top("study/deep/er") == "study"
    _write(root.parent / "pyproject.toml")
    (root / "pyproject.toml").unlink()
    assert files.project_top("") is None


def test_recent_files(root: Path) -> None:
    _write(root / "study" / "old.ipynb", age_s=100)
    _write(root / "study" / "older.py", age_s=200)
    _write(root / "study" / "new.py", age_s=-100)
    for directory in (".venv", "node_modules", "build", ".hidden2"):
        _write(root / "study" / directory / "c.py")
    _write(root / "study" / "env" / "lib" / "d.py")
    _write(root / "study" / "env" / "pyvenv.cfg")
    _write(root / "study" / "private" / "e.py")
    _write(root / "study" / IGNORE_FILE, "private/*\n")
    (root / "study" / "link.py").symlink_to("a.py")
    (root / "study" / "up").symlink_to("..")
    files = _files(root)
    assert files.recent("study", 10) == [
        "study/new.py",
        "study/a.py",
        "study/old.ipynb",
        "study/older.py",
    ]
    assert files.recent("study", 2) == ["study/new.py", "study/a.py"]
    assert files.recent(".hidden", 10) == []
    assert files.recent("../", 10) == []
    assert files.recent("missing", 10) == []


def test_the_search_for_recent_files_is_bounded(root: Path) -> None:
    big = root / "big"
    big.mkdir()
    for number in range(5_500):
        (big / f"{number}.txt").touch()
    for number in range(400):
        _write(root / "many" / str(number) / "a.py")
    _write(root.joinpath("deep", *map(str, range(20)), "a.py"))
    files = _files(root)
    assert len(files.recent("many", 1000)) <= 300
    assert files.recent("deep", 10) == []
    assert len(files.recent("", 10_000)) < 400
