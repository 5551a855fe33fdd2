"""Which documents of a server are excluded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_safecoder.ignore_files import IGNORE_FILE, IgnoredDocuments, patterns


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a server in a repository, with a notebook in two directories."""
    (tmp_path / ".git").mkdir()
    root = tmp_path / "server"
    for name in ("open", "private/deep"):
        (root / name).mkdir(parents=True)
        (root / name / "a.ipynb").touch()
    return root


def is_excluded(root: Path, path: str) -> bool:
    return IgnoredDocuments(root).exclusion(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        "private/deep/a.ipynb",
        "/private/deep/a.ipynb",
        "private//deep/./a.ipynb",
        "open/../private/deep/a.ipynb",
        "../private/deep/a.ipynb",
        "RTC:private/deep/a.ipynb",
        "RTC:/private/deep/a.ipynb",
        "private/not-there-yet.ipynb",
        "private",
        "private/console-1",
    ],
)
def test_spellings_of_an_excluded_path(path: str, root: Path) -> None:
    (root / IGNORE_FILE).write_text("private\n")
    assert is_excluded(root, path)


@pytest.mark.parametrize("path", ["", "open/a.ipynb", "RTC:open/a.ipynb", "privat", "a\0b", ":"])
def test_other_paths_are_not(path: str, root: Path) -> None:
    (root / IGNORE_FILE).write_text("private\n")
    assert not is_excluded(root, path)


def test_the_reason_names_the_file(root: Path) -> None:
    (root / "private" / IGNORE_FILE).write_text("deep/\n")
    exclusion = IgnoredDocuments(root).exclusion("private/deep/a.ipynb")
    assert exclusion is not None
    assert exclusion.reason == (
        f"Off by {IGNORE_FILE}: a pattern in private/{IGNORE_FILE} excludes this document."
    )
    assert not is_excluded(root, "private/a.ipynb")


def test_a_link_is_excluded_as_what_it_leads_to(root: Path) -> None:
    (root / IGNORE_FILE).write_text("private\n*-draft.ipynb\n")
    (root / "open/link.ipynb").symlink_to(root / "private/deep/a.ipynb")
    (root / "open/x-draft.ipynb").symlink_to(root / "open/a.ipynb")
    (root / "folder").symlink_to(root / "private", target_is_directory=True)
    assert is_excluded(root, "open/link.ipynb")
    assert is_excluded(root, "open/x-draft.ipynb")
    assert is_excluded(root, "folder/deep/a.ipynb")


def test_files_above_the_root_count_as_far_as_the_repository(root: Path) -> None:
    (root.parent / IGNORE_FILE).write_text("deep\n")
    exclusion = IgnoredDocuments(root).exclusion("private/deep/a.ipynb")
    assert exclusion is not None
    assert str(root.parent / IGNORE_FILE) in exclusion.reason
    # A repository below the root does not stop the files of the root.
    (root / "private/.git").mkdir()
    assert is_excluded(root, "private/deep/a.ipynb")
    (root / ".git").mkdir()
    assert not is_excluded(root, "private/deep/a.ipynb")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_others_count_below_the_root_alone(root: Path) -> None:
    above = root.parent / IGNORE_FILE
    above.write_text("deep\n")
    os.chown(above, 1234, 1234)
    assert not is_excluded(root, "private/deep/a.ipynb")
    (root / IGNORE_FILE).write_text("deep\n")
    os.chown(root / IGNORE_FILE, 1234, 1234)
    assert is_excluded(root, "private/deep/a.ipynb")


@pytest.mark.parametrize("content", [b"[a\n", b"\xff"])
def test_everything_below_an_unreadable_file_is_excluded(content: bytes, root: Path) -> None:
    (root / "private" / IGNORE_FILE).write_bytes(content)
    exclusion = IgnoredDocuments(root).exclusion("private/deep/a.ipynb")
    assert exclusion is not None
    assert "cannot be read" in exclusion.reason
    assert exclusion.remedy.startswith("Fix or remove")
    assert not is_excluded(root, "open/a.ipynb")


def _rename(root: Path) -> None:
    (root / "new").write_text("open\n")
    (root / "new").rename(root / IGNORE_FILE)


@pytest.mark.parametrize(
    ("change", "open_is", "private_is"),
    [
        (lambda root: (root / IGNORE_FILE).write_text("open  # no comment\nopen\n"), True, False),
        (_rename, True, False),
        (lambda root: (root / IGNORE_FILE).unlink(), False, False),
        (lambda root: (root / "open" / IGNORE_FILE).write_text("*\n"), True, True),
    ],
)
def test_a_changed_file_counts_at_once(
    change: Callable[[Path], object], open_is: bool, private_is: bool, root: Path
) -> None:
    (root / IGNORE_FILE).write_text("private\n")
    documents = IgnoredDocuments(root)
    for _ in range(2):
        assert documents.exclusion("open/a.ipynb") is None
        assert documents.exclusion("private/deep/a.ipynb") is not None
    change(root)
    assert (documents.exclusion("open/a.ipynb") is not None) == open_is
    assert (documents.exclusion("private/deep/a.ipynb") is not None) == private_is


def test_patterns_are_compared_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / IGNORE_FILE).write_text("private\n")
    documents = IgnoredDocuments(root)
    assert documents.exclusion("open/a.ipynb") is None
    monkeypatch.delattr(patterns.IgnorePatterns, "match")
    assert documents.exclusion("open/a.ipynb") is None
