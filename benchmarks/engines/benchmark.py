"""Compares the engines of this package and baselines: same weights, same prompts, one at a time.

Each row of the report is one engine in a process of its own (:mod:`.engine_worker`), measured by:

- cold TTFT: the time to the first token of a prompt that no cache knows;
- keystroke TTFT: the same prompt with one more keystroke each time, the prefix cache warm;
- TPOT: the time between two tokens of what is generated after each keystroke.

All are medians. ``load_s`` counts from the import of the engine's library until it takes requests,
``rss_mb`` is the resident memory at the end. ``limit_ratio`` is TPOT divided by the time that
reading the weights once takes at the bandwidth measured in the same run. Weights count as they are
in the file that the engine loads, or as parameters times their size if the engine converts them; a
table of position embeddings counts although a token reads one row of it (1.5 % of a 1B shape).
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
from jupyter_safecoder.engines.selection.candidates import engine_candidates
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
from .engine_worker import EngineWorker, WorkerError, start_worker
from .random_model import random_model
from .typed_prompts import TypedPrompts, typed_prompts

_COLD_PROMPTS, _KEYSTROKES = 3, 6
#: Tokens to generate after each keystroke: 32 times between two tokens.
_MAX_TOKENS = 33

METRICS = (
    *("cold_ttft_ms", "keystroke_ttft_ms", "tpot_ms"),
    *("load_s", "rss_mb", "weights_mb", "limit_ratio"),
)


@dataclass(frozen=True)
class EnginesOptions:
    """What to compare.

    Parameters
    ----------
    engines
        Names of the engines to measure; empty: all.
    peers
        Directory with the environments of the baselines.
    context_tokens
        Minimum number of context tokens in a prompt.
    work
        Directory that keeps random weights, and what they are converted to, for another run.
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
        """Return the row of the report; what was not measured is ``None``."""
        names = {"model": self.model, "engine": self.engine, "precision": self.precision}
        return {**names, **dict.fromkeys(METRICS), **metrics}


def bench_engines(
    models: Sequence[str],
    options: EnginesOptions,
    report: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure every engine that can run each of the models on this machine.

    Parameters
    ----------
    models
        Names of models, or of ``SHAPES``: random weights in that shape.
    options
        What to compare.
    report
        Called with what is being done.

    Returns
    -------
    dict
        ``read_bandwidth_gb_s`` and ``rows``; times in milliseconds unless the name ends in ``_s``,
        sizes in 10^6 bytes. A row that failed has an ``error``.

    Raises
    ------
    ModelError
        If there is no model of a name, or the disk is too small for random weights.
    """
    with _work_directory(options.work) as work:
        found = []
        for name in models:
            if name in SHAPES:
                report(f"{name}: making random weights")
            found.append(
                (name, random_model(name, work) if name in SHAPES else resolve_model(name))
            )
        report("Measuring the read bandwidth")
        bandwidth = read_bandwidth_gb_s()
        rows = [
            _Bench(name, model, options, work, bandwidth, report).measure(row)
            for name, model in found
            for row in _rows(name, model, options.engines)
        ]
    return {"read_bandwidth_gb_s": round(bandwidth, 2), "rows": rows}


@contextmanager
def _work_directory(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        yield directory
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def _rows(name: str, model: ModelDescription, engines: Sequence[str]) -> list[_Row]:
    """Return the engines of this package in the precisions that matter, then the baselines."""
    machine = probe_machine()
    rows = []
    for candidate in engine_candidates(
        model, machine.accelerators, machine.installed, machine.openvino_devices
    ):
        if candidate.blocker or candidate.opt_in:
            continue
        quantized = [p for p in candidate.precisions if p in ("int8", "int4")]
        for precision in quantized or candidate.precisions[:1]:
            options = {"device": candidate.device, "precision": precision}
            rows.append(_Row(name, candidate.engine, precision or model.format, options))
    floats = "bf16" if any(_computes_bf16(a.features) for a in machine.accelerators) else "fp32"
    gguf = model.format == "gguf"
    rows.append(_Row(name, "llama.cpp", model.format if gguf else "q8_0"))
    rows.append(_Row(name, "vllm", model.format if gguf else floats))
    if not engines:
        return rows
    # An engine that was named but cannot run here gets a row with the reason.
    known = {row.engine for row in rows}
    others = [_Row(name, engine, "") for engine in engines if engine not in known]
    return [row for row in rows if row.engine in engines] + others


def _computes_bf16(features: Sequence[str]) -> bool:
    return "amx_bf16" in features or "avx512_bf16" in features


@dataclass
class _Bench:
    """Measures one model on all engines."""

    name: str
    model: ModelDescription
    options: EnginesOptions
    work: Path
    bandwidth: float
    report: Callable[[str], None]

    def measure(self, row: _Row) -> dict[str, Any]:
        """Return a row with its metrics, or with its error."""
        title = f"{row.model}, {row.engine} {row.precision}"
        try:
            prompts = typed_prompts(
                self.model, self.options.context_tokens, _COLD_PROMPTS, _KEYSTROKES
            )
            name, job, python = self._job(row, title, max(map(len, prompts.keystrokes)))
            self.report(f"{title}: loading")
            with start_worker(name, job, self.work / "engines.log", python) as worker:
                return row.report(**self._measure(worker, prompts, title))
        except WorkerError as error:
            return row.report(error=str(error))
        except (ModelError, EngineError) as error:
            return row.report(error=f"{error.reason} {error.remedy}")

    def _job(self, row: _Row, title: str, prompt_tokens: int) -> tuple[str, dict[str, Any], Path]:
        """Return the worker, its job, and the interpreter that it runs in."""
        if row.engine not in BASELINES:
            return "own_engine", self._own_job(row, title), Path(sys.executable)
        baseline = BASELINES[row.engine]
        python = baseline.python(self.options.peers)
        weights = self.model.weights
        if row.engine == "llama.cpp" and self.model.format != "gguf":
            weights = self.work / f"{self.name.replace('/', '--')}.gguf"
            if not weights.exists():
                self.report(f"{title}: converting to GGUF")
                make_gguf(self.model.weights, weights)
        if row.engine == "vllm" and self.model.format == "gguf":
            raise WorkerError("It takes checkpoints, and this model is a GGUF file.")
        job = {
            "weights": str(weights),
            "precision": row.precision,
            "parameters": count_parameters(self.model),
            "context": prompt_tokens + _MAX_TOKENS,
            "threads": usable_cores(),
        }
        return baseline.worker, job, python

    def _own_job(self, row: _Row, title: str) -> dict[str, Any]:
        random = self.name in SHAPES
        options = dict(row.options)
        if needs_conversion(self.model, row.engine, options.get("precision", "")):
            converted = convert(
                self.model,
                row.engine,
                row.precision,
                self.work if random else cache_directory(),
                lambda share, text: self.report(f"{title}: {text} ({share:.0%})"),
            )
            options["weights"] = str(converted.directory)
        model = str(self.work / self.name) if random else self.name
        return {"model": model, "engine": row.engine, "options": options}

    def _measure(self, worker: EngineWorker, prompts: TypedPrompts, title: str) -> dict[str, Any]:
        cold, keystroke, between = [], [], []
        for number, prompt in enumerate(prompts.cold, 1):
            self.report(f"{title}: prompt {number} of {len(prompts.cold)}")
            cold.append(worker.generate(prompt, 1).times_ms[0])
        for number, prompt in enumerate(prompts.keystrokes, 1):
            self.report(f"{title}: keystroke {number} of {len(prompts.keystrokes)}")
            generated = worker.generate(prompt, _MAX_TOKENS)
            times = generated.times_ms
            keystroke.append(times[0])
            between += [after - before for before, after in pairwise(times)]
        tpot = statistics.median(between)
        limit = worker.weights_bytes / self.bandwidth / 1e6
        return {
            "cold_ttft_ms": round(statistics.median(cold), 2),
            "keystroke_ttft_ms": round(statistics.median(keystroke), 2),
            "tpot_ms": round(tpot, 2),
            "load_s": round(worker.load_s, 2),
            "rss_mb": round(generated.rss_mb, 1),
            "weights_mb": round(worker.weights_bytes / 1e6, 1),
            "limit_ratio": round(tpot / limit, 3),
        }
