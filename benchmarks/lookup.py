"""What prompt lookup is worth: the same places of notebooks completed with it and without it.

Tokens a second are those between the first token of an answer and its end: the prompt, which
lookup does not change, is left out. Both engines are loaded at once and asked in turns, so that
whatever else the machine does falls on both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engines.engine_worker import Generated, driver
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.evaluation.tasks import task_request
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt, stop_ids

_TOKENS = 64
#: Guessed at once where the caller names no number: more cost more than they bring, because each is
#: computed with sums that do not depend on the others.
LOOKUP_TOKENS = 2
#: For all tasks together.
_MOST_S = 7200.0


def bench_lookup(
    name: str,
    engine: str,
    tasks: Sequence[dict[str, Any]],
    lookup_tokens: int = LOOKUP_TOKENS,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Complete every task with prompt lookup and without.

    Parameters
    ----------
    name
        Of a model that the engine takes as it is.
    engine
        A name that :func:`..engines.make_engine` knows.
    tasks
        From :func:`..notebook_file.read_tasks`.
    lookup_tokens
        Most tokens that are guessed at once.
    progress
        Called with the number of tasks done.

    Returns
    -------
    dict
        ``tokens_per_s`` with lookup ``off`` and ``on``, their ``ratio``, the number of ``tasks``,
        and whether all answers were ``identical``, token for token.

    Raises
    ------
    ModelError
        If there is no such model.
    WorkerError
        If the engine fails.
    """
    model = resolve_model(name)
    family, tokenizer = FAMILIES[model.family], FileTokenizer(model.tokenizer)
    budget = Budget(model.context_tokens, model.prefix_tokens, model.suffix_tokens)
    ends = stop_ids(family, tokenizer)
    answers: dict[str, list[Generated]] = {"off": [], "on": []}
    with ExitStack() as open_, tempfile.TemporaryDirectory() as temporary:
        log = Path(temporary) / "engines.log"
        engines = {
            key: open_.enter_context(
                driver("own_engine", _job(name, engine, lookup), log, most_s=_MOST_S)
            )
            for key, lookup in (("off", 0), ("on", lookup_tokens))
        }
        for number, task in enumerate(tasks, 1):
            request = task_request(task)
            prompt = build_prompt(request, family, tokenizer, budget, model.default_layout)
            for key, loaded in engines.items():
                answers[key].append(loaded.generate(prompt.ids, _TOKENS, ends))
            progress(number)
    speed = {key: _tokens_per_s(given) for key, given in answers.items()}
    if not all(speed.values()):
        raise ModelError(
            "No answer has more than one token: there is no speed to compare.",
            "Name other tasks.",
        )
    off, on = (speed[key] for key in ("off", "on"))
    return {
        "tokens_per_s": {key: round(value, 2) for key, value in speed.items()},
        "ratio": round(on / off, 3),
        "identical": [a.ids for a in answers["off"]] == [a.ids for a in answers["on"]],
        "tasks": len(tasks),
    }


def _job(model: str, engine: str, lookup_tokens: int) -> dict[str, Any]:
    # With the same sums on both sides: what lookup itself changes is measured.
    options = {"lookup_tokens": lookup_tokens, "batch_invariant": True}
    return {"model": model, "engine": engine, "options": options}


def _tokens_per_s(answers: Sequence[Generated]) -> float:
    """Return the speed behind each answer's first step, which may have given several tokens."""
    tokens, milliseconds = 0, 0.0
    for answer in answers:
        if answer.times_ms:
            first, last = answer.times_ms[0], answer.times_ms[-1]
            tokens += sum(time > first for time in answer.times_ms)
            milliseconds += last - first
    return tokens / milliseconds * 1000 if milliseconds else 0.0
