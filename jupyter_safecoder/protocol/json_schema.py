"""The JSON Schema of the protocol."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

PROTOCOL_VERSION = 2


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the protocol."""
    loaded: dict[str, Any] = json.loads(
        files("jupyter_safecoder").joinpath("protocol.schema.json").read_text("utf-8")
    )
    return loaded
