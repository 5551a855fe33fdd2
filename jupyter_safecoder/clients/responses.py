"""Reads responses of a Hub's service to requests for the status."""

from __future__ import annotations

from contextlib import suppress

from jupyter_safecoder.protocol import Error, Status, decode_event, parse_status


def read_status(content: bytes) -> Status | None:
    """Return the Status of a body, or a failed one for an error; ``None`` if it is neither."""
    with suppress(ValueError):
        return parse_status(content)
    with suppress(ValueError):
        event = decode_event(content)
        if isinstance(event, Error):
            return Status("failed", event.message, event.remedy)
    return None
