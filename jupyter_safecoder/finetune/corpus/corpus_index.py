"""Writes the index of a job's corpus: whether an adapter has learned from a file."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.attribution.build import IndexBuilder, write_built
from jupyter_safecoder.attribution.fingerprints import text_print
from jupyter_safecoder.attribution.licenses import UNKNOWN

from .corpus import Corpus


def write_corpus_index(corpus: Corpus, path: Path, name: str) -> None:
    """Write the index of what was learned; the documents that were held out are not in it.

    Parameters
    ----------
    corpus
        The corpus, without secrets: their fingerprints are in no index.
    path
        The file, which its owner alone can read.
    name
        Name of the adapter.

    Raises
    ------
    UnusableIndex
        If it cannot be written.
    """
    builder = IndexBuilder()
    for document in corpus.train:
        builder.add(text_print(document.code, document.language, name, document.path, UNKNOWN))
    write_built(builder, path, name)
