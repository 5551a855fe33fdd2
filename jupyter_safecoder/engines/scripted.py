"""An engine for tests: it answers from a script at once, or fails in the middle of an answer.

The script is a JSON file, the ``weights`` of a model directory whose engine is this one::

    {"answers": [{"after": "import nu", "text": "mpy as np"}],
     "otherwise": "pass",
     "first_token_ms": 0, "token_ms": 0, "load_ms": 0}

An answer is chosen by the text that the prompt ends with (``after``). Besides ``text`` it may have
``stall`` (true: no token ever comes), ``fail_after`` or ``die_after`` (after so many tokens the
engine raises, or its process exits), a ``token_ms`` of its own, and ``line_logprobs``: for each
line of the text the log-probability of each of its tokens. ``candidates`` are the characters that
it may begin with, with their log-probabilities; without them that of its text is the only one. Each
UTF-8 byte is a token. With ``offers_candidates`` false the engine knows no candidates.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription

from .engine import Candidate, EngineOptions, EngineOutput

#: Id of the first special token.
_FIRST_SPECIAL_ID = 256
#: Exit status of a process whose script has ``die_after``.
_EXIT_STATUS = 86


class ByteTokenizer:
    """UTF-8 bytes as ids; special tokens are numbered from 256 in the order of their first use."""

    bos_ids: Sequence[int] = ()
    size = _FIRST_SPECIAL_ID

    def __init__(self) -> None:
        self._special_ids: dict[str, int] = {}

    def encode(self, text: str) -> list[int]:
        """Return the bytes of a text."""
        return list(text.encode("utf-8", "replace"))

    encode_cell = encode

    def has(self, name: str) -> bool:
        """Return true: it has every special token."""
        return True

    def token_id(self, name: str) -> int:
        """Return the id of a special token."""
        return self._special_ids.setdefault(name, _FIRST_SPECIAL_ID + len(self._special_ids))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of bytes, without special tokens."""
        return bytes(i for i in ids if i < _FIRST_SPECIAL_ID).decode("utf-8", "replace")


@dataclass
class _Request:
    """A running request; ``next_token_at`` is the ``time.monotonic()`` of its next token."""

    answer: dict[str, Any]
    ids: list[int]
    logprobs: list[float] | None
    next_token_at: float
    finished: Literal["end", "length"]
    sent: int = 0


class ScriptedEngine:
    """Answers from a script instead of a model.

    Parameters
    ----------
    model
        Its ``weights`` are the script.
    options
        Ignored.
    """

    name = "scripted"
    device = "script"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._path = model.weights
        self.tokenizer = ByteTokenizer()
        self._running: dict[int, _Request] = {}
        self._script: dict[str, Any] = {}
        self._candidates: list[EngineOutput] = []
        self.offers_candidates = True

    def load(self) -> None:
        """Read the script."""
        try:
            self._script = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(
                f"The script {self._path} cannot be read as JSON.", "Fix the script."
            ) from error
        self.offers_candidates = self._script.get("offers_candidates", True)
        time.sleep(self._seconds("load_ms"))

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Choose the answer by the text that the prompt ends with."""
        answer = self._answer(prompt)
        ids = self.tokenizer.encode(answer.get("text", ""))
        finished: Literal["end", "length"] = "length" if len(ids) > max_tokens else "end"
        first_token_at = time.monotonic() + self._seconds("first_token_ms")
        self._running[request] = _Request(
            answer, ids[:max_tokens], _logprobs(answer), first_token_at, finished
        )

    def submit_candidates(self, request: int, prompt: Sequence[int], count: int) -> None:
        """Choose the answer, and return the characters that it may begin with."""
        answer = self._answer(prompt)
        logprobs = answer.get("candidates") or {answer.get("text", "")[:1]: 0.0}
        candidates = [
            Candidate(self.tokenizer.encode(character)[0], logprob)
            for character, logprob in logprobs.items()
            if character
        ]
        self._candidates.append(EngineOutput(request, [], "length", candidates=candidates[:count]))

    def cancel(self, request: int) -> None:
        """Drop a request."""
        self._running.pop(request, None)
        self._candidates = [one for one in self._candidates if one.request != request]

    def busy(self) -> bool:
        """Return whether a request runs."""
        return bool(self._running or self._candidates)

    def step(self) -> list[EngineOutput]:
        """Return the next token of each request for which it is time."""
        if self._candidates:
            outputs, self._candidates = self._candidates, []
            return outputs
        now = time.monotonic()
        due = [
            (number, request)
            for number, request in self._running.items()
            if request.next_token_at <= now and not request.answer.get("stall")
        ]
        if not due:
            time.sleep(0.001)
            return []
        return [self._next_token(number, request, now) for number, request in due]

    def _answer(self, prompt: Sequence[int]) -> dict[str, Any]:
        text = self.tokenizer.decode(prompt[-4096:])
        otherwise = {"text": self._script.get("otherwise", "")}
        answers = self._script.get("answers", ())
        return next((answer for answer in answers if text.endswith(answer["after"])), otherwise)

    def _next_token(self, number: int, request: _Request, now: float) -> EngineOutput:
        if request.sent == request.answer.get("die_after"):
            os._exit(_EXIT_STATUS)
        if request.sent == request.answer.get("fail_after"):
            raise RuntimeError("The script makes the engine fail.")
        new = slice(request.sent, request.sent + 1)
        ids = request.ids[new]
        logprobs = None if request.logprobs is None else request.logprobs[new]
        request.sent += 1
        token_ms = request.answer.get("token_ms", self._script.get("token_ms", 0))
        request.next_token_at = now + float(token_ms) / 1000
        if request.sent < len(request.ids):
            return EngineOutput(number, ids, logprobs=logprobs)
        del self._running[number]
        return EngineOutput(number, ids, request.finished, logprobs=logprobs)

    def _seconds(self, name: str) -> float:
        return float(self._script.get(name, 0)) / 1000


def _logprobs(answer: dict[str, Any]) -> list[float] | None:
    """Return the log-probability of each byte of an answer; newlines belong to the line before."""
    if "line_logprobs" not in answer:
        return None
    lines = answer["text"].encode().splitlines(keepends=True)
    pairs = zip(lines, answer["line_logprobs"], strict=True)
    return [float(logprob) for line, logprob in pairs for _ in line]


def write_scripted_model(directory: Path, script: dict[str, Any]) -> Path:
    """Write the directory of a model that this engine serves.

    Parameters
    ----------
    directory
        Created if it does not exist.
    script
        The script.

    Returns
    -------
    Path
        The directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    content = json.dumps(script).encode()
    (directory / "script.json").write_bytes(content)
    file = {
        "file": "script.json",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    description = {
        "name": "scripted",
        "family": "starcoder",
        "layouts": ["spm", "psm", "context"],
        "default_layout": "spm",
        "context_window": 65536,
        "context_tokens": 8192,
        "prefix_tokens": 8192,
        "suffix_tokens": 4096,
        "languages": ["python"],
        "license": "Apache-2.0",
        "format": "script",
        "architecture": "script",
        "weights": file,
        "tokenizer": file,
    }
    (directory / "model.json").write_text(json.dumps(description), "utf-8")
    return directory
