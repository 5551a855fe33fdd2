"""A scan finds the documents of a corpus, and writes and redacts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.corpus.scan import Scan, check_enough, scan
from jupyter_safecoder.finetune.corpus.sources import LeftOut
from jupyter_safecoder.finetune.documents import Document
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
