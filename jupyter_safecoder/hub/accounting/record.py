"""What came of a request, in sizes and times: for counts, audit, metrics, the page. No text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

#: Actions that count as a request for a completion.
REQUESTS = frozenset({"complete", "text"})


def utc_text(seconds: float = 0.0) -> str:
    """Return the time so many seconds from now, as records have it."""
    when = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return when.isoformat(timespec="milliseconds")


@dataclass
class Record:
    """One thing that somebody asked for; filled in as the answer goes by.

    Parameters
    ----------
    person
        Whose token it was.
    action
        ``complete``, ``text`` (other editors), ``train``, …
    outcome
        ``end`` and the other finish reasons, ``cancelled``, ``refused``, or an error's code.
    reason
        Of a refusal: ``policy``, ``not granted``, ``limit``, ``queue``, …
    waited_ms
        In the service's queue.
    ttft_ms, total_ms
        From the request's arrival at the service.
    """

    person: str
    action: str = "complete"
    outcome: str = "runtime_unavailable"
    group: str = ""
    adapter: str = ""
    model: str = ""
    reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    waited_ms: float = 0.0
    ttft_ms: float | None = None
    total_ms: float = 0.0
    time: str = field(default_factory=utc_text)

    def read(self, line: bytes) -> bool:
        """Take in a line of a completion; say whether the answer ends with it."""
        event = object_of(line)
        kind = event.get("event")
        if kind == "text":
            # Of an answer that is cancelled, no more is told than this.
            self.completion_tokens = int(event["tokens"])
            self.prompt_tokens = int(event.get("prompt_tokens", self.prompt_tokens))
        elif kind == "done":
            self.outcome = str(event["finish_reason"])
            self.model = str(event["model"])
            self.prompt_tokens = int(event["prompt_tokens"])
            self.completion_tokens = int(event["completion_tokens"])
        elif kind == "error":
            self.outcome = str(event["code"])
        return kind in ("done", "error")

    def read_text(self, line: bytes) -> bool:
        """Take in a line of another editor's answer; say whether the answer ends with it."""
        is_piece = line.startswith(b"data: ")
        if line == b"data: [DONE]\n":
            return True
        answer = object_of(line.removeprefix(b"data: "))
        if not answer:
            return False
        if "error" in answer:
            self.outcome = str(answer["error"].get("code"))
            return True
        self.model = str(answer["model"])
        if usage := answer.get("usage"):
            self.prompt_tokens = int(usage["prompt_tokens"])
            self.completion_tokens = int(usage["completion_tokens"])
        for choice in answer["choices"]:
            # At least one, until the end tells how many.
            self.completion_tokens += is_piece
            self.outcome = str(choice["finish_reason"] or self.outcome)
        return not is_piece


def object_of(line: bytes) -> dict[str, Any]:
    """Return the JSON object that a line is; an empty one where it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
