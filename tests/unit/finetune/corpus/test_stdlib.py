"""Modules of the standard library are either learned from or evaluated with."""

from __future__ import annotations

from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents


def test_no_module_is_in_both_splits() -> None:
    train = {document.path for document in stdlib_documents("train")}
    held_out = {document.path for document in stdlib_documents("eval")}
    assert not train & held_out
    assert len(train) > 2 * len(held_out) > 10
