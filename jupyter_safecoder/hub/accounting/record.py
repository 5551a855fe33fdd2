"""Metadata of one request (token counts, latencies, outcome), never its text."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

#: Actions that count as a request for a completion.
REQUEST_ACTIONS = frozenset({"complete", "text"})
#: Action of a request that only has a prompt computed in advance: no user gets a completion.
WARM_ACTION = "warm"
#: Action of a record that only finds out whether the audit log can be written again.
PROBE_ACTION = "probe"
#: Names in audit logs of version 0.1.
_RENAMED_FIELDS = {"person": "user"}
_RENAMED_OUTCOMES = {"runtime_lost": "runtime_unavailable", "replaced": "superseded"}


def utc_timestamp(offset_s: float = 0.0) -> str:
    """Return the time so many seconds from now, in the form that records have."""
    when = datetime.now(timezone.utc) + timedelta(seconds=offset_s)
    return when.isoformat(timespec="milliseconds")


@dataclass
class Record:
    """One request or action of a user; completed while the response is relayed.

    Parameters
    ----------
    user
        Name or pseudonym of the token's owner.
    action
        ``complete``, ``text`` (other editors), ``warm`` (a prompt is computed in advance),
        ``train`` or ``use adapter``; of administrators
        ``drain``, ``resume``, ``reload`` or ``restart``; ``probe`` finds out whether the audit log
        can be written again.
    outcome
        Of a completion: ``end`` or another finish reason, ``cancelled``, ``refused``, or an error
        code. Of another action: ``done``, ``refused``, or what happened to the job or adapter.
    group
        The group whose grant counted.
    adapter
        The adapter that the group was served with, or that the action is about; empty: none.
    model
        The model that completed, or that the action is about; empty: not known.
    reason
        Why a request was refused: ``policy`` (the file is invalid), ``not granted``, ``no scope``,
        ``limit`` (of the policy), ``flood`` (too many requests or refusals in a minute), ``bodies``
        (too many or too large at once), ``invalid`` (not a request), ``queue``, ``drained``,
        ``audit`` (the log cannot be written) or ``database``.
    prompt_tokens
        Tokens of the prompt.
    completion_tokens
        Tokens of the completion.
    waited_ms
        Milliseconds in the service's queue.
    ttft_ms
        Milliseconds from the request's arrival at the service to the first token; ``None``: no
        token.
    total_ms
        Milliseconds from the request's arrival at the service to the end.
    time
        When the request arrived, in ISO 8601.
    count
        Number of requests of this kind that the line stands for, within a minute from ``time`` on;
        missing: 1. Kinds are those of refused, excluded and other requests without a token.
    """

    user: str
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
    time: str = field(default_factory=utc_timestamp)
    count: int = 1

    def __post_init__(self) -> None:
        # Not a field: it is a time of this process, and is not recorded.
        self._started = clock.perf_counter()

    def elapsed_ms(self) -> float:
        """Return the milliseconds since the record was created."""
        return round(1000 * (clock.perf_counter() - self._started), 1)

    def to_entry(self) -> dict[str, Any]:
        """Return the fields of the entry in the audit log."""
        entry = asdict(self)
        if self.count == 1:
            del entry["count"]
        return entry

    def update_from_event(self, line: bytes) -> bool:
        """Update the record from a line of a completion; return whether it is the last line."""
        event = parse_object(line)
        kind = event.get("event")
        if kind == "text":
            # A cancelled completion has no other event with these counts.
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

    def update_from_openai(self, line: bytes) -> bool:
        """Update the record from a line for another editor; return whether it is the last.

        Mistral's lines have the same counts as OpenAI's, llama.cpp's have ``tokens_predicted``.
        """
        is_chunk = line.startswith(b"data: ")
        if line == b"data: [DONE]\n":
            return True
        response = parse_object(line.removeprefix(b"data: "))
        if not response:
            return False
        if "error" in response:
            self.outcome = str(response["error"].get("code"))
            return True
        if "tokens_predicted" in response:
            return self._update_from_llama_cpp(response)
        self.model = str(response["model"])
        if usage := response.get("usage"):
            self.prompt_tokens = int(usage["prompt_tokens"])
            self.completion_tokens = int(usage["completion_tokens"])
        for choice in response["choices"]:
            # A chunk has one token or more; the usage at the end has the exact number.
            self.completion_tokens += is_chunk and not usage
            self.outcome = str(choice["finish_reason"] or self.outcome)
        return not is_chunk

    def _update_from_llama_cpp(self, response: Mapping[str, Any]) -> bool:
        self.completion_tokens = int(response["tokens_predicted"])
        self.prompt_tokens = int(response["tokens_evaluated"])
        if response["stop"]:
            self.model = str(response["model"])
            self.outcome = "length" if response["stop_type"] == "limit" else "stop"
        return bool(response["stop"])


def current_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of the audit log with the names of this version, not those of 0.1."""
    current = {_RENAMED_FIELDS.get(name, name): value for name, value in entry.items()}
    outcome = current.get("outcome")
    if isinstance(outcome, str):
        current["outcome"] = _RENAMED_OUTCOMES.get(outcome, outcome)
    return current


def parse_object(line: bytes) -> dict[str, Any]:
    """Return the JSON object of a line; an empty one if the line is not a JSON object."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
