"""Requests that other editors send, and how they read the responses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.paths import ROOT

_FILE = json.loads((ROOT / "tests/data/editors/requests.json").read_text("utf-8"))


@dataclass(frozen=True)
class EditorRequest:
    """A request of ``tests/data/editors/requests.json``.

    Parameters
    ----------
    client, what
        Which editor sends it, and in which case.
    path, body
        Of the request; the path is that after the base URL.
    reads
        Where the editor reads the text, in the body or in each event.
    prefix, suffix, extra
        What is to be filled in, and texts of other files.
    empty
        Whether the text is empty.
    """

    client: str
    what: str
    path: str
    body: dict[str, Any]
    reads: str
    prefix: str = _FILE["prefix"]
    suffix: str = _FILE["suffix"]
    extra: list[str] = field(default_factory=list)
    empty: bool = False

    @property
    def name(self) -> str:
        """A name for a test."""
        return f"{self.client}: {self.what}"

    def text(self, response: str) -> str:
        """Return the text that the editor reads from a response, streamed or not."""
        if not self.body.get("stream"):
            return self._read(json.loads(response))
        return "".join(self._read(body) for body in events(response))

    def _read(self, body: Any) -> str:
        if body.get("choices") == []:  # the usage at the end of OpenAI's streams
            return ""
        for key in self.reads.split("."):
            body = body[int(key)] if key.isdigit() else body[key]
        assert isinstance(body, str)
        return body


REQUESTS = [EditorRequest(**one) for one in _FILE["requests"]]


def events(response: str) -> list[Any]:
    """Return the bodies of server-sent events, without the line that ends OpenAI's streams."""
    lines = [line for line in response.splitlines() if line]
    assert all(line.startswith("data: ") for line in lines), response
    texts = [line.removeprefix("data: ") for line in lines]
    return [json.loads(text) for text in texts if text != "[DONE]"]


def prompt_tokens(request: EditorRequest, response: str) -> int | None:
    """Return the number of tokens of the prompt, if the response says it."""
    body = events(response)[-1] if request.body.get("stream") else json.loads(response)
    usage = body.get("usage") or {}
    found = usage.get("prompt_tokens", body.get("tokens_evaluated"))
    return None if found is None else int(found)
