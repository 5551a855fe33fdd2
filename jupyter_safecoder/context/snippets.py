"""Picks the snippets of other documents that share most with the lines near the cursor, by BM25.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), equation
3.15, with the constants that are usual; the idf is that of Lucene, which is never negative.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .documents import Document, Snippet
from .words import words_of

#: Maximum number of characters of all snippets, and of snippets.
BUDGET = 2_400
_MAX_PICKED = 3
_K1, _B = 1.2, 0.75
#: A snippet that shares fewer words has nothing to do with these lines.
_MIN_SHARED = 3
#: Words of the query: the last ones count.
_MAX_QUERY_WORDS = 200
#: Snippets that share this much of their words are copies (Jaccard index), unless they are short.
_MAX_SIMILARITY, _MIN_COPIED = 0.8, 12


@dataclass(frozen=True)
class Picked:
    """A snippet that goes into the prompt, with the path of its document."""

    path: str
    text: str


def pick_snippets(
    query_lines: Sequence[str],
    documents: Sequence[Document],
    budget: int = BUDGET,
    known: Iterable[str] = (),
) -> list[Picked]:
    """Return the snippets that share most with some lines, the best one first.

    Parameters
    ----------
    query_lines
        The lines near the cursor.
    documents
        The documents, those that count more first: of equal snippets the first one is taken.
    budget
        Maximum number of characters of all snippets.
    known
        Texts that the prompt has anyway: their copies are not picked.
    """
    query = set([*words_of("\n".join(query_lines))][-_MAX_QUERY_WORDS:])
    all_snippets = [(doc.path, snippet) for doc in documents for snippet in doc.snippets]
    candidates = [
        (path, snippet, shared)
        for path, snippet in all_snippets
        if len(shared := query & snippet.counts.keys()) >= _MIN_SHARED
    ]
    if not candidates:
        return []
    number = len(all_snippets)
    mean = sum(snippet.length for _, snippet in all_snippets) / number
    frequency = Counter(
        word for _, snippet in all_snippets for word in query & snippet.counts.keys()
    )
    idf = {
        word: math.log(1 + (number - count + 0.5) / (count + 0.5))
        for word, count in frequency.items()
    }

    def score(snippet: Snippet, shared: set[str]) -> float:
        norm = _K1 * (1 - _B + _B * snippet.length / mean)
        # Sorted: the sum must not depend on the order of a set.
        return sum(
            idf[word] * snippet.counts[word] * (_K1 + 1) / (snippet.counts[word] + norm)
            for word in sorted(shared)
        )

    ranked = sorted(
        ((score(snippet, shared), path, snippet) for path, snippet, shared in candidates),
        key=lambda one: -one[0],
    )
    seen = [frozenset(words_of(text)) for text in known]
    picked: list[Picked] = []
    for _, path, snippet in ranked:
        words = frozenset(snippet.counts)
        text = f"{snippet.text}\n{snippet.following}".rstrip()
        if len(text) > budget or any(_is_copy(words, other) for other in seen):
            continue
        seen.append(words)
        budget -= len(text)
        picked.append(Picked(path, f"{text}\n"))
        if len(picked) == _MAX_PICKED:
            break
    return picked


def _is_copy(words: frozenset[str], other: frozenset[str]) -> bool:
    if words == other:
        return True
    if min(len(words), len(other)) < _MIN_COPIED:
        return False
    shared = len(words & other)
    return shared > _MAX_SIMILARITY * (len(words) + len(other) - shared)
