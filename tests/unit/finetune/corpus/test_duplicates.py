"""Of documents that are alike, the first is kept."""

from __future__ import annotations

from jupyter_safecoder.finetune.corpus.duplicates import find_duplicates
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.protocol import Cell


def document(path: str, *lines: str) -> Document:
    cells = (Cell("code", "\n".join(lines)),)
    return Document(path, cells, (0,), "python", notebook=True)


LINES = [f"value_{n} = compute({n}, other={n * n})" for n in range(60)]


def test_the_first_of_several_is_kept() -> None:
    found = find_duplicates([document("a", *LINES), document("b", *LINES), document("c", "x = 1")])
    assert found == {"b": "duplicate of a"}


def test_layout_makes_no_difference() -> None:
    spaced = [line.replace("=", "  =  ") for line in LINES]
    assert set(find_duplicates([document("a", *LINES), document("b", *spaced)])) == {"b"}


def test_near_duplicates_have_their_similarity() -> None:
    found = find_duplicates([document("a", *LINES), document("b", *LINES[:-1], "value = 0")])
    assert found["b"].startswith("near duplicate of a (")
    assert find_duplicates([document("a", *LINES), document("b", *LINES[:20])]) == {}
