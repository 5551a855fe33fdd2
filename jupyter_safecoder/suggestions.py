"""What happens to suggestions: events of a browser, and their sums; never the text.

``protocol.schema.json`` defines both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, Literal

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.protocol import schema
from jupyter_safecoder.validation import parse_json, validate

#: Maximum size of a body of events: 200 events with all their fields.
MAX_EVENTS_BYTES = 2**17
#: Maximum size of a body of counts.
MAX_COUNTS_BYTES = 1024
#: Many more than the values of a body that fits the schema.
_MAX_VALUES = 4_000


@dataclass(frozen=True)
class SuggestionEvent:
    """What happened to a suggestion.

    Parameters
    ----------
    event
        ``kept`` follows half a minute after ``accepted``, with what is still there.
    characters
        UTF-16 code units that were shown, accepted, dismissed or kept.
    document
        The kind of the document.
    language
        The language of the document.
    model
        The model that is served; empty: not known.
    latency_ms
        Of ``shown``: milliseconds from the call of the editor.
    part
        Of ``accepted``: how much.
    first
        Of ``accepted``: whether nothing of this suggestion was accepted before.
    accepted_characters
        Of ``kept``: how many characters were accepted.
    """

    event: Literal["shown", "accepted", "dismissed", "kept"]
    characters: int
    document: Literal["notebook", "console", "file"]
    language: str
    model: str
    latency_ms: float | None = None
    part: Literal["all", "line", "word"] | None = None
    first: bool | None = None
    accepted_characters: int | None = None

    def to_data(self) -> dict[str, Any]:
        """Return the fields of a Jupyter event: all but the kind and what is not known."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name != "event" and value is not None
        }


@dataclass
class SuggestionCounts:
    """Sums over events.

    Parameters
    ----------
    shown
        Suggestions that were shown.
    accepted
        Suggestions of which a part or all was accepted.
    accepted_characters
        Characters that were accepted.
    dismissed
        Suggestions that were dismissed.
    kept_characters, checked_characters
        Accepted characters that were still there after half a minute, and those of which that is
        known.
    """

    shown: int = 0
    accepted: int = 0
    accepted_characters: int = 0
    dismissed: int = 0
    kept_characters: int = 0
    checked_characters: int = 0

    @classmethod
    def of_events(cls, events: Iterable[SuggestionEvent]) -> SuggestionCounts:
        """Return the sums over events, none above what the schema allows."""
        counts = cls()
        for event in events:
            if event.event == "shown":
                counts.shown += 1
            elif event.event == "accepted":
                counts.accepted += bool(event.first)
                counts.accepted_characters += event.characters
            elif event.event == "dismissed":
                counts.dismissed += 1
            else:
                counts.kept_characters += event.characters
                counts.checked_characters += event.accepted_characters or 0
        maximum = _definition("SuggestionCounts")["properties"]
        return cls(**{name: min(n, maximum[name]["maximum"]) for name, n in asdict(counts).items()})

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def to_json(self) -> bytes:
        """Return the JSON body of these counts."""
        return json.dumps(asdict(self), separators=(",", ":")).encode("ascii")


def parse_events(body: bytes) -> list[SuggestionEvent]:
    """Return the events of a JSON body, checked against the schema.

    Raises
    ------
    InvalidRequest
        If the body is not JSON, or does not fit the schema.
    """
    data = validate(
        {
            **_definition("SuggestionEvents"),
            "definitions": {"SuggestionEvent": _definition("SuggestionEvent")},
        },
        parse_json(body, _MAX_VALUES),
        "the request",
        InvalidRequest,
    )
    for event in data["events"]:
        # To JSON Schema 8.0 is an integer, and Python reads NaN, which is within all limits.
        for name in ("characters", "accepted_characters"):
            if name in event:
                event[name] = int(event[name])
        if not math.isfinite(event.get("latency_ms", 0.0)):
            raise InvalidRequest("'latency_ms' of the request must be a finite number.")
    return [SuggestionEvent(**event) for event in data["events"]]


def parse_counts(body: bytes) -> SuggestionCounts:
    """Return the counts of a JSON body, checked against the schema.

    Raises
    ------
    InvalidRequest
        If the body is not JSON, does not fit the schema, or more was kept than was accepted.
    """
    data = parse_json(body, _MAX_VALUES)
    validate(_definition("SuggestionCounts"), data, "the request", InvalidRequest)
    counts = SuggestionCounts(**{name: int(value) for name, value in data.items()})
    if counts.kept_characters > counts.checked_characters:
        raise InvalidRequest("The request has more kept characters than were checked.")
    return counts


@cache
def _definition(name: str) -> dict[str, Any]:
    definition: dict[str, Any] = schema()["definitions"][name]
    return definition
