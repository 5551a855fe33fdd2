"""Statuses as JSON, and back."""

from __future__ import annotations

import pytest

from jupyter_safecoder.protocol import Counters, ModelInfo, Network, Status, parse_status
from tests.support.protocol_schema import check

STATUSES = [
    Status("off", "Off."),
    Status(
        "busy",
        "2 wait.",
        "Wait.",
        0.5,
        2,
        ModelInfo("m", "starcoder", ("spm",), "spm", 8192, ("python",), "Apache-2.0"),
        "openvino",
        "CPU",
        Counters(6, 5, 4, 3, 2, 1),
        network=Network(False, True, ("llm.example:443",), 2),
    ),
]


@pytest.mark.parametrize("status", STATUSES)
def test_status_round_trip(status: Status) -> None:
    check("Status", status.to_json())
    assert parse_status(status.to_json()) == status


@pytest.mark.parametrize("body", ["", "[]", "null", "{}", '{"event":"other"}', '{"event":[]}', "{"])
def test_what_is_no_status_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match="is not a status"):
        parse_status(body)
