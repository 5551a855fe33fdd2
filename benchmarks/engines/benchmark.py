"""Our engines and their peers side by side: the same weights, the same prompts, one at a time.

Each row of the report is one engine in a process of its own (``driving.py``), asked for:

- cold TTFT: the time to the first token of a prompt that nothing is known of;
- keystroke TTFT: the same prompt with one more key typed each time, the prefix cache warm;
- TPOT: the time between two tokens of what is written after each key.

All are medians. ``load_s`` counts from the import of the engine's library to where it takes
requests, ``rss_mb`` is the resident memory at the end. ``limit_ratio`` is TPOT over the time that
reading the weights once takes at the bandwidth measured in the same run. Weights are counted as
they lie in the file that the engine loads, or as parameters times their width where it converts
them; a table of positions is counted though a token reads one row of it (1.5 % of a 1B shape).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from jupyter_safecoder.conversion import convert, needs_conversion
from jupyter_safecoder.engines.selection.candidates import ways
from jupyter_safecoder.engines.selection.select import probe_machine
from jupyter_safecoder.errors import EngineError, ModelError
from jupyter_safecoder.models import (
    ModelDescription,
    cache_directory,
    count_parameters,
    resolve_model,
)
from jupyter_safecoder.models.random_weights import SHAPES

from .bandwidth import read_bandwidth_gb_s, usable_cores
from .baselines import BASELINES, make_gguf
from .engine_worker import Driver, WorkerError, driver
from .random_model import random_model
from .typed_prompts import TypedPrompts, typed_prompts

_COLD, _KEYS = 3, 6
#: Written after each key: 32 times between two tokens.
_TOKENS = 33

METRICS = (
    *("cold_ttft_ms", "keystroke_ttft_ms", "tpot_ms"),
    *("load_s", "rss_mb", "weights_mb", "limit_ratio"),
)


@dataclass(frozen=True)
class EnginesOptions:
    """What to compare.

    ``engines`` restricts the rows to these names; ``peers`` holds the environments of the peers;
    ``context_tokens`` is the least length of the prompts' context; ``work`` keeps random weights
    and what is prepared from them for another run.
    """

    engines: Sequence[str] = ()
    peers: Path = Path(".venvs")
    context_tokens: int = 1000
    work: Path | None = None


@dataclass
class _Row:
    """An engine for a model; ``options`` are those of ``EngineOptions``."""

    model: str
    engine: str
    precision: str
    options: dict[str, Any] = field(default_factory=dict)

    def report(self, **metrics: Any) -> dict[str, Any]:
        """Return the row as it is reported; what was not measured is ``None``."""
        names = {"model": self.model, "engine": self.engine, "precision": self.precision}
        return {**names, **dict.fromkeys(METRICS), **metrics}


def bench_engines(
    models: Sequence[str], options: EnginesOptions, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Measure every engine that can run each of the models here.

    Parameters
    ----------
    models
        Names of models, or of ``SHAPES``: random weights in that shape.
    options
        What to compare.
    say
        Hears what is going on.

    Returns
    -------
    dict
        ``read_bandwidth_gb_s`` and ``rows``; times in milliseconds unless their name says seconds,
        sizes in 10^6 bytes. A row that failed has its ``error``.

    Raises
    ------
    ModelError
        If there is no model of a name, or no room for random weights.
    """
    with _work(options.work) as work:
        found = []
        for name in models:
            if name in SHAPES:
                say(f"{name}: making random weights")
            found.append(
                (name, random_model(name, work) if name in SHAPES else resolve_model(name))
            )
        say("Measuring the read bandwidth")
        bandwidth = read_bandwidth_gb_s()
        rows = [
            _Bench(name, model, options, work, bandwidth, say).measure(row)
            for name, model in found
            for row in _rows(name, model, options.engines)
        ]
    return {"read_bandwidth_gb_s": round(bandwidth, 2), "rows": rows}


@contextmanager
def _work(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        yield directory
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def _rows(name: str, model: ModelDescription, only: Sequence[str]) -> list[_Row]:
    """Return our engines in the precisions worth having, then the peers."""
    machine = probe_machine()
    rows = []
    for way in ways(model, machine.accelerators, machine.installed, machine.openvino_devices):
        if way.obstacle or way.only_if_asked:
            continue
        quantized = [p for p in way.precisions if p in ("int8", "int4")]
        for precision in quantized or way.precisions[:1]:
            options = {"device": way.device, "precision": precision}
            rows.append(_Row(name, way.engine, precision or model.format, options))
    floats = "bf16" if any(_computes_bf16(a.features) for a in machine.accelerators) else "fp32"
    gguf = model.format == "gguf"
    rows.append(_Row(name, "llama.cpp", model.format if gguf else "q8_0"))
    rows.append(_Row(name, "vllm", model.format if gguf else floats))
    if not only:
        return rows
    # What is asked for and cannot run here fails in a row of its own, with the reason.
    others = [_Row(name, engine, "") for engine in only if engine not in {r.engine for r in rows}]
    return [row for row in rows if row.engine in only] + others


def _computes_bf16(features: Sequence[str]) -> bool:
    return "amx_bf16" in features or "avx512_bf16" in features


@dataclass
class _Bench:
    """One model in all its engines."""

    name: str
    model: ModelDescription
    options: EnginesOptions
    work: Path
    bandwidth: float
    say: Callable[[str], None]

    def measure(self, row: _Row) -> dict[str, Any]:
        """Return a row with its figures, or with its error."""
        title = f"{row.model}, {row.engine} {row.precision}"
        try:
            prompts = typed_prompts(self.model, self.options.context_tokens, _COLD, _KEYS)
            name, job, python = self._job(row, title, max(map(len, prompts.keystrokes)))
            self.say(f"{title}: loading")
            with driver(name, job, self.work / "engines.log", python) as engine:
                return row.report(**self._ask(engine, prompts, title))
        except WorkerError as problem:
            return row.report(error=str(problem))
        except (ModelError, EngineError) as problem:
            return row.report(error=f"{problem.reason} {problem.remedy}")

    def _job(self, row: _Row, title: str, longest: int) -> tuple[str, dict[str, Any], Path]:
        """Return the driver, what it is told, and the interpreter that it runs in."""
        if row.engine not in BASELINES:
            options = dict(row.options)
            if needs_conversion(self.model, row.engine):
                prepared = convert(
                    self.model,
                    row.engine,
                    row.precision,
                    self.work if self.name in SHAPES else cache_directory(),
                    lambda share, text: self.say(f"{title}: {text} ({share:.0%})"),
                )
                options["prepared"] = str(prepared.directory)
            own = {"model": self._path(), "engine": row.engine, "options": options}
            return "own_engine", own, Path(sys.executable)
        peer = BASELINES[row.engine]
        python = peer.python(self.options.peers)
        weights = self.model.weights
        if row.engine == "llama.cpp" and self.model.format != "gguf":
            weights = self.work / f"{self.name.replace('/', '--')}.gguf"
            if not weights.exists():
                self.say(f"{title}: making a GGUF")
                make_gguf(self.model.weights, weights, python)
        if row.engine == "vllm" and self.model.format == "gguf":
            raise WorkerError("It takes checkpoints, and this model is a GGUF file.")
        job = {
            "weights": str(weights),
            "precision": row.precision,
            "parameters": count_parameters(self.model),
            "context": longest + _TOKENS,
            "threads": usable_cores(),
        }
        return peer.driver, job, python

    def _path(self) -> str:
        return str(self.work / self.name) if self.name in SHAPES else self.name

    def _ask(self, engine: Driver, prompts: TypedPrompts, title: str) -> dict[str, Any]:
        cold, keystroke, between = [], [], []
        for number, prompt in enumerate(prompts.cold, 1):
            self.say(f"{title}: prompt {number} of {len(prompts.cold)}")
            cold.append(engine.generate(prompt, 1).times_ms[0])
        for number, prompt in enumerate(prompts.keystrokes, 1):
            self.say(f"{title}: key {number} of {len(prompts.keystrokes)}")
            generated = engine.generate(prompt, _TOKENS)
            times = generated.times_ms
            keystroke.append(times[0])
            between += [after - before for before, after in pairwise(times)]
        tpot = statistics.median(between)
        limit = engine.weights_bytes / self.bandwidth / 1e6
        return {
            "cold_ttft_ms": round(statistics.median(cold), 2),
            "keystroke_ttft_ms": round(statistics.median(keystroke), 2),
            "tpot_ms": round(tpot, 2),
            "load_s": round(engine.load_s, 2),
            "rss_mb": round(generated.rss_mb, 1),
            "weights_mb": round(engine.weights_bytes / 1e6, 1),
            "limit_ratio": round(tpot / limit, 3),
        }
