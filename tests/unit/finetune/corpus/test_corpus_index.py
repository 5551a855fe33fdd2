"""The index of a job's corpus has what was learned, and nothing else."""

from __future__ import annotations

import stat
from pathlib import Path

from jupyter_safecoder.attribution.index import AttributionIndex
from jupyter_safecoder.finetune.corpus.corpus import Corpus
from jupyter_safecoder.finetune.corpus.corpus_index import write_corpus_index
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.protocol import Cell
from tests.support.source_trees import source


def document(name: str) -> Document:
    cells = Cell("code", source(name)), Cell("markdown", source(f"markdown of {name}"))
    return Document(name, cells, (0, 1), "python", notebook=True)


def test_what_was_learned_is_found(tmp_path: Path) -> None:
    learned = Corpus((document("a"), document("b")), (document("c"),), (), (), "", frozenset())
    path = tmp_path / "x.attribution"
    write_corpus_index(learned, path, "ours")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    index = AttributionIndex(path)
    [match] = index.find(source("b"), "python")
    assert (match.source, match.path) == ("ours", "b")
    assert index.find(source("c"), "python") == []
    assert index.find(source("markdown of a"), "python") == []
