"""Requests of the remote engine's tests, and their outputs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

from jupyter_safecoder.engines import EngineOutput, RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models.tokenizer import FileTokenizer

TEXT = "return naïve + “日本語” 🙂\n"
PROMPT = [10, 11, 12, 13]
#: Only the proxy of a test knows this host.
PROXIED_HOST = "models.example"
MODELS, COMPLETIONS, DETOKENIZE = "/v1/models", "/v1/completions", "/detokenize"

EngineOn = Callable[[RemoteServer], AbstractContextManager[RemoteEngine]]
LoadError = Callable[[RemoteServer], EngineError]


def token_by_token(tokenizer: FileTokenizer, text: str) -> list[tuple[str, list[int]]]:
    """Return the text and id of each token as servers do: a split character with its last token."""
    ids = tokenizer.encode(text)
    tokens, before = [], ""
    for length, token in enumerate(ids, 1):
        text = tokenizer.decode(ids[:length]).rstrip("\ufffd")
        tokens.append((text.removeprefix(before), [token]))
        before = text
    return tokens


_numbers = count(1)


def run(
    engine: RemoteEngine, max_tokens: int = 64, stop_ids: tuple[int, ...] = (0,)
) -> list[EngineOutput]:
    """Run one request to its end and return its outputs."""
    engine.submit(next(_numbers), PROMPT, stop_ids, max_tokens)
    return collect(engine)


def collect(engine: RemoteEngine, seconds: float = 10) -> list[EngineOutput]:
    """Step until the engine has nothing to do, and return all outputs."""
    outputs: list[EngineOutput] = []
    deadline = time.monotonic() + seconds
    while engine.busy():
        outputs += engine.step()
        assert time.monotonic() < deadline, "The engine does not finish."
    return outputs


def ids_of(outputs: list[EngineOutput]) -> list[int]:
    """Return the ids of all outputs."""
    return [token for output in outputs for token in output.ids]


def failure(outputs: list[EngineOutput]) -> EngineError:
    """Return the error of a request that failed."""
    assert outputs[-1].finished == "failed"
    assert outputs[-1].error is not None
    return outputs[-1].error


def choice(**fields: Any) -> str:
    """Return the data of an event with one choice."""
    return json.dumps({"choices": [{"text": "a", "finish_reason": None, **fields}]})


GOOD = choice(token_ids=[70])
