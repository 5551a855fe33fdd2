"""Files of code are found in folders, packages and archives, with their licenses."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from jupyter_safecoder.attribution.sources import Batch, find_batches, read_batch
from jupyter_safecoder.errors import UnusableCorpus

MIT = "MIT License\nPermission is hereby granted, free of charge, to any person"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def found(corpus: Path, name: str = "") -> set[tuple[str, str, str]]:
    batches = list(find_batches(corpus, name))
    return {(b.source, b.license, file.path) for b in batches for file in read_batch(b)}


def test_the_files_of_a_folder(tmp_path: Path) -> None:
    root = write(
        tmp_path / "team",
        {
            "a.py": "x = 1",
            "b.ipynb": "{}",
            "c.js": "x",
            "data.json": "{}",
            "notes.md": "x",
            "empty.py": "",
            ".git/x.py": "x",
            "node_modules/x.js": "x",
            "env/pyvenv.cfg": "",
            "env/x.py": "x",
            "lib/LICENSE": MIT,
            "lib/sub/d.rs": "x",
            "secret/e.py": "x",
            ".safecoderignore": "secret/\n",
        },
    )
    assert found(root) == {
        ("team", "NOASSERTION", "a.py"),
        ("team", "NOASSERTION", "b.ipynb"),
        ("team", "NOASSERTION", "c.js"),
        ("team", "MIT", "lib/sub/d.rs"),
    }
    assert {source for source, _, _ in found(root, "ours")} == {"ours"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    root = write(tmp_path / "team", {"a.py": "x"})
    write(tmp_path / "other", {"b.py": "x"})
    os.symlink(tmp_path / "other", root / "linked")
    os.symlink(tmp_path / "other" / "b.py", root / "c.py")
    assert {path for _, _, path in found(root)} == {"a.py"}


def test_packages_that_are_installed_are_sources(tmp_path: Path) -> None:
    root = write(
        tmp_path / "site-packages",
        {
            "one/a.py": "x",
            "two.py": "x",
            "other.py": "x",
            "one-1.0.dist-info/METADATA": "Name: One\nLicense-Expression: BSD-3-Clause\n",
            "one-1.0.dist-info/RECORD": "one/a.py,,\none-1.0.dist-info/METADATA,,\n",
            "two-1.0.dist-info/METADATA": "Name: two\n",
            "two-1.0.dist-info/RECORD": "two.py,,\n",
            "two-1.0.dist-info/licenses/LICENSE.txt": MIT,
        },
    )
    assert found(root) == {
        ("One", "BSD-3-Clause", "one/a.py"),
        ("two", "MIT", "two.py"),
        ("site-packages", "NOASSERTION", "other.py"),
    }


def test_a_wheel(tmp_path: Path) -> None:
    path = tmp_path / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one/a.py", "x")
        archive.writestr("one/data.csv", "1")
        archive.writestr("one-1.0.dist-info/METADATA", "Name: One\nLicense: MIT\n")
    assert found(path) == {("One", "MIT", "one/a.py")}


def test_a_source_distribution(tmp_path: Path) -> None:
    path = tmp_path / "two-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (("two-1.0/two/a.py", "x"), ("two-1.0/LICENSE", MIT)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    assert found(path) == {("two-1.0.tar.gz", "MIT", "two-1.0/two/a.py")}
    assert found(path, "two") == {("two", "MIT", "two-1.0/two/a.py")}


def test_a_single_file(tmp_path: Path) -> None:
    write(tmp_path / "team", {"a.py": "x"})
    assert found(tmp_path / "team" / "a.py") == {("team", "NOASSERTION", "a.py")}


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x"})
    batch = Batch(tmp_path, "x", "MIT", ("a.py", "gone.py"), 2)
    assert [file.path for file in read_batch(batch)] == ["a.py"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing", None, "is no folder, no archive and no file of code"),
        ("a.txt", b"x", "is no folder, no archive and no file of code"),
        ("a.zip", b"PK\x03\x04", "is damaged"),
        ("a.tar.gz", b"\x1f\x8bxx", "is damaged"),
    ],
)
def test_what_cannot_be_used(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableCorpus, match=message):
        list(find_batches(tmp_path / name))


def test_an_archive_that_leads_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../a.py", "x")
    with pytest.raises(UnusableCorpus, match="leads out of its directory"):
        list(find_batches(tmp_path / "a.zip"))


def test_an_ignore_file_that_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x", ".safecoderignore": "a[\n"})
    (tmp_path / ".safecoderignore").write_bytes(b"\xff")
    with pytest.raises(UnusableCorpus):
        list(find_batches(tmp_path))
