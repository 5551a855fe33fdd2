"""What the service answers to whoever asks for its state."""

from __future__ import annotations

from contextlib import suppress

from jupyter_safecoder.protocol import Error, Status, decode_event, parse_status


def read_state(content: bytes) -> Status | None:
    """Return the Status of a body, or that of a refusal; ``None`` if it is neither."""
    with suppress(ValueError):
        return parse_status(content)
    with suppress(ValueError):
        event = decode_event(content)
        if isinstance(event, Error):
            return Status("failed", event.message, event.remedy)
    return None
