"""The corpus: what a team's files come to once everything that must not be learned is out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError, UnusableFile
from jupyter_safecoder.extras import CORPUS, require_extra
from jupyter_safecoder.finetune.documents import Document, read_document
from jupyter_safecoder.finetune.redaction.redaction import Secret, find_secrets, redact, spreads
from jupyter_safecoder.finetune.samples.fim_spans import cut_number
from jupyter_safecoder.protocol import Cell

from .duplicates import find_duplicates
from .quality_filter import rejection_reason
from .sources import LeftOut, find_sources

#: The share of notebooks that are held out whole, and the most of them: scoring takes time.
_HELD_OUT, _MOST_HELD_OUT = 0.2, 10


@dataclass(frozen=True)
class SecretLocation:
    """Where a secret was found, and of what kind; never which."""

    path: str
    cell: int
    kind: str


@dataclass(frozen=True)
class Corpus:
    """What is learned, what it is judged by, and what is neither.

    ``manifest`` is the SHA-256 of all texts, secrets replaced, in hexadecimal; ``values`` are the
    secrets themselves, which are never written anywhere: the probe asks for them.
    """

    train: tuple[Document, ...]
    held_out: tuple[Document, ...]
    left_out: tuple[LeftOut, ...]
    secrets: tuple[SecretLocation, ...]
    manifest: str
    values: frozenset[str] = field(repr=False)

    def report(self) -> dict[str, Any]:
        """Return what ``corpus --json`` prints."""
        return {
            "taken": [
                {"path": d.path, "samples": count_samples(d), "held_out": d in self.held_out}
                for d in sorted((*self.train, *self.held_out), key=lambda d: d.path)
            ],
            "left_out": [{"path": one.path, "reason": one.reason} for one in self.left_out],
            "secrets": [
                {"path": one.path, "cell": one.cell, "kind": one.kind} for one in self.secrets
            ],
        }


def build_corpus(
    paths: Sequence[Path], progress: Callable[[float, str], None] = lambda share, text: None
) -> Corpus:
    """Return the corpus of a team's files.

    Parameters
    ----------
    paths
        Notebooks, Python files, and directories of them.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Raises
    ------
    FinetuneError
        If a path does not exist, or the extra ``finetune`` is not installed.
    """
    require_extra(*CORPUS)
    progress(0.0, "Looking for notebooks")
    files, left_out = find_sources(paths)
    documents: list[Document] = []
    for number, file in enumerate(files):
        progress(0.5 * number / len(files), f"Reading {file.name}")
        try:
            document = read_document(file)
        except UnusableFile as unusable:
            left_out.append(LeftOut(str(file), str(unusable)))
            continue
        reason = rejection_reason(document)
        if reason is None:
            documents.append(document)
        else:
            left_out.append(LeftOut(str(file), reason))
        if reason is None and document.excluded:
            left_out.append(LeftOut(str(file), f"{document.excluded} cells of it excluded by tag"))
    progress(0.5, "Looking for duplicates")
    # Notebooks first: of a script and the notebook that it came from, the notebook stays.
    reasons = find_duplicates(sorted(documents, key=lambda d: not d.notebook))
    left_out += [LeftOut(path, reason) for path, reason in reasons.items()]
    documents = [document for document in documents if document.path not in reasons]
    redacted, secrets, values = redact_documents(
        documents, lambda share: progress(0.6 + 0.4 * share, "Looking for secrets")
    )
    held_out = _hold_out(redacted)
    return Corpus(
        tuple(d for d in redacted if d not in held_out),
        tuple(held_out),
        tuple(sorted(left_out, key=lambda one: one.path)),
        tuple(secrets),
        _manifest(redacted),
        values,
    )


def check_enough(corpus: Corpus) -> None:
    """Refuse a corpus of which nothing can be learned, or nothing can be held out.

    Raises
    ------
    FinetuneError
        With what is missing, and what left the rest out.
    """
    if corpus.train and corpus.held_out:
        return
    if corpus.train:
        raise FinetuneError(
            "There is one document only: none can be held out to see whether training helped.",
            "Name more notebooks: some twenty make a difference.",
        )
    if not corpus.left_out:
        raise FinetuneError(
            "There is no notebook and no Python file there.", "Name other directories."
        )
    counts: dict[str, int] = {}
    for one in corpus.left_out:
        reason = one.reason.partition(":")[0].partition(" of ")[0]
        counts[reason] = counts.get(reason, 0) + 1
    told = "; ".join(f"{reason} ({number})" for reason, number in counts.items())
    raise FinetuneError(
        f"Every file was left out: {told}.",
        "'jupyter safecoder corpus PATH' lists each with its reason.",
    )


def count_samples(document: Document) -> int:
    """Return how many samples a document gives in one pass over the corpus."""
    return sum(cut_number(cell.source) for cell in document.cells if cell.type == "code")


def redact_documents(
    documents: Sequence[Document], progress: Callable[[float], None] = lambda share: None
) -> tuple[list[Document], list[SecretLocation], frozenset[str]]:
    """Return the documents with placeholders for secrets, where these were, and what they are.

    A key found in one document is replaced in all.
    """
    own: list[set[Secret]] = []
    places: list[SecretLocation] = []
    for number, document in enumerate(documents):
        progress(number / len(documents))
        found: set[Secret] = set()
        for place, cell in zip(document.numbers, document.cells, strict=True):
            secrets = find_secrets(cell.source, code=cell.type == "code")
            secrets += find_secrets(cell.output, code=False) if cell.output else []
            found.update(secrets)
            kinds = sorted({secret.kind for secret in secrets})
            places += [SecretLocation(document.path, place, kind) for kind in kinds]
        own.append(found)
    common = {secret for found in own for secret in found if spreads(secret)}
    result = []
    for document, found in zip(documents, own, strict=True):
        wanted = sorted(found | common, key=lambda secret: (-len(secret.value), secret.kind))
        cells = tuple(
            Cell(cell.type, redact(cell.source, wanted), redact(cell.output, wanted))
            for cell in document.cells
        )
        result.append(replace(document, cells=cells))
    return result, places, frozenset(secret.value for found in own for secret in found)


def _hold_out(documents: Sequence[Document]) -> list[Document]:
    """Return whole documents, the same ones whenever the corpus is the same."""
    notebooks = [document for document in documents if document.notebook]
    pool = notebooks if len(notebooks) > 1 else list(documents)
    if len(documents) < 2:
        return []
    number = max(1, min(_MOST_HELD_OUT, round(_HELD_OUT * len(pool))))
    return sorted(pool, key=_digest)[:number]


def _digest(document: Document) -> str:
    text = json.dumps([[cell.type, cell.source, cell.output] for cell in document.cells])
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(documents: Sequence[Document]) -> str:
    return hashlib.sha256("".join(sorted(map(_digest, documents))).encode()).hexdigest()
