"""Replaces the secrets of a corpus: those of each document, and distinctive ones in all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import (
    CellSecrets,
    Secret,
    find_values,
    identifiers,
    is_too_large,
    merged,
    replace_spans,
    search_cells,
)

from .sources import LeftOut

#: A value that is replaced more often may be an ordinary word.
_MAX_REPLACED = 20
#: The share of the time that the search takes; the rest is replacing.
_SEARCHING = 0.8


@dataclass(frozen=True)
class SecretLocation:
    """The cell and the kind of a secret that was found, never its value."""

    path: str
    cell: int
    kind: str


@dataclass(frozen=True)
class Replaced:
    """The first location of a secret that was replaced many times, and how often."""

    path: str
    cell: int
    kind: str
    number: int


@dataclass(frozen=True)
class Redaction:
    """Documents without secrets, and what was found in them.

    Parameters
    ----------
    documents
        With placeholders.
    secrets
        Where secrets were replaced.
    values
        The secrets themselves, which are never written anywhere.
    warnings
        Secrets that were replaced many times.
    left_out
        Cells that are too large to be searched.
    """

    documents: tuple[Document, ...]
    secrets: tuple[SecretLocation, ...]
    values: frozenset[str]
    warnings: tuple[Replaced, ...]
    left_out: tuple[LeftOut, ...]


def redact_documents(
    documents: Sequence[Document], progress: Callable[[float], None] = lambda share: None
) -> Redaction:
    """Return redacted documents, and what was found.

    Each secret is replaced in its document. One that is hardly anything else is replaced in all of
    them, unless it is an identifier of one.

    Parameters
    ----------
    documents
        As they are in the files.
    progress
        Called with the share that is done, 0 to 1, before each cell is searched or rewritten. It
        may raise an exception to stop.
    """
    kept, left_out = _without_large_cells(documents)
    total, done = max(1, sum(len(document.cells) for document in kept)), 0

    def before_cell(start: float, share: float) -> None:
        nonlocal done
        progress(start + share * done / total)
        done += 1

    found: list[list[CellSecrets]] = []
    shared: dict[str, Secret] = {}
    values: set[str] = set()
    for document in kept:
        own, spread = search_cells(document.cells, lambda: before_cell(0, _SEARCHING))
        found.append(own)
        shared |= {secret.value: secret for secret in spread.anywhere}
        values.update(secret.value for secret in spread.values)
    used = frozenset().union(*(identifiers(document.cells) for document in kept))
    spreading = [secret for secret in shared.values() if secret.value not in used]
    done = 0
    redacted, secrets = [], []
    numbers: Counter[str] = Counter()
    first: dict[str, SecretLocation] = {}
    for document, own in zip(kept, found, strict=True):
        cells = []
        for index, cell, one in zip(document.numbers, document.cells, own, strict=True):
            before_cell(_SEARCHING, 1 - _SEARCHING)
            source = merged(cell.source, [*one.source, *find_values(cell.source, spreading)])
            output = merged(cell.output, [*one.output, *find_values(cell.output, spreading)])
            cells.append(
                Cell(
                    cell.type,
                    replace_spans(cell.source, source),
                    replace_spans(cell.output, output),
                )
            )
            both = (*source, *output)
            kinds = sorted({secret.kind for secret in both})
            secrets += [SecretLocation(document.path, index, kind) for kind in kinds]
            numbers.update(secret.value for secret in both)
            for secret in both:
                first.setdefault(secret.value, SecretLocation(document.path, index, secret.kind))
        redacted.append(replace(document, cells=tuple(cells)))
    return Redaction(
        tuple(redacted),
        tuple(secrets),
        frozenset(values),
        tuple(_warnings(numbers, first)),
        tuple(left_out),
    )


def _warnings(numbers: Counter[str], first: dict[str, SecretLocation]) -> Iterable[Replaced]:
    for value, number in numbers.most_common():
        if number > _MAX_REPLACED:
            place = first[value]
            yield Replaced(place.path, place.cell, place.kind, number)


def _without_large_cells(
    documents: Iterable[Document],
) -> tuple[list[Document], list[LeftOut]]:
    kept, left_out = [], []
    for document in documents:
        pairs = list(zip(document.numbers, document.cells, strict=True))
        small = [(number, cell) for number, cell in pairs if not is_too_large(cell)]
        if len(small) < len(pairs):
            reason = f"{len(pairs) - len(small)} cells of it too large to be searched for secrets"
            left_out.append(LeftOut(document.path, reason))
            document = replace(
                document,
                numbers=tuple(number for number, _ in small),
                cells=tuple(cell for _, cell in small),
            )
        kept.append(document)
    return kept, left_out
