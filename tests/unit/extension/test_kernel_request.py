"""What a kernel may be asked for."""

from __future__ import annotations

import json

import pytest

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.extension.kernel_request import parse_names_request


def test_names_and_members() -> None:
    assert parse_names_request(b"{}") == ([], [])
    body = json.dumps({"names": ["x", "größe"], "members": ["np.linalg"]}).encode()
    assert parse_names_request(body) == (["x", "größe"], ["np.linalg"])


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b'{"names": 3}', b'{"names": [3]}', b'{"other": []}'),
        json.dumps({"names": ["x"] * 101}).encode(),
        json.dumps({"names": ["x" * 201]}).encode(),
        json.dumps({"members": ["x"] * 5}).encode(),
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_names_request(body)
