"""Files of the opt-out list are recognized by their code, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.attribution.optout import OptOutList
from jupyter_safecoder.errors import UnusableCorpus
from tests.support.source_trees import source, write_tree


def test_a_copy_with_other_white_space_is_covered(tmp_path: Path) -> None:
    path = write_tree(tmp_path / "own", "a.py") / "a.py"
    optout = OptOutList(tmp_path / "cache")
    assert optout.covering(source("a.py"), "python") == ""
    optout.add(path)
    copy = source("a.py").replace("    ", "\t").replace("\n\n", "\n")
    for text in (source("a.py"), copy, copy + source("other", 6)):
        assert optout.covering(text, "python") == str(path)
    assert optout.covering(copy + source("other", 40), "python") == ""
    assert optout.covering(source("other"), "python") == ""


def test_entries_are_added_once_and_removed(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "own", "a.py", "b.py")
    optout = OptOutList(tmp_path / "cache")
    for _ in range(2):
        assert optout.add(folder).files == 2
    [entry] = optout.entries()
    assert (entry.path, entry.files) == (str(folder), 2)
    assert optout.covering(source("b.py"), "python") == str(folder)
    optout.remove(folder)
    assert optout.entries() == []
    assert optout.covering(source("b.py"), "python") == ""
    with pytest.raises(UnusableCorpus, match="not in the opt-out list"):
        optout.remove(folder)


def test_no_text_is_stored(tmp_path: Path) -> None:
    path = write_tree(tmp_path / "own", "a.py") / "a.py"
    entry = OptOutList(tmp_path / "cache").add(path)
    content = entry.index.read_bytes()
    assert source("a.py").split("(")[0].encode().removeprefix(b"def ") not in content
