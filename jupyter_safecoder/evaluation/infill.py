"""Measures the quality of completions with infilling tasks.

A task hides the rest of a line, with which the first line of the completion is compared. Trailing
space is ignored. If the engine has log-probabilities, the tasks also calibrate how sure the model
must be of a line that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.protocol import CompletionOptions

from .calibration import ScoredLine, report_confidence
from .percentiles import percentiles
from .scoring import score
from .tasks import task_request


def infill(
    client: CompletionClient,
    tasks: Sequence[dict[str, Any]],
    options: CompletionOptions,
    progress: Callable[[int], None] = lambda done: None,
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

    Returns
    -------
    dict
        ``exact_match`` and ``edit_similarity`` are means over the tasks, 0 to 1; ``unfiltered``
        has the same without stop rules and filters; times are in milliseconds; ``confidence`` is
        as in :func:`.report_confidence`.
    """
    filtered, unfiltered, ttft, total = [], [], [], []
    lines: list[ScoredLine] = []
    layout = ""
    for number, task in enumerate(tasks, 1):
        done = client.complete(task_request(task, options))
        layout = done.layout
        filtered.append(score(done.text, task["expected"]))
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
    }


def _means(scores: Sequence[tuple[float, float]]) -> dict[str, float]:
    exact, similarity = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    return {"exact_match": round(exact, 4), "edit_similarity": round(similarity, 4)}
