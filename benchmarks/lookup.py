"""Measures prompt lookup: the same tasks of notebooks, completed with it and without it.

Tokens per second count from the first token of a completion to its end: the prompt, which lookup
does not change, is left out. Both engines are loaded at the same time and get the tasks
alternately, so that other load on the machine affects both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engines.engine_worker import Generated, start_worker
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.evaluation.tasks import task_request
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, build_prompt, stop_ids

_MAX_TOKENS = 64
#: Default number of tokens that are proposed at once. More cost more than they bring, because each
#: is computed batch-invariantly.
LOOKUP_TOKENS = 2
#: Seconds for all tasks together.
_TIMEOUT_S = 7200.0


def bench_lookup(
    name: str,
    engine: str,
    tasks: Sequence[dict[str, Any]],
    lookup_tokens: int = LOOKUP_TOKENS,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Complete every task with prompt lookup and without it.

    Parameters
    ----------
    name
        Name of a model that the engine runs without conversion.
    engine
        Name of the engine.
    tasks
        From ``jupyter_safecoder.evaluation.tasks``.
    lookup_tokens
        Maximum number of tokens that are proposed at once.
    progress
        Called with the number of tasks done.

    Returns
    -------
    dict
        ``tokens_per_s`` with lookup ``off`` and ``on``, their ``ratio``, the number of ``tasks``,
        and whether all completions were ``identical``, token for token.

    Raises
    ------
    ModelError
        If there is no such model, or no completion has more than one token.
    WorkerError
        If the engine fails.
    """
    model = resolve_model(name)
    family, tokenizer = FAMILIES[model.family], FileTokenizer(model.tokenizer)
    budget = model.budget
    stops = stop_ids(family, tokenizer)
    completions: dict[str, list[Generated]] = {"off": [], "on": []}
    with ExitStack() as stack, tempfile.TemporaryDirectory() as temporary:
        log = Path(temporary) / "engines.log"
        engines = {
            key: stack.enter_context(
                start_worker("own_engine", _job(name, engine, lookup), log, timeout_s=_TIMEOUT_S)
            )
            for key, lookup in (("off", 0), ("on", lookup_tokens))
        }
        for number, task in enumerate(tasks, 1):
            request = task_request(task)
            prompt = build_prompt(request, family, tokenizer, budget, model.default_layout)
            for key, worker in engines.items():
                completions[key].append(worker.generate(prompt.ids, _MAX_TOKENS, stops))
            progress(number)
    speed = {key: _tokens_per_s(generated) for key, generated in completions.items()}
    if not all(speed.values()):
        raise ModelError(
            "No completion has more than one token: there is no speed to compare.",
            "Choose other tasks.",
        )
    off, on = (speed[key] for key in ("off", "on"))
    return {
        "tokens_per_s": {key: round(value, 2) for key, value in speed.items()},
        "ratio": round(on / off, 3),
        "identical": [c.ids for c in completions["off"]] == [c.ids for c in completions["on"]],
        "tasks": len(tasks),
    }


def _job(model: str, engine: str, lookup_tokens: int) -> dict[str, Any]:
    # Batch-invariant with and without lookup: only the effect of lookup is measured.
    options = {"lookup_tokens": lookup_tokens, "batch_invariant": True}
    return {"model": model, "engine": engine, "options": options}


def _tokens_per_s(completions: Sequence[Generated]) -> float:
    """Return the speed after each completion's first step, which may give several tokens."""
    tokens, milliseconds = 0, 0.0
    for completion in completions:
        if completion.times_ms:
            first, last = completion.times_ms[0], completion.times_ms[-1]
            tokens += sum(time > first for time in completion.times_ms)
            milliseconds += last - first
    return tokens / milliseconds * 1000 if milliseconds else 0.0
