"""Responses to requests for the status: a Status, an error, or something else."""

from __future__ import annotations

import pytest

from jupyter_safecoder.clients.responses import read_status
from jupyter_safecoder.protocol import Done, Error, Status, encode_event

DONE = Done("", "end", "spm", "m", 0, 0, None, 0.0)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (Status("ready", "Ready.").to_json(), Status("ready", "Ready.")),
        (encode_event(Error("forbidden", "No.", "Ask.")), Status("failed", "No.", "Ask.")),
        (encode_event(DONE), None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_read_status(content: bytes, status: Status | None) -> None:
    assert read_status(content) == status
