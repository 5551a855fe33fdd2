"""The faster of two ways, found by running the real model for about a second in each."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jupyter_safecoder.engines.engine import Engine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription

from .choice import Choice, Machine

_PROMPT_TOKENS = 256
_MOST_TOKENS = 512
#: Longer than this for a prompt of 256 tokens is of no use to somebody who types.
_PATIENCE_S = 60.0
#: Text that does not repeat, so that guessing ahead gains nothing here that it would not later.
_TEXT = "\n".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(64))


@dataclass(frozen=True)
class Measurement:
    """How fast an engine is, in milliseconds; or what it ended with, in one sentence."""

    engine: str
    device: str
    precision: str
    ttft_ms: float = 0.0
    tpot_ms: float = 0.0
    error: str = ""


def measure_engine(
    engine: Engine, context_window: int, seconds: float = 1.0
) -> tuple[float, float]:
    """Return the milliseconds to the first token of a prompt (TTFT), and for each after it (TPOT).

    Parameters
    ----------
    engine
        Loaded, with nothing to do.
    context_window
        Of the model, in tokens: at most half of it is taken for the prompt of 256 tokens.
    seconds
        How long to write after the first token.

    Raises
    ------
    EngineError
        If it refuses the prompt, writes nothing more than a token, or takes a minute.
    """
    length = min(_PROMPT_TOKENS, context_window // 2)
    most = min(_MOST_TOKENS, context_window - length)
    ids = engine.tokenizer.encode(_TEXT)[:length]
    # The same shapes once before: what is compiled at first use is not what people wait for. Read
    # backwards, so that the prompt that counts is not in the prefix cache.
    _run(engine, 1, ids[::-1], 2, 0.0)
    return _run(engine, 2, ids, most, seconds)


def _run(
    engine: Engine, request: int, prompt: Sequence[int], most: int, seconds: float
) -> tuple[float, float]:
    start = time.perf_counter()
    engine.submit(request, prompt, (), most)
    first = last = 0.0
    at_first = tokens = 0
    finished = False
    while not finished and (tokens == at_first or last - first < seconds):
        for output in engine.step():
            tokens += len(output.ids)
            finished = output.finished is not None
        last = time.perf_counter()
        if tokens and not at_first:
            first, at_first = last, tokens
        if last - start > max(_PATIENCE_S, seconds):
            break
    engine.cancel(request)
    while engine.busy():
        engine.step()
    if tokens <= at_first:
        raise EngineError(
            f"{engine.name} wrote {tokens} tokens in {last - start:.1f} s when it was measured.",
            "Set c.SafeCoder.engine to auto, or to another engine.",
        )
    return (first - start) * 1e3, (last - first) * 1e3 / (tokens - at_first)


def measure(
    choices: Sequence[Choice], load: Callable[[Choice], Engine], context_window: int
) -> list[Measurement]:
    """Load the choices one after the other, and time each; at most one is in memory at a time.

    ``load`` makes an engine and loads it. A choice that fails is a trial with an error.
    """
    trials = []
    for choice in choices:
        trial = Measurement(choice.engine, choice.device, choice.precision)
        try:
            ttft_ms, tpot_ms = measure_engine(load(choice), context_window)
            trials.append(replace(trial, ttft_ms=ttft_ms, tpot_ms=tpot_ms))
        except (EngineError, RuntimeError, MemoryError) as error:
            reason = error.reason if isinstance(error, EngineError) else type(error).__name__
            trials.append(replace(trial, error=reason))
        gc.collect()
    return trials


def pick_fastest(choices: Sequence[Choice], trials: Sequence[Measurement]) -> Choice:
    """Return the choice with the least time per token, then to the first one.

    Raises
    ------
    EngineError
        If all failed.
    """
    done = [(t.tpot_ms, t.ttft_ms, n) for n, t in enumerate(trials) if not t.error]
    if not done:
        raise EngineError(
            f"No engine could be measured: {trials[0].error}",
            "Set c.SafeCoder.engine to auto, and run 'jupyter safecoder doctor'.",
        )
    told = ", ".join(
        f"{t.engine} {t.precision} " + (t.error or f"{t.tpot_ms:.1f} ms a token") for t in trials
    )
    return replace(choices[min(done)[2]], why=f"The fastest as measured on this machine: {told}.")


def measurement_key(model: ModelDescription, machine: Machine, choices: Sequence[Choice]) -> str:
    """Return a digest of what a measurement holds for: hardware, model, versions, choices."""
    facts = [
        [[a.kind, a.name, a.features, a.cores, a.driver] for a in machine.accelerators],
        [model.name, [[file.size, file.sha256] for file in model.files]],
        sorted(machine.installed.items()),
        [[c.engine, c.device, c.precision] for c in choices],
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def read_measurements(path: Path, key: str) -> list[Measurement]:
    """Return what was measured under a key; empty if nothing was, or it cannot be read."""
    try:
        return [Measurement(**row) for row in json.loads(path.read_text("utf-8"))[key]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_measurements(path: Path, key: str, trials: Sequence[Measurement]) -> None:
    """Keep what was measured beside what other keys have; a reader never sees half of it."""
    try:
        kept = dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        kept = {}
    kept[key] = [asdict(trial) for trial in trials]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(json.dumps(kept), "utf-8")
    part.replace(path)
