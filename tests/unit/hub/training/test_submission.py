"""Submissions: what is sent arrives, what is too large or malformed does not."""

from __future__ import annotations

import gzip
import json

import pytest

from jupyter_safecoder.errors import BodyTooLarge, InvalidRequest
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.hub.training.submission import (
    MAX_BYTES,
    MAX_DOCUMENTS,
    JobSubmission,
    decode,
    encode,
)
from jupyter_safecoder.protocol import Cell

DOCUMENT = Document(
    "/home/ada/team.ipynb",
    (Cell("markdown", "# Ünïcode"), Cell("code", "a = 1", "1")),
    (0, 1),
    "python",
    notebook=True,
)
GOOD = {"name": "ours", "settings": {}, "documents": [DOCUMENT.to_json()]}


def packed(**changes: object) -> bytes:
    return gzip.compress(json.dumps({**GOOD, **changes}).encode())


def test_what_is_sent_arrives_without_names_of_files() -> None:
    body = encode(JobSubmission("ours", {"rank": 8}, [DOCUMENT, DOCUMENT]))
    assert b"ada" not in gzip.decompress(body)
    again = decode(body)
    assert (again.name, again.settings) == ("ours", {"rank": 8})
    assert [document.cells for document in again.documents] == [DOCUMENT.cells] * 2
    assert len({document.path for document in again.documents}) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        packed()[:-9],
        gzip.compress(b"[" * 100_000),
        packed(documents=[]),
        packed(documents=[["/../x", "a"]]),
        packed(documents=[{**DOCUMENT.to_json(), "path": "/etc"}]),
        packed(documents=[{"language": "python"}]),
        packed(name=3),
        packed(settings=[]),
        gzip.compress(b'{"name": "ours"}'),
    ],
)
def test_bodies_that_are_not_submissions(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not a submission"):
        decode(body)


def test_bodies_that_are_too_large() -> None:
    with pytest.raises(BodyTooLarge, match="32 MB"):
        decode(gzip.compress(bytes(MAX_BYTES + 1)))
    many = [DOCUMENT] * (MAX_DOCUMENTS + 1)
    with pytest.raises(BodyTooLarge, match="2,001 files; the service accepts 2,000"):
        encode(JobSubmission("ours", {}, many))
    with pytest.raises(BodyTooLarge, match="2,001 files"):
        decode(packed(documents=[document.to_json() for document in many]))
    large = Document("", (Cell("code", "x" * MAX_BYTES),), (0,), "python", notebook=False)
    with pytest.raises(BodyTooLarge, match="32 MB"):
        encode(JobSubmission("ours", {}, [large]))
