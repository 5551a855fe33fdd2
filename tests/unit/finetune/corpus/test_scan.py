"""A scan finds the documents of a corpus, and writes and redacts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.attribution.optout import OptOutList
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.corpus.scan import OPTED_OUT, Scan, check_enough, scan
from jupyter_safecoder.finetune.corpus.sources import LeftOut
from jupyter_safecoder.finetune.documents import Document
from tests.support.source_trees import source
from tests.support.team_notebooks import write_notebook

SECRET = "connect(password='nachtigall')\nprint('connected')"


def test_a_scan_has_the_documents_of_the_corpus(team: Path) -> None:
    write_notebook(team / "key.ipynb", SECRET)
    write_notebook(team / "copy.ipynb", SECRET)
    found, corpus = scan([team]), build_corpus([team])
    assert sorted(d.path for d in found.documents) == sorted(d.path for d in corpus.documents)
    assert found.left_out == corpus.left_out
    # It redacts nothing, since nothing of it is kept.
    assert any("nachtigall" in cell.source for d in found.documents for cell in d.cells)


def test_progress_ends_below_one(team: Path) -> None:
    shares: list[float] = []
    build_corpus([team], lambda share, text: shares.append(share))
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


def test_files_of_the_opt_out_list_are_left_out_and_their_copies(
    team: Path, tmp_path: Path
) -> None:
    code = source("theirs", 3)
    theirs = tmp_path / "theirs.py"
    theirs.write_text(code)
    optout = OptOutList(tmp_path / "cache")
    optout.add(theirs)
    copy = write_notebook(team / "copied.ipynb", *code.replace("    ", "  ").split("\n\n\n"))
    with_list, without = scan([team], optout=optout), scan([team])
    assert {d.path for d in without.documents} - {d.path for d in with_list.documents} == {
        str(copy)
    }
    [why] = [one for one in with_list.left_out if one.path == str(copy)]
    assert (why.reason, why.decided_by) == (OPTED_OUT, str(theirs))


def document(name: str) -> Document:
    return Document(name, (), (), "python", notebook=True)


def test_two_documents_are_enough() -> None:
    check_enough(Scan((document("a"), document("b")), ()))
    with pytest.raises(FinetuneError, match="one document only"):
        check_enough(Scan((document("a"),), ()))
    with pytest.raises(FinetuneError, match="no notebook and no Python file"):
        check_enough(Scan((), ()))


def test_the_reasons_are_counted() -> None:
    left_out = (
        LeftOut("a", "duplicate of b"),
        LeftOut("c", "duplicate of d"),
        LeftOut("e", "license: GPL"),
    )
    with pytest.raises(FinetuneError, match=r"duplicate \(2\); license \(1\)\."):
        check_enough(Scan((), left_out))


#: Files that are no notebooks, or have texts that no encoding takes.
_HOSTILE = {
    "empty.ipynb": b"",
    "zeros.ipynb": bytes(1000),
    "utf16.ipynb": '{"nbformat": 4}'.encode("utf-16"),
    "mark.ipynb": b'\xef\xbb\xbf{"nbformat": 4, "metadata": {}, "cells": []}',
    "deep.ipynb": b"[" * 100_000,
    "number.ipynb": b'{"nbformat": ' + b"9" * 5000 + b"}",
    "cells.ipynb": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {"a": 1}}',
    "source.ipynb": b'{"nbformat": 4, "metadata": {}, "cells": [{"source": 5}]}',
    "deep.py": b"(" * 100_000,
    "zero.py": b"x = '\0'",
    "latin.py": b"x = '\xff'",
}


def test_hostile_files_are_named_and_the_others_read(team: Path) -> None:
    expected = build_corpus([team])
    for name, content in _HOSTILE.items():
        (team / name).write_bytes(content)
    corpus = build_corpus([team])
    assert corpus.documents == expected.documents
    assert {Path(one.path).name for one in corpus.left_out} == {
        *_HOSTILE,
        *(Path(one.path).name for one in expected.left_out),
    }


def test_a_lone_surrogate_is_replaced(team: Path) -> None:
    """JSON can carry it; no encoding of the corpus can."""
    path = write_notebook(team / "strange.ipynb", "value = 'SURROGATE'\nprint(value, value)")
    path.write_text(path.read_text().replace("SURROGATE", "\\ud800"))
    (document,) = [d for d in build_corpus([team]).documents if d.path == str(path)]
    assert "value = '\ufffd'" in document.cells[-1].source
