"""What is asked of the engine in these tests, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from jupyter_safecoder.engines import EngineOutput, RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models.tokenizer import FileTokenizer

TEXT = "return naïve + “日本語” 🙂\n"
PROMPT = [10, 11, 12, 13]
MODELS, COMPLETIONS, DETOKENIZE = "/v1/models", "/v1/completions", "/detokenize"

EngineOn = Callable[[RemoteServer], AbstractContextManager[RemoteEngine]]
LoadProblem = Callable[[RemoteServer], EngineError]


def one_by_one(tokenizer: FileTokenizer, text: str) -> list[tuple[str, list[int]]]:
    """Return text and id of each token, as servers give them: split characters with their last."""
    ids = tokenizer.encode(text)
    pieces, said = [], ""
    for number, token in enumerate(ids, 1):
        now = tokenizer.decode(ids[:number]).rstrip("\ufffd")
        pieces.append((now.removeprefix(said), [token]))
        said = now
    return pieces


def run(engine: RemoteEngine, most: int = 64, ends: tuple[int, ...] = (0,)) -> list[EngineOutput]:
    number = run.number = getattr(run, "number", 0) + 1  # type: ignore[attr-defined]
    engine.submit(number, PROMPT, ends, most)
    return collect(engine)


def collect(engine: RemoteEngine, seconds: float = 10) -> list[EngineOutput]:
    outputs: list[EngineOutput] = []
    end = time.monotonic() + seconds
    while engine.busy():
        outputs += engine.step()
        assert time.monotonic() < end, "The engine does not finish."
    return outputs


def ids_of(outputs: list[EngineOutput]) -> list[int]:
    return [token for output in outputs for token in output.ids]


def failure(outputs: list[EngineOutput]) -> EngineError:
    assert outputs[-1].finished == "failed"
    assert outputs[-1].problem is not None
    return outputs[-1].problem


def choice(**fields: Any) -> str:
    return json.dumps({"choices": [{"text": "a", "finish_reason": None, **fields}]})


GOOD = choice(token_ids=[70])
