"""The request for what a kernel knows of names."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.context.kernel.names import MAX_MENTIONED
from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.validation import parse_json, validate

_MAX_VALUES = 1_000
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "names": {
            "type": "array",
            "items": {"type": "string", "maxLength": 200},
            "maxItems": MAX_MENTIONED,
            "default": [],
        },
        "members": {
            "type": "array",
            "items": {"type": "string", "maxLength": 400},
            "maxItems": 4,
            "default": [],
        },
    },
}


def parse_names_request(body: bytes) -> tuple[list[str], list[str]]:
    """Return the names to describe, and the modules and classes whose members are wanted.

    Raises
    ------
    InvalidRequest
        If the body is none.
    """
    asked = validate(_SCHEMA, parse_json(body, _MAX_VALUES), "the request", InvalidRequest)
    return asked["names"], asked["members"]
