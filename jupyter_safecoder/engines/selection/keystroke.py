"""Measures what a keystroke costs on an engine: the time to first token while a user types."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from jupyter_safecoder.engines.engine import Engine, EngineOutput
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.prompt import FAMILIES, build_prompt
from jupyter_safecoder.protocol import Cell, CompletionRequest

#: Cells above the cursor, about 500 tokens; no two lines are the same.
_CELLS = tuple(
    Cell("code", "\n".join(f"total_{n}_{m} = values[{n}] * scale + {m}" for m in range(4)))
    for n in range(8)
)
_SUFFIX = "\nprint(result)\n"
#: Typed to warm up, and then to measure, after a first prompt that is not in the cache.
_WARM_UP, _TYPED = "scaled = val", "result = total_"
_KEYSTROKES = 6
#: Seconds after which a measurement is given up.
_TIMEOUT_S = 60.0


def measure_keystroke(engine: Engine, model: ModelDescription) -> float:
    """Return the median time to first token of a keystroke, in milliseconds.

    The prompts are those of a user who types on in a cell, in the default layout of the model: all
    but what the key changes is in the engine's cache.

    Parameters
    ----------
    engine
        Loaded, with nothing to do.
    model
        The model of the engine.

    Raises
    ------
    EngineError
        If the engine refuses a prompt, generates no token, or takes over a minute.
    """
    family = FAMILIES[model.family]
    budget = model.budget
    times = []
    for number, prefix in enumerate((*_typed(_WARM_UP), *_typed(_TYPED)), start=1):
        request = CompletionRequest(prefix, _SUFFIX, _CELLS)
        prompt = build_prompt(request, family, engine.tokenizer, budget, model.default_layout)
        times.append(_first_token_ms(engine, number, prompt.ids))
    return statistics.median(times[-_KEYSTROKES:])


def _typed(text: str) -> list[str]:
    """Return the text before the cursor before the last keystrokes, and after each of them."""
    return [text[: len(text) - _KEYSTROKES + number] for number in range(_KEYSTROKES + 1)]


def _first_token_ms(engine: Engine, request: int, prompt: Sequence[int]) -> float:
    start = time.perf_counter()
    engine.submit(request, prompt, (), 2)
    outputs: list[EngineOutput] = []
    while not outputs and time.perf_counter() - start < _TIMEOUT_S:
        outputs = engine.step()
    elapsed = (time.perf_counter() - start) * 1e3
    engine.cancel(request)
    while engine.busy():
        engine.step()
    if not outputs or outputs[0].finished in ("refused", "failed"):
        raise EngineError(
            f"{engine.name} could not be measured: it generated no token.",
            "Set c.SafeCoder.model to the name of another model.",
        )
    return elapsed
