"""Reads the files of a corpus, and leaves out what must not be learned; redacts nothing yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from jupyter_safecoder.errors import FinetuneError, UnusableFile
from jupyter_safecoder.extras import CORPUS, require_extra
from jupyter_safecoder.finetune.documents import (
    DOCUMENTS_FILE,
    EXCLUDED_TAG,
    Document,
    read_document,
    read_documents_file,
)

from .duplicates import find_duplicates
from .quality_filter import find_rejection
from .rules import NO_RULES, CorpusRules
from .sources import LeftOut, find_sources

if TYPE_CHECKING:
    from jupyter_safecoder.attribution.optout import OptOutList

#: Why a file of the opt-out list, or a copy of one, is left out, and how to have it.
OPTED_OUT = "in the opt-out list, or like a file in it"
_OVERRIDE = "jupyter safecoder attribution optout remove PATH"
#: The share of the time that reading takes; the rest is the search for duplicates.
_READING = 0.8


@dataclass(frozen=True)
class Scan:
    """The documents of a corpus as they are in the files, and the files that were left out."""

    documents: tuple[Document, ...]
    left_out: tuple[LeftOut, ...]


class Scanned(Protocol):
    """What :func:`check_enough` reads of a scan or a corpus."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents that remain."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The files that do not, with the reason."""


def scan(
    paths: Sequence[Path],
    progress: Callable[[float, str], None] = lambda share, text: None,
    rules: CorpusRules = NO_RULES,
    optout: OptOutList | None = None,
) -> Scan:
    """Return the documents below paths that belong to a corpus.

    Parameters
    ----------
    paths
        Notebooks, Python files, and directories of them.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.
    rules
        What the team says of its files.
    optout
        Files that are not to be learned from, nor copies of them.

    Raises
    ------
    FinetuneError
        If a path does not exist, or the extra ``finetune`` is not installed.
    UnusableIndex
        If the opt-out list cannot be read.
    """
    require_extra(*CORPUS)
    progress(0.0, "Searching for notebooks")
    files, left_out = find_sources(paths)
    documents: list[Document] = []
    for number, file in enumerate(files):
        progress(_READING * number / len(files), f"Reading {file.name}")
        try:
            read = _read(file)
        except UnusableFile as error:
            left_out.append(LeftOut(str(file), error.reason, override=error.remedy))
            continue
        for document in read:
            if (why := find_rejection(document, rules)) is not None:
                left_out.append(LeftOut(document.path, why.reason, why.decided_by, why.override))
                continue
            if optout and (entry := optout.covering(document.code, document.language)):
                left_out.append(LeftOut(document.path, OPTED_OUT, entry, _OVERRIDE))
                continue
            documents.append(document)
            if document.excluded:
                reason = f"{document.excluded} cells of it excluded by tag"
                override = f"remove the tag {EXCLUDED_TAG} from the cells"
                left_out.append(LeftOut(document.path, reason, override=override))
    # Notebooks first: of a script and the notebook that it was exported from, the notebook stays.
    duplicates = find_duplicates(
        sorted(documents, key=lambda document: not document.notebook),
        lambda share: progress(_READING + (1 - _READING) * share, "Searching for duplicates"),
    )
    left_out += [LeftOut(path, reason) for path, reason in duplicates.items()]
    return Scan(
        tuple(document for document in documents if document.path not in duplicates),
        tuple(sorted(left_out, key=lambda one: one.path)),
    )


def _read(path: Path) -> list[Document]:
    return read_documents_file(path) if path.name == DOCUMENTS_FILE else [read_document(path)]


def check_enough(found: Scanned) -> None:
    """Refuse a corpus that is too small to learn from and to hold a document out.

    Parameters
    ----------
    found
        A scan or a corpus.

    Raises
    ------
    FinetuneError
        With what is missing, and why files were left out.
    """
    if len(found.documents) > 1:
        return
    if found.documents:
        raise FinetuneError(
            "There is one document only: none can be held out to measure whether training helped.",
            "Name more notebooks: some twenty make a difference.",
        )
    if not found.left_out:
        raise FinetuneError(
            "There is no notebook and no Python file there.", "Name other directories."
        )
    counts = Counter(one.reason.partition(":")[0].partition(" of ")[0] for one in found.left_out)
    reasons = "; ".join(f"{reason} ({number})" for reason, number in counts.items())
    raise FinetuneError(
        f"Every file was left out: {reasons}.",
        "'jupyter safecoder corpus PATH' lists each with its reason.",
    )
