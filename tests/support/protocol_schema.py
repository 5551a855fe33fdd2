"""Checks messages against the schema of the protocol."""

from __future__ import annotations

import json

import jsonschema

from jupyter_safecoder.protocol import schema


def check(definition: str, body: bytes | str) -> None:
    """Check a body against a definition of the schema."""
    validator = jsonschema.Draft7Validator(
        {"$ref": f"#/definitions/{definition}", "definitions": schema()["definitions"]}
    )
    validator.validate(json.loads(body))
