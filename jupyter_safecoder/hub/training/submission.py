"""A submission of a training job: documents and settings, compressed and bounded in size.

The paths of its documents are those of the user's server. They are compared with the policy, and
never used as paths or kept.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.errors import BodyTooLarge, InvalidRequest
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.validation import validate

from .bounded_json import read_object, unpack

#: Bounds of a body: bytes as it is sent, bytes of its JSON, and number of documents.
MAX_COMPRESSED_BYTES, MAX_BYTES, MAX_DOCUMENTS = 16 * 2**20, 32 * 2**20, 2000
#: Maximum number of the values of its JSON: each takes memory, however short it is.
MAX_VALUES = 500_000
_MAX_PATH_CHARACTERS, _MAX_PATHS = 4096, 2
#: All but the documents, each of which is checked by Document.
_SCHEMA = {
    "type": "object",
    "required": ["name", "settings"],
    "properties": {
        "name": {"type": "string"},
        "settings": {"type": "object"},
        "paths": {
            "type": "array",
            "items": {
                "type": "array",
                "minItems": 1,
                "maxItems": _MAX_PATHS,
                "items": {"type": "string", "minLength": 1, "maxLength": _MAX_PATH_CHARACTERS},
            },
        },
    },
}


@dataclass(frozen=True)
class JobSubmission:
    """A job to start.

    Parameters
    ----------
    name
        Name of the job, and of the adapter that it makes.
    settings
        Settings of the recipe; the others have their defaults.
    documents
        What to train on.
    paths
        The paths of each document on the user's server: as it was found, and where its links lead.
        ``None``: a client of an older version sends none.
    """

    name: str
    settings: dict[str, Any]
    documents: Sequence[Document]
    paths: Sequence[Sequence[str]] | None = None


def encode(submission: JobSubmission) -> bytes:
    """Return the body of a request.

    Raises
    ------
    BodyTooLarge
        If the service would not accept it.
    """
    _check_number(len(submission.documents))
    data = {
        "name": submission.name,
        "settings": submission.settings,
        "documents": [document.to_json() for document in submission.documents],
    }
    if submission.paths is not None:
        data["paths"] = submission.paths
    text = json.dumps(data).encode()
    body = gzip.compress(text)
    if len(text) > MAX_BYTES or len(body) > MAX_COMPRESSED_BYTES:
        raise _too_large()
    return body


def decode(body: bytes) -> JobSubmission:
    """Return the submission of a body.

    Raises
    ------
    BodyTooLarge
        If it is more than the service accepts.
    InvalidRequest
        If it is not a submission.
    """
    documents: list[Document] = []

    def add(document: Any) -> None:
        _check_number(len(documents) + 1)
        documents.append(Document.from_json(document, f"document {len(documents)}"))

    try:
        try:
            text = unpack(body, MAX_BYTES, MAX_VALUES)
        except BodyTooLarge:
            raise _too_large() from None
        data = validate(_SCHEMA, read_object(text, "documents", add), "the submission")
        paths = data.get("paths")
        if not documents or (paths is not None and len(paths) != len(documents)):
            raise ValueError
    except BodyTooLarge:
        raise
    except (ValueError, RecursionError):
        raise InvalidRequest(
            "The body is not a submission of a training job.",
            "Restart the user's server with the version of SafeCoder that the service has.",
        ) from None
    return JobSubmission(data["name"], data["settings"], documents, paths)


def _check_number(documents: int) -> None:
    if documents > MAX_DOCUMENTS:
        raise BodyTooLarge(f"These are {documents:,} files; the service accepts {MAX_DOCUMENTS:,}.")


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(
        f"The files are larger than the service accepts: {MAX_BYTES // 2**20} MB of text, in "
        f"about {MAX_VALUES // 4:,} cells."
    )
