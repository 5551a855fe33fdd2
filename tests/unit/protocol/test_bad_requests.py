"""A body that is no request gives one sentence, which quotes nothing of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.protocol import CompletionRequest, parse_request

SECRET = "s3cr3t_of_the_notebook"
GOOD: dict[str, Any] = {"version": 2, "prefix": SECRET, "suffix": SECRET}


def _with(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


BAD = {
    "empty": b"",
    "garbage": b"\x00\xff" + SECRET.encode(),
    "cut": _with()[:-3],
    "a list": json.dumps([SECRET]).encode(),
    "a string": json.dumps(SECRET).encode(),
    "null": b"null",
    "deep lists": b"[" * 100_000,
    "deep in a field": b'{"version":2,"suffix":"","prefix":' + b"[" * 100_000,
    "deep and closed": b'{"version":2,"suffix":"","prefix":' + b"[" * 900 + b"]" * 900 + b"}",
    "no version": json.dumps({"prefix": SECRET, "suffix": ""}).encode(),
    "newer version": _with(version=3),
    "text version": _with(version="1"),
    "no suffix": json.dumps({"version": 2, "prefix": SECRET}).encode(),
    "prefix no text": _with(prefix=[SECRET]),
    "prefix null": _with(prefix=None),
    "unknown field": _with(**{SECRET: 1}),
    "before no list": _with(before={SECRET: 1}),
    "cell of no type": _with(before=[{"source": SECRET}]),
    "cell of unknown type": _with(before=[{"type": SECRET, "source": ""}]),
    "cell with more": _with(before=[{"type": "code", "source": "", SECRET: ""}]),
    "output no text": _with(before=[{"type": "code", "source": "", "output": 5}]),
    "unknown layout": _with(options={"layout": SECRET}),
    "unknown option": _with(options={SECRET: True}),
    "unknown trigger": _with(options={"trigger": SECRET}),
    "unknown suggestions": _with(options={"suggestions": SECRET}),
    "no tokens": _with(options={"max_tokens": 0}),
    "too many tokens": _with(options={"max_tokens": 10**9}),
    "half a token": _with(options={"max_tokens": 2.5}),
    "NaN tokens": b'{"version":2,"prefix":"","suffix":"","options":{"max_tokens":NaN}}',
    "infinite tokens": b'{"version":2,"prefix":"","suffix":"","options":{"max_tokens":Infinity}}',
    "true tokens": _with(options={"max_tokens": True}),
    "huge number": b'{"version":2,"prefix":"","suffix":"","x":' + b"9" * 10_000 + b"}",
    "long document": _with(document=SECRET * 100),
    "long language": _with(language=SECRET * 10),
    "unknown name": _with(after=[], trigger=SECRET),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_bad_request(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_request(body)
    message = str(raised.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert SECRET not in message
    assert len(message) < 200


def test_the_good_request_that_the_bad_ones_differ_from_passes() -> None:
    assert parse_request(_with()) == CompletionRequest(SECRET, SECRET)


def test_the_message_names_the_field() -> None:
    with pytest.raises(InvalidRequest, match="max_tokens"):
        parse_request(BAD["no tokens"])


def test_an_integer_written_as_a_float_reaches_the_engine_as_an_integer() -> None:
    request = parse_request(_with(options={"max_tokens": 8.0}))
    assert isinstance(request.options.max_tokens, int)


def test_surrogates_written_as_bytes_survive() -> None:
    body = b'{"version":2,"suffix":"","prefix":"\xed\xa0\xbd"}'
    assert parse_request(body).prefix == "\ud83d"
