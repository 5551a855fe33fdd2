"""What came of a request, in sizes and times: for counts, audit, metrics, the page. No text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any


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
    outcome: str = "runtime_lost"
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

    def read(self, line: bytes) -> None:
        """Take in an event of the runtime."""
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            return
        if event.get("event") == "text":
            # Of an answer that is cancelled, no more is told than this.
            self.completion_tokens = int(event["tokens"])
        elif event.get("event") == "done":
            self.outcome = str(event["finish_reason"])
            self.model = str(event["model"])
            self.prompt_tokens = int(event["prompt_tokens"])
            self.completion_tokens = int(event["completion_tokens"])
            self.ttft_ms = event["ttft_ms"]
        elif event.get("event") == "error":
            self.outcome = str(event["code"])
