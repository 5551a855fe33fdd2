"""Measures the quality of completions with infilling tasks.

A task hides the rest of a line, with which the first line of the completion is compared. Trailing
space is ignored. If the engine has log-probabilities, the tasks also calibrate how sure the model
must be of a line that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.protocol import SOURCES, CompletionOptions

from .calibration import ScoredLine, report_confidence
from .percentiles import percentiles
from .scoring import score
from .tasks import task_request


def infill(
    client: CompletionClient,
    tasks: Sequence[dict[str, Any]],
    options: CompletionOptions,
    progress: Callable[[int], None] = lambda done: None,
    sources: Iterable[str] = tuple(SOURCES),
) -> dict[str, Any]:
    """Return the scores and times of all tasks.

    Parameters
    ----------
    client
        A client of a runtime that is ready.
    tasks
        From :func:`.tasks.read_tasks`.
    options
        Layout and rules; ``raw`` must be set for the unfiltered scores.
    progress
        Called with the number of tasks that are done.
    sources
        What the prompts have besides the current cell, names of :data:`.SOURCES`.

    Returns
    -------
    dict
        ``exact_match`` and ``edit_similarity`` are means over the tasks, 0 to 1; ``unfiltered``
        has the same without stop rules and filters; times are in milliseconds; ``confidence`` is
        as in :func:`.report_confidence`; ``uses`` has the scores by the tasks' ``uses``, the marks
        of what their lines need.
    """
    filtered, unfiltered, ttft, total = [], [], [], []
    lines: list[ScoredLine] = []
    uses: dict[str, list[tuple[float, float]]] = {}
    layout = ""
    for number, task in enumerate(tasks, 1):
        done = client.complete(task_request(task, options).only(sources))
        layout = done.layout
        filtered.append(score(done.text, task["expected"]))
        for use in task.get("uses") or ():
            uses.setdefault(str(use), []).append(filtered[-1])
        unfiltered.append(score(done.raw_text or "", task["expected"]))
        # A slow machine says nothing of the model.
        in_time = done.finish_reason != "deadline"
        if done.text and in_time and done.first_line_logprob is not None:
            lines.append(ScoredLine(done.first_line_logprob, filtered[-1][0] == 1))
        total.append(done.total_ms)
        if done.ttft_ms is not None:
            ttft.append(done.ttft_ms)
        progress(number)
    return {
        "tasks": len(tasks),
        **_means(filtered),
        "layout": layout,
        "ttft_ms": percentiles(ttft),
        "total_ms": percentiles(total),
        "unfiltered": _means(unfiltered),
        "confidence": report_confidence(lines, len(tasks)),
        "uses": {
            use: {"tasks": len(scores), **_means(scores)} for use, scores in sorted(uses.items())
        },
    }


def compare_sources(
    client: CompletionClient,
    tasks: Sequence[dict[str, Any]],
    options: CompletionOptions,
    progress: Callable[[int], None],
    sources: Sequence[str],
) -> dict[str, Any]:
    """Return the scores of :func:`infill` for several sets of sources.

    The sets are the cells above alone, these with each other source, and all the sources. Each set
    is one run over all tasks.

    Parameters
    ----------
    client, tasks, options
        As for :func:`infill`.
    progress
        Called with the number of completions that are done.
    sources
        Names of :data:`.SOURCES`.

    Returns
    -------
    dict
        What :func:`infill` returns for all the sources; ``table`` has for each set ``sources``, its
        scores and its times.
    """
    table = []
    for number, chosen in enumerate(source_sets(sources)):
        report = infill(
            client, tasks, options, partial(_add, progress, number * len(tasks)), chosen
        )
        row = {name: report[name] for name in ("exact_match", "edit_similarity", "ttft_ms", "uses")}
        table.append({"sources": list(chosen), **row})
    return {**report, "table": table}


def _add(progress: Callable[[int], None], before: int, done: int) -> None:
    progress(before + done)


def source_sets(sources: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the sets that a table of these sources compares; the last one has them all."""
    base = tuple(name for name in sources if name == "cells")
    others = [name for name in sources if name != "cells"]
    sets = [base, *((*base, name) for name in others), (*base, *others)]
    return list(dict.fromkeys(sets))


def _means(scores: Sequence[tuple[float, float]]) -> dict[str, float]:
    exact, similarity = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    return {"exact_match": round(exact, 4), "edit_similarity": round(similarity, 4)}
