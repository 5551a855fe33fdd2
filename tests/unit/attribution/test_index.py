"""Verbatim copies are found whatever their white space, and copies with other names."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from random import Random

import pytest

from jupyter_safecoder.attribution.build import build_index
from jupyter_safecoder.attribution.index import AttributionIndex
from jupyter_safecoder.attribution.index_file import open_index, write_index
from jupyter_safecoder.attribution.shapes import MIN_CHARACTERS
from jupyter_safecoder.errors import UnusableIndex
from tests.support.source_trees import source, write_tree

NAMES = [f"package/module_{number}.py" for number in range(30)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> AttributionIndex:
    directory = tmp_path_factory.mktemp("index")
    write_tree(directory / "corpus", *NAMES)
    build_index([directory / "corpus"], directory / "a.attribution")
    return AttributionIndex(directory / "a.attribution")


def _with_other_white_space(text: str, random: Random) -> str:
    """Return a text with spaces and line ends wherever there may be some, and none elsewhere."""
    spaces = ["", " ", "\n", "\t", "\r\n        ", "\u00a0"]
    return "".join(character + random.choice(spaces) for character in "".join(text.split()))


def test_every_verbatim_copy_is_found(index: AttributionIndex) -> None:
    random = Random("copies")
    for _ in range(300):
        name = random.choice(NAMES)
        text = source(name)
        start = random.randrange(len(text) - 400)
        end = start + MIN_CHARACTERS
        while len("".join(text[start:end].split())) < MIN_CHARACTERS:
            end += 1
        copy = _with_other_white_space(text[start:end], random)
        found = index.find(copy, "python")
        assert [match.path for match in found] == [name]
        assert found[0].kind == "verbatim"
        assert found[0].characters >= MIN_CHARACTERS - 2


def test_the_part_that_was_copied(index: AttributionIndex) -> None:
    copied = source(NAMES[3])[200:500]
    text = source("own") + copied + source("other own")
    [match] = index.find(text, "python")
    assert (match.path, match.source, match.license) == (NAMES[3], "corpus", "NOASSERTION")
    start = len(source("own"))
    assert abs(match.start - start) < 20
    assert abs(match.end - start - 300) < 20


def _renamed(code: str) -> str:
    """Return code with other names for its variables and functions."""
    tree = ast.parse(code)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names -= {"len", "range", "isinstance"}
    return re.sub(r"\b\w+\b", lambda m: f"v_{m[0][::-1]}" if m[0] in names else m[0], code)


def test_copies_with_other_names_are_found(index: AttributionIndex) -> None:
    found = []
    for name in NAMES:
        code = source(name).split("\n\n\n")[5]
        copy = source(f"before {name}", 1) + _renamed(code) + "\n" + source(f"after {name}", 1)
        matches = [m for m in index.find(copy, "python") if m.kind == "structure"]
        found.append([match.path for match in matches] == [name])
    assert sum(found) >= 0.9 * len(NAMES)


def test_other_code_is_not_found(index: AttributionIndex) -> None:
    for number in range(100):
        assert index.find(source(f"unrelated {number}", 3), "python") == []


@pytest.mark.parametrize("text", ["", "x", " " * 100, "import numpy as np\n" * 9, "\ud800" * 99])
def test_nothing_of_short_and_odd_texts(index: AttributionIndex, text: str) -> None:
    assert index.find(text, "python") == []


def test_what_many_files_have_is_common(tmp_path: Path) -> None:
    shared = source("shared", 1)
    for number in range(25):
        path = tmp_path / "corpus" / f"{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source(f"own {number}", 2) + shared)
    build_index([tmp_path / "corpus"], tmp_path / "a.attribution")
    index = AttributionIndex(tmp_path / "a.attribution")
    assert index.find(shared, "python") == []
    assert [match.path for match in index.find(source("own 7", 2), "python")] == ["7.py"]


def test_without_its_file_a_short_match_is_not_certain(tmp_path: Path) -> None:
    corpus = write_tree(tmp_path / "corpus", "a.py")
    build_index([corpus], tmp_path / "a.attribution")
    index = AttributionIndex(tmp_path / "a.attribution")
    squeezed = "".join(source("a.py").split())
    short, long = squeezed[300:350], squeezed[300:400]
    [exact] = index.find(f"___{short}___", "python", 72)
    assert (exact.start, exact.end, exact.characters) == (3, 53, 50)
    (corpus / "a.py").unlink()
    index = AttributionIndex(tmp_path / "a.attribution")
    assert len(index.find(short, "python")) == 1
    assert index.find(short, "python", 72) == []
    assert len(index.find(long, "python", 72)) == 1
    copy = _renamed(source("a.py").split("\n\n\n")[3])
    assert [match.kind for match in index.find(copy, "python", 72)] == ["structure"]


def test_a_changed_file_has_no_short_match(tmp_path: Path) -> None:
    corpus = write_tree(tmp_path / "corpus", "a.py")
    build_index([corpus], tmp_path / "a.attribution")
    (corpus / "a.py").write_text(source("other"))
    index = AttributionIndex(tmp_path / "a.attribution")
    assert index.find("".join(source("a.py").split())[300:350], "python") == []


def test_an_altered_index_is_refused(tmp_path: Path, index: AttributionIndex) -> None:
    content = bytearray(index.path.read_bytes())
    content[-3] ^= 1
    (tmp_path / "b.attribution").write_bytes(content)
    with pytest.raises(UnusableIndex, match="another hash"):
        AttributionIndex(tmp_path / "b.attribution")


@pytest.mark.parametrize("name", ["verbatim ends", "name ends", "structure counts", "common"])
def test_parts_that_do_not_fit_are_refused(
    tmp_path: Path, index: AttributionIndex, name: str
) -> None:
    file = open_index(index.path)
    arrays = dict(file.arrays)
    arrays = {**arrays, name: arrays[name][:-1]} if len(arrays[name]) else {}
    write_index(tmp_path / "c.attribution", file.facts, arrays)
    with pytest.raises(UnusableIndex, match="do not fit"):
        AttributionIndex(tmp_path / "c.attribution")
