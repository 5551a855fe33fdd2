"""A submission of a training job: documents and settings, compressed and bounded in size.

It has no file names: nothing in it can name a path on the service's machine.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.errors import BodyTooLarge, InvalidRequest
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.validation import validate

#: Bounds of a body: bytes as it is sent, bytes of its JSON, and number of documents.
MAX_COMPRESSED_BYTES, MAX_BYTES, MAX_DOCUMENTS = 16 * 2**20, 32 * 2**20, 2000
#: zlib's window bits for data in gzip format.
_GZIP = 31
_SCHEMA = {
    "type": "object",
    "required": ["name", "settings", "documents"],
    "properties": {
        "name": {"type": "string"},
        "settings": {"type": "object"},
        # Each of them is checked by Document.
        "documents": {"type": "array", "minItems": 1},
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
    """

    name: str
    settings: dict[str, Any]
    documents: Sequence[Document]


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
    decompressor = zlib.decompressobj(_GZIP)
    try:
        text = decompressor.decompress(body, MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise _too_large()
        if not decompressor.eof:
            raise ValueError
        data = validate(_SCHEMA, json.loads(text), "the submission")
        _check_number(len(data["documents"]))
        documents = [
            Document.from_json(document, f"document {number}")
            for number, document in enumerate(data["documents"])
        ]
    except BodyTooLarge:
        raise
    except (zlib.error, ValueError, RecursionError):
        raise InvalidRequest(
            "The body is not a submission of a training job.",
            "Restart the user's server with the version of SafeCoder that the service has.",
        ) from None
    return JobSubmission(data["name"], data["settings"], documents)


def _check_number(documents: int) -> None:
    if documents > MAX_DOCUMENTS:
        raise BodyTooLarge(f"These are {documents:,} files; the service accepts {MAX_DOCUMENTS:,}.")


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(
        f"The files are larger than the service accepts: {MAX_BYTES // 2**20} MB of text."
    )
