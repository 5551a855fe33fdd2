"""Finds exact and near duplicates.

A model memorizes what it sees twice, and a copy of a held-out document makes its scores worthless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from jupyter_safecoder.finetune.documents import Document

#: Documents are near duplicates from this estimated Jaccard similarity of their shingles on, as in
#: StarCoder's corpus (Li et al. 2023, arXiv:2305.06161, section 3.4).
MIN_SIMILARITY = 0.85
_PERMUTATIONS = 128
_WORDS_PER_SHINGLE = 5
_WORD = re.compile(r"\w+|[^\w\s]")


def find_duplicates(
    documents: Sequence[Document], progress: Callable[[float], None] = lambda share: None
) -> dict[str, str]:
    """Return the duplicates: the paths of documents, each with the reason to leave it out.

    Parameters
    ----------
    documents
        In the order of preference: the first of several similar ones is no duplicate.
    progress
        Called with the share that is done, 0 to 1, before each document.
    """
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=MIN_SIMILARITY, num_perm=_PERMUTATIONS)
    hashes: dict[str, MinHash] = {}
    reasons: dict[str, str] = {}
    exact: dict[tuple[str, ...], str] = {}
    for number, document in enumerate(documents):
        progress(number / len(documents))
        words = _words(document)
        if (same := exact.setdefault(words, document.path)) != document.path:
            reasons[document.path] = f"duplicate of {same}"
            continue
        minhash = MinHash(num_perm=_PERMUTATIONS)
        minhash.update_batch(_shingles(words))
        for other in sorted(index.query(minhash)):
            if (similarity := minhash.jaccard(hashes[other])) >= MIN_SIMILARITY:
                reasons[document.path] = f"near duplicate of {other} ({similarity:.0%} alike)"
                break
        else:
            hashes[document.path] = minhash
            index.insert(document.path, minhash)
    return reasons


def _words(document: Document) -> tuple[str, ...]:
    text = "\n".join(cell.source for cell in document.cells if cell.type == "code")
    return tuple(_WORD.findall(text))


def _shingles(words: Sequence[str]) -> list[bytes]:
    number = max(1, len(words) - _WORDS_PER_SHINGLE + 1)
    return [" ".join(words[n : n + _WORDS_PER_SHINGLE]).encode() for n in range(number)]
