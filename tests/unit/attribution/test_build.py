"""An index is built of several corpora, small, and the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.attribution.build import build_index
from jupyter_safecoder.attribution.index import AttributionIndex
from jupyter_safecoder.errors import UnusableCorpus, UnusableIndex
from tests.support.source_trees import source, write_tree


def test_several_corpora(tmp_path: Path) -> None:
    one = write_tree(tmp_path / "one", "a.py", "b/c.py")
    two = write_tree(tmp_path / "two", "d.py")
    seen: list[tuple[int, int]] = []
    report = build_index(
        [one, two], tmp_path / "x.attribution", progress=lambda *shares: seen.append(shares)
    )
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.py"))
    assert (report.files, report.sources, report.source_bytes) == (3, 2, size)
    assert seen[-1] == (size, size)
    index = AttributionIndex(tmp_path / "x.attribution")
    assert index.name == "x"
    found = index.find(source("d.py")[:500], "python")
    assert [(match.source, match.path) for match in found] == [("two", "d.py")]


def test_the_index_is_small_and_the_same_each_time(tmp_path: Path) -> None:
    corpus = write_tree(tmp_path / "one", *(f"{n}.py" for n in range(40)), functions=40)
    first = build_index([corpus], tmp_path / "x.attribution")
    build_index([corpus], tmp_path / "y.attribution", stored="x")
    assert (tmp_path / "x.attribution").read_bytes() == (tmp_path / "y.attribution").read_bytes()
    assert first.index_bytes < 0.12 * first.source_bytes


def test_a_copy_takes_hardly_any_space(tmp_path: Path) -> None:
    write_tree(tmp_path / "one", "a.py", functions=100)
    alone = build_index([tmp_path / "one"], tmp_path / "x.attribution").index_bytes
    (tmp_path / "one" / "b.py").write_text((tmp_path / "one" / "a.py").read_text())
    assert build_index([tmp_path / "one"], tmp_path / "x.attribution").index_bytes < 1.1 * alone


def test_a_corpus_without_code(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(UnusableCorpus, match="no file of code"):
        build_index([tmp_path / "one"], tmp_path / "x.attribution")
    assert not (tmp_path / "x.attribution").exists()


def test_an_index_that_cannot_be_written(tmp_path: Path) -> None:
    corpus = write_tree(tmp_path / "one", "a.py", functions=1)
    with pytest.raises(UnusableIndex, match="cannot be written"):
        build_index([corpus], corpus / "a.py" / "x.attribution")
