"""``.safecoderignore`` excludes what ``.gitignore`` would."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.corpus.sources import LeftOut, find_sources


def taken(root: Path, *paths: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in find_sources(paths or [root])[0]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.py", "b.py", "inner/a.py", "inner/deep/a.py", "inner/deep/b.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ("a.py", {"b.py", "inner/deep/b.py"}),
        ("/a.py", {"b.py", "inner/a.py", "inner/deep/a.py", "inner/deep/b.py"}),
        ("deep/", {"a.py", "b.py", "inner/a.py"}),
        ("inner/*", {"a.py", "b.py"}),
        ("**/deep/*.py", {"a.py", "b.py", "inner/a.py"}),
        ("*.py\n!b.py", {"b.py", "inner/deep/b.py"}),
        ("# a.py\n\n", {"a.py", "b.py", "inner/a.py", "inner/deep/a.py", "inner/deep/b.py"}),
        ("inner/*\n!inner/deep/", {"a.py", "b.py", "inner/deep/a.py", "inner/deep/b.py"}),
    ],
)
def test_patterns(tree: Path, patterns: str, left: set[str]) -> None:
    (tree / ".safecoderignore").write_text(patterns)
    assert taken(tree) == left


def test_patterns_of_an_inner_directory_hold_below_it(tree: Path) -> None:
    (tree / "inner" / ".safecoderignore").write_text("/a.py\n")
    assert taken(tree) == {"a.py", "b.py", "inner/deep/a.py", "inner/deep/b.py"}


def test_an_inner_directory_cannot_take_back_what_an_outer_one_excludes(tree: Path) -> None:
    (tree / ".safecoderignore").write_text("a.py\n")
    (tree / "inner" / ".safecoderignore").write_text("!a.py\n")
    assert taken(tree) == {"b.py", "inner/deep/b.py"}


def test_patterns_above_hold_up_to_the_root_of_the_repository(tree: Path) -> None:
    (tree / ".safecoderignore").write_text("b.py\n")
    assert taken(tree, tree / "inner") == {"inner/a.py", "inner/deep/a.py"}
    (tree / "inner" / ".git").mkdir()
    assert "inner/deep/b.py" in taken(tree, tree / "inner" / "deep")


def test_a_relative_path(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / ".safecoderignore").write_text("deep/\n")
    monkeypatch.chdir(tree / "inner" / "deep")
    files, left_out = find_sources([Path("../..")])
    assert len(files) == 3
    assert [Path(one.path).name for one in left_out] == ["deep"]


def test_patterns_that_cannot_be_read(tree: Path) -> None:
    file = tree / ".safecoderignore"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(FinetuneError, match="cannot be read") as raised:
        find_sources([tree])
    assert raised.value.remedy == "Fix or remove it."
    file.write_text("ok.py\n[z-a].py\n")
    with pytest.raises(FinetuneError) as raised:
        find_sources([tree])
    assert raised.value.reason == (
        f"Line 2 of {file} cannot be read: it has a range that ends before it begins."
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_patterns_above_count_only_if_they_are_one_s_own(tree: Path) -> None:
    file = tree / ".safecoderignore"
    file.write_text("a.py\n")
    (tree / "inner" / "deep" / ".safecoderignore").write_text("")
    assert taken(tree, tree / "inner") == {"inner/deep/b.py"}
    os.chown(file, 1234, 1234)
    assert "inner/a.py" in taken(tree, tree / "inner")
    # Below a named directory those of others count: they can only exclude.
    assert taken(tree) == {"b.py", "inner/deep/b.py"}


def test_a_link_does_not_lead_out_of_the_named_directories(tree: Path) -> None:
    """A user who can write to a shared directory does not choose what else is learned."""
    shared, private = tree / "inner", tree / "private"
    (private / "deep").mkdir(parents=True)
    (private / "c.py").write_text("y = 1\n")
    (private / "deep" / "d.py").write_text("z = 1\n")
    (shared / "file.py").symlink_to(private / "c.py")
    (shared / "relative.py").symlink_to("../private/c.py")
    (shared / "directory").symlink_to(private, target_is_directory=True)
    (shared / "again").symlink_to(shared / "deep", target_is_directory=True)
    files, left_out = find_sources([shared])
    assert {path.name for path in files} == {"a.py", "b.py"}
    reasons = {Path(one.path).name: one.reason for one in left_out}
    out = "a link that leads out of the named directories"
    assert reasons == {
        **dict.fromkeys(("file.py", "relative.py", "directory"), out),
        "deep": "reached before by another path",
    }
    # It is followed where its target is named, too, and a named link is what its user chose.
    assert "c.py" in {path.resolve().name for path in find_sources([shared, private])[0]}
    link = tree / "link"
    link.symlink_to(private, target_is_directory=True)
    assert {path.name for path in find_sources([link])[0]} == {"c.py", "d.py"}


def test_what_decided_is_named(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    for name in ("build/a.py", "draft.py"):
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / ".safecoderignore").write_text("# drafts\ndraft*\n")
    assert find_sources([tmp_path])[1] == [
        LeftOut(str(tmp_path / "build"), "vendored or generated", "", "name the directory itself"),
        LeftOut(
            str(tmp_path / "draft.py"),
            "excluded by pattern (.safecoderignore)",
            f"{tmp_path / '.safecoderignore'}, line 2",
            "remove the line, or add !PATTERN",
        ),
    ]
