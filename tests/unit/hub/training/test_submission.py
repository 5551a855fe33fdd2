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
    MAX_VALUES,
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


def test_what_is_sent_arrives() -> None:
    body = encode(JobSubmission("ours", {"rank": 8}, [DOCUMENT, DOCUMENT]))
    assert b"ada" not in gzip.decompress(body)
    again = decode(body)
    assert again.paths is None
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
        packed(paths=[]),
        packed(paths=["/home/ada/team.ipynb"]),
        packed(paths=[[]]),
        packed(paths=[["a", "b", "c"]]),
        packed(paths=[["a" * 4097]]),
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


def test_paths_arrive_beside_the_documents() -> None:
    paths = [["/home/ada/team.ipynb"], ["/a", "/b"]]
    again = decode(encode(JobSubmission("ours", {}, [DOCUMENT, DOCUMENT], paths)))
    assert again.paths == paths
    assert "ada" not in again.documents[0].path


@pytest.mark.parametrize("bomb", [b"[]", b"{}", b"[[[[]]]]", b'{"a":{}}', b"0"])
def test_a_small_body_of_many_values_is_too_large(bomb: bytes) -> None:
    values = b",".join([bomb] * MAX_VALUES)
    for text in (b'{"documents":[%b]}', b'{"name":[%b]}', b'{"documents":[{"cells":[%b]}]}'):
        body = gzip.compress(text % values)
        assert len(body) < 2**15
        with pytest.raises(BodyTooLarge):
            decode(body)


def test_a_file_too_many_is_refused_before_the_next_one_is_read() -> None:
    text = json.dumps(DOCUMENT.to_json())
    body = '{"name": "ours", "settings": {}, "documents": [' + f"{text}," * MAX_DOCUMENTS
    with pytest.raises(BodyTooLarge, match="2,001 files"):
        decode(gzip.compress(f"{body}{text}, no json".encode()))
