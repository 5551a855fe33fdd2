"""An engine that answers from a script: exact, instant, and it can be told to misbehave.

The script is a JSON file, the ``weights`` of a model directory whose ``engine`` is this one::

    {"answers": [{"after": "import nu", "text": "mpy as np"}],
     "otherwise": "pass",
     "first_token_ms": 0, "token_ms": 0, "load_ms": 0}

An answer is chosen by the text that the prompt ends with; besides ``text`` it may carry ``stall``
(true: never give a token), ``fail_after`` or ``die_after`` (a number of tokens, then the engine
raises, or its process dies), and a ``token_ms`` of its own. Each UTF-8 byte is a token.
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

from .engine import EngineOptions, EngineOutput

_SPECIAL = 256


class ByteTokenizer:
    """UTF-8 bytes as ids; special tokens are numbered from 256 in the order they are asked for."""

    bos_ids: Sequence[int] = ()
    size = _SPECIAL

    def __init__(self) -> None:
        self._specials: dict[str, int] = {}

    def encode(self, text: str) -> list[int]:
        """Return the bytes of a text."""
        return list(text.encode("utf-8", "replace"))

    encode_cell = encode

    def has(self, name: str) -> bool:
        """Say that every special token is there."""
        return True

    def token_id(self, name: str) -> int:
        """Return the id of a special token."""
        return self._specials.setdefault(name, _SPECIAL + len(self._specials))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of bytes, special tokens left out."""
        return bytes(i for i in ids if i < _SPECIAL).decode("utf-8", "replace")


@dataclass
class _Running:
    answer: dict[str, Any]
    ids: list[int]
    due: float
    over: Literal["end", "length"]
    given: int = 0


class ScriptedEngine:
    """Answers from a script instead of a model."""

    name = "scripted"
    device = "script"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._path = model.weights
        self.tokenizer = ByteTokenizer()
        self._running: dict[int, _Running] = {}
        self._script: dict[str, Any] = {}

    def load(self) -> None:
        """Read the script."""
        try:
            self._script = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(
                f"The script {self._path} cannot be read.", "Mend the script."
            ) from error
        time.sleep(self._ms("load_ms"))

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Choose the answer by the end of the prompt."""
        text = self.tokenizer.decode(prompt[-4096:])
        answer = next(
            (a for a in self._script.get("answers", ()) if text.endswith(a["after"])),
            {"text": self._script.get("otherwise", "")},
        )
        whole = self.tokenizer.encode(answer.get("text", ""))
        due = time.monotonic() + self._ms("first_token_ms")
        over: Literal["end", "length"] = "length" if len(whole) > max_tokens else "end"
        self._running[request] = _Running(answer, whole[:max_tokens], due, over)

    def cancel(self, request: int) -> None:
        """Forget a request."""
        self._running.pop(request, None)

    def busy(self) -> bool:
        """Say whether any request is left."""
        return bool(self._running)

    def step(self) -> list[EngineOutput]:
        """Give each request that is due its next token."""
        now = time.monotonic()
        due = [
            (r, s) for r, s in self._running.items() if s.due <= now and not s.answer.get("stall")
        ]
        if not due:
            time.sleep(0.001)
            return []
        return [self._next(request, state, now) for request, state in due]

    def cache_use(self) -> float:
        """Return 1 while anything runs."""
        return float(bool(self._running))

    def _next(self, request: int, state: _Running, now: float) -> EngineOutput:
        if state.given == state.answer.get("die_after"):
            os._exit(86)
        if state.given == state.answer.get("fail_after"):
            raise RuntimeError("The script says: fail.")
        ids = state.ids[state.given : state.given + 1]
        state.given += 1
        pause_ms = state.answer.get("token_ms", self._script.get("token_ms", 0))
        state.due = now + float(pause_ms) / 1000
        if state.given < len(state.ids):
            return EngineOutput(request, ids)
        del self._running[request]
        return EngineOutput(request, ids, state.over)

    def _ms(self, name: str) -> float:
        return float(self._script.get(name, 0)) / 1000


def write_scripted_model(directory: Path, script: dict[str, Any]) -> Path:
    """Make a model directory that this engine answers for; returns the directory."""
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
