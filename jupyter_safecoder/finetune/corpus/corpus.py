"""Builds the training corpus of a team's files: scanned, redacted, some documents held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.samples.fim_spans import span_count

from .redaction import Replaced, SecretLocation, redact_documents
from .rules import NO_RULES, CorpusRules
from .scan import scan
from .sources import LeftOut

if TYPE_CHECKING:
    from jupyter_safecoder.attribution.optout import OptOutList

#: The share of notebooks that are held out whole, and their maximum: evaluation takes time.
_HELD_OUT, _MAX_HELD_OUT = 0.2, 10
#: The share of the time that the scan takes; the rest is redaction.
_SCANNING = 0.6


@dataclass(frozen=True)
class Corpus:
    """Redacted documents to train on and to evaluate with.

    Parameters
    ----------
    train
        The documents to learn from.
    held_out
        The documents to evaluate with, which are never learned from.
    left_out
        Files that are in neither, with the reason.
    secrets
        Where secrets were replaced.
    sha256
        SHA-256 of the redacted texts, in hexadecimal.
    secret_values
        The secrets themselves. They are never written anywhere: the evaluation checks that the
        adapter does not generate one.
    warnings
        Values that were replaced so often that they may be no secrets.
    """

    train: tuple[Document, ...]
    held_out: tuple[Document, ...]
    left_out: tuple[LeftOut, ...]
    secrets: tuple[SecretLocation, ...]
    sha256: str
    secret_values: frozenset[str] = field(repr=False)
    warnings: tuple[Replaced, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents, those to learn from first."""
        return (*self.train, *self.held_out)

    def report(self) -> dict[str, Any]:
        """Return what ``corpus --json`` prints; ``warnings`` only if there are any."""
        warnings = [
            {"path": one.path, "cell": one.cell, "kind": one.kind, "replaced": one.number}
            for one in self.warnings
        ]
        report = {
            "taken": [
                {"path": d.path, "samples": count_samples(d), "held_out": d in self.held_out}
                for d in sorted(self.documents, key=lambda document: document.path)
            ],
            "left_out": [asdict(one) for one in self.left_out],
            "secrets": [
                {"path": one.path, "cell": one.cell, "kind": one.kind} for one in self.secrets
            ],
        }
        return report | ({"warnings": warnings} if warnings else {})


def build_corpus(
    paths: Sequence[Path],
    progress: Callable[[float, str], None] = lambda share, text: None,
    rules: CorpusRules = NO_RULES,
    optout: OptOutList | None = None,
) -> Corpus:
    """Return the corpus of a team's files.

    Parameters
    ----------
    paths
        Notebooks, Python files, and directories of them.
    progress
        Called with the share that is done, 0 to 1, and a description of the work, before each file
        and each cell. It may raise an exception to stop.
    rules
        What the team says of its files.
    optout
        Files that are not to be learned from, nor copies of them.

    Raises
    ------
    FinetuneError
        If a path does not exist, or the extra ``finetune`` is not installed.
    """
    found = scan(paths, lambda share, text: progress(_SCANNING * share, text), rules, optout)
    redaction = redact_documents(
        found.documents,
        lambda share: progress(_SCANNING + (1 - _SCANNING) * share, "Searching for secrets"),
    )
    held_out = _hold_out(redaction.documents)
    left_out = sorted((*found.left_out, *redaction.left_out), key=lambda one: one.path)
    return Corpus(
        tuple(document for document in redaction.documents if document not in held_out),
        tuple(held_out),
        tuple(left_out),
        redaction.secrets,
        _corpus_hash(redaction.documents),
        redaction.values,
        redaction.warnings,
    )


def count_samples(document: Document) -> int:
    """Return the number of samples of a document in one epoch."""
    return sum(span_count(cell.source) for cell in document.cells if cell.type == "code")


def _hold_out(documents: Sequence[Document]) -> list[Document]:
    """Return the documents to hold out: the same ones whenever the corpus is the same."""
    if len(documents) < 2:
        return []
    notebooks = [document for document in documents if document.notebook]
    pool = notebooks if len(notebooks) > 1 else list(documents)
    number = max(1, min(_MAX_HELD_OUT, round(_HELD_OUT * len(pool))))
    return sorted(pool, key=_document_hash)[:number]


def _document_hash(document: Document) -> str:
    text = json.dumps([[cell.type, cell.source, cell.output] for cell in document.cells])
    return hashlib.sha256(text.encode()).hexdigest()


def _corpus_hash(documents: Sequence[Document]) -> str:
    return hashlib.sha256("".join(sorted(map(_document_hash, documents))).encode()).hexdigest()
