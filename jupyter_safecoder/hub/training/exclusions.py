"""What the policy keeps out of a group's training: pure rules over a submission."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.hub.access.exclusions import contains_text, matches_path
from jupyter_safecoder.hub.access.policy import Grant

from .submission import JobSubmission

#: A path with more parts is excluded: patterns are compared with the rest of a path from each part.
_MAX_PARTS = 64


@dataclass(frozen=True)
class AllowedSubmission:
    """What is left of a submission.

    Parameters
    ----------
    submission
        The submission, without paths and without what the policy excludes.
    excluded_documents
        Number of documents that are excluded: their path is, or all of their cells are.
    excluded_cells
        Number of cells that are excluded from the other documents.
    """

    submission: JobSubmission
    excluded_documents: int = 0
    excluded_cells: int = 0


def allowed_submission(submission: JobSubmission, grant: Grant) -> AllowedSubmission:
    """Return a submission without what its group's policy excludes.

    Parameters
    ----------
    submission
        As it was sent.
    grant
        That of the user's group.

    Raises
    ------
    FinetuneError
        If the policy excludes paths and the submission has none, or nothing is left.
    """
    if grant.exclude_paths and submission.paths is None:
        raise FinetuneError(
            "The policy of this JupyterHub excludes paths, and your server sends none.",
            "Restart it with the version of SafeCoder that the service has.",
        )
    paths: Sequence[Sequence[str]] = submission.paths or [()] * len(submission.documents)
    kept: list[Document] = []
    cells = 0
    for document, names in zip(submission.documents, paths, strict=True):
        if any(_is_excluded(name, grant) for name in names):
            continue
        allowed = _without_excluded_cells(document, grant)
        if document.cells and not allowed.cells:
            continue
        cells += len(document.cells) - len(allowed.cells)
        kept.append(allowed)
    if not kept:
        raise FinetuneError(
            "The policy of this JupyterHub excludes all of these files.",
            "Name others, or ask an administrator.",
        )
    return AllowedSubmission(
        replace(submission, documents=kept, paths=None),
        len(submission.documents) - len(kept),
        cells,
    )


def _is_excluded(path: str, grant: Grant) -> bool:
    if not grant.exclude_paths:
        return False
    # Patterns are of paths below the root of a user's server, which the service does not know.
    tails = list(_tails(path))
    return len(tails) > _MAX_PARTS or any(matches_path(tail, grant.exclude_paths) for tail in tails)


def _tails(path: str) -> Iterator[str]:
    """Yield a path, and what is left of it below each of its directories."""
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    for start in range(min(len(parts), _MAX_PARTS + 1)):
        yield "/".join(parts[start:])


def _without_excluded_cells(document: Document, grant: Grant) -> Document:
    if not grant.exclude_text:
        return document
    kept = [
        (number, cell)
        for number, cell in zip(document.numbers, document.cells, strict=True)
        if not contains_text(cell.source + cell.output, grant.exclude_text)
    ]
    if len(kept) == len(document.cells):
        return document
    return replace(
        document,
        numbers=tuple(number for number, _ in kept),
        cells=tuple(cell for _, cell in kept),
    )
