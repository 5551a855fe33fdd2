"""Exact and near duplicates: what is there twice is learned by heart, and leaks to the held out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.finetune.documents import Document

#: Estimated Jaccard similarity of shingles from which two documents count as one; StarCoder's
#: corpus took 0.85 too (Li et al. 2023, arXiv:2305.06161, section 3.4).
NEAR = 0.85
_PERMUTATIONS = 128
#: Words in a shingle.
_SHINGLE = 5
_WORD = re.compile(r"\w+|[^\w\s]")


def find_duplicates(documents: Sequence[Document]) -> dict[str, str]:
    """Return the reason against each document that an earlier one is like.

    Parameters
    ----------
    documents
        In the order of preference: the first of several stays.

    Returns
    -------
    dict
        From path to reason.
    """
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=NEAR, num_perm=_PERMUTATIONS)
    hashes: dict[str, MinHash] = {}
    reasons: dict[str, str] = {}
    exact: dict[tuple[str, ...], str] = {}
    for document in documents:
        words = _words(document)
        if (same := exact.setdefault(words, document.path)) != document.path:
            reasons[document.path] = f"duplicate of {same}"
            continue
        minhash = MinHash(num_perm=_PERMUTATIONS)
        minhash.update_batch(_shingles(words))
        for other in sorted(index.query(minhash)):
            if (share := minhash.jaccard(hashes[other])) >= NEAR:
                reasons[document.path] = f"near duplicate of {other} ({share:.0%} alike)"
                break
        else:
            hashes[document.path] = minhash
            index.insert(document.path, minhash)
    return reasons


def _words(document: Document) -> tuple[str, ...]:
    text = "\n".join(cell.source for cell in document.cells if cell.type == "code")
    return tuple(_WORD.findall(text))


def _shingles(words: Sequence[str]) -> list[bytes]:
    last = max(1, len(words) - _SHINGLE + 1)
    return [" ".join(words[start : start + _SHINGLE]).encode() for start in range(last)]
