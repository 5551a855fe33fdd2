"""Measures engines with the real model for about a second each, and keeps the results."""

from __future__ import annotations

import gc
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jupyter_safecoder.engines.engine import Engine
from jupyter_safecoder.errors import EngineError, SafeCoderError
from jupyter_safecoder.files import write_text
from jupyter_safecoder.models import ModelDescription

from .choice import Choice, Machine

_PROMPT_TOKENS = 256
_MAX_TOKENS = 512
#: Seconds after which a measurement is given up: such an engine is of no use for typing.
_TIMEOUT_S = 60.0
#: Text without repetitions, so that prompt lookup gains nothing here that it would not gain later.
_TEXT = "\n".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(64))


@dataclass(frozen=True)
class Measurement:
    """The speed of an engine.

    Parameters
    ----------
    engine, device, precision
        As in :class:`.Choice`.
    ttft_ms
        Milliseconds to the first token of a prompt.
    tpot_ms
        Milliseconds for each further token.
    error
        Why it could not be measured, one sentence; empty if it was.
    """

    engine: str
    device: str
    precision: str
    ttft_ms: float = 0.0
    tpot_ms: float = 0.0
    error: str = ""


def measure_engine(
    engine: Engine, context_window: int, seconds: float = 1.0
) -> tuple[float, float]:
    """Return the milliseconds to the first token (TTFT), and for each further one (TPOT).

    Parameters
    ----------
    engine
        Loaded, with nothing to do.
    context_window
        Of the model, in tokens. The prompt has 256 tokens, but at most half of the window.
    seconds
        How long to generate after the first token.

    Raises
    ------
    EngineError
        If the engine refuses the prompt, generates fewer than two tokens, or takes over a minute.
    """
    length = min(_PROMPT_TOKENS, context_window // 2)
    max_tokens = min(_MAX_TOKENS, context_window - length)
    ids = engine.tokenizer.encode(_TEXT)[:length]
    # A first run with the same shapes, so that compilation at first use is not measured. The prompt
    # is reversed, so that the measured one is not in the prefix cache.
    _run(engine, 1, ids[::-1], 2, 0.0)
    return _run(engine, 2, ids, max_tokens, seconds)


def _run(
    engine: Engine, request: int, prompt: Sequence[int], max_tokens: int, seconds: float
) -> tuple[float, float]:
    """Run one request; return its TTFT and TPOT in milliseconds."""
    start = time.perf_counter()
    engine.submit(request, prompt, (), max_tokens)
    first = last = 0.0
    first_tokens = tokens = 0
    finished = False
    while not finished and (tokens == first_tokens or last - first < seconds):
        for output in engine.step():
            tokens += len(output.ids)
            finished = output.finished is not None
        last = time.perf_counter()
        if tokens and not first_tokens:
            first, first_tokens = last, tokens
        if last - start > max(_TIMEOUT_S, seconds):
            break
    engine.cancel(request)
    while engine.busy():
        engine.step()
    if tokens <= first_tokens:
        raise EngineError(
            f"{engine.name} generated {tokens} tokens in {last - start:.1f} s when it was "
            "measured.",
            "Set c.SafeCoder.engine to auto, or to another engine.",
        )
    return (first - start) * 1e3, (last - first) * 1e3 / (tokens - first_tokens)


def measure_choices(
    choices: Sequence[Choice], load: Callable[[Choice], Engine], context_window: int
) -> list[Measurement]:
    """Measure choices one after the other; at most one model is in memory at a time.

    Parameters
    ----------
    choices
        What to measure.
    load
        Makes and loads the engine of a choice.
    context_window
        Of the model, in tokens.

    Returns
    -------
    list of Measurement
        In the order of ``choices``; one that failed has an error.
    """
    measurements = []
    for choice in choices:
        measurement = Measurement(choice.engine, choice.device, choice.precision)
        try:
            ttft_ms, tpot_ms = measure_engine(load(choice), context_window)
            measurements.append(replace(measurement, ttft_ms=ttft_ms, tpot_ms=tpot_ms))
        except (SafeCoderError, RuntimeError, MemoryError) as error:
            reason = error.reason if isinstance(error, SafeCoderError) else type(error).__name__
            measurements.append(replace(measurement, error=reason))
        gc.collect()
    return measurements


def pick_fastest(choices: Sequence[Choice], measurements: Sequence[Measurement]) -> Choice:
    """Return the choice with the lowest TPOT; equal ones are compared by their TTFT.

    Parameters
    ----------
    choices
        The choices.
    measurements
        Their measurements, in the same order.

    Raises
    ------
    EngineError
        If all measurements failed.
    """
    ranked = [
        (measurement.tpot_ms, measurement.ttft_ms, index)
        for index, measurement in enumerate(measurements)
        if not measurement.error
    ]
    if not ranked:
        raise EngineError(
            f"No engine could be measured: {measurements[0].error}",
            "Set c.SafeCoder.engine to auto, and run 'jupyter safecoder doctor'.",
        )
    results = ", ".join(
        f"{m.engine} {m.precision} " + (m.error or f"{m.tpot_ms:.1f} ms per token")
        for m in measurements
    )
    why = f"The fastest as measured on this machine: {results}."
    return replace(choices[min(ranked)[2]], why=why)


def measurement_key(model: ModelDescription, machine: Machine, choices: Sequence[Choice]) -> str:
    """Return a hash of everything that a measurement depends on.

    Parameters
    ----------
    model
        Its name and files are part of the key.
    machine
        Its hardware and package versions are part of the key; its free memory is not.
    choices
        The choices that are measured.
    """
    facts = [
        [[a.kind, a.name, a.features, a.cores, a.driver] for a in machine.accelerators],
        [model.name, [[file.size, file.sha256] for file in model.files]],
        sorted(machine.installed.items()),
        [[c.engine, c.device, c.precision] for c in choices],
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def read_measurements(path: Path, key: str) -> list[Measurement]:
    """Return the measurements that a file has for a key; empty if there are none."""
    try:
        return [Measurement(**row) for row in json.loads(path.read_text("utf-8"))[key]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_measurements(path: Path, key: str, measurements: Sequence[Measurement]) -> None:
    """Write measurements under a key; those of other keys stay.

    Parameters
    ----------
    path
        The JSON file; a broken one is replaced.
    key
        From :func:`measurement_key`.
    measurements
        What was measured.
    """
    try:
        content = dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        content = {}
    content[key] = [asdict(measurement) for measurement in measurements]
    write_text(path, json.dumps(content))
