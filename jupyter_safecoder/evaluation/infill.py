"""How good completions are: infilling tasks from real notebooks.

A task hides the rest of a line; the first line of the answer is compared, trailing space ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.protocol import CompletionOptions

from .percentiles import percentiles
from .scoring import score
from .tasks import task_request


def infill(
    client: RuntimeClient,
    tasks: Sequence[dict[str, Any]],
    options: CompletionOptions,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Return the scores and times of all tasks.

    Parameters
    ----------
    client
        Of a runtime that is ready.
    tasks
        From :func:`..notebook_file.read_tasks`.
    options
        The layout and the rules to use; the raw text is asked for in any case.
    progress
        Called with the number of tasks done.

    Returns
    -------
    dict
        ``exact_match`` and ``edit_similarity`` are means over the tasks, 0 to 1; ``unfiltered``
        has them before stop rules and filters; times are in milliseconds.
    """
    answers, unfiltered, ttft, total = [], [], [], []
    layout = ""
    for number, task in enumerate(tasks, 1):
        done = client.complete(task_request(task, options))
        layout = done.layout
        answers.append(score(done.text, task["expected"]))
        unfiltered.append(score(done.raw_text or "", task["expected"]))
        total.append(done.total_ms)
        if done.ttft_ms is not None:
            ttft.append(done.ttft_ms)
        progress(number)
    return {
        "tasks": len(tasks),
        **_means(answers),
        "layout": layout,
        "ttft_ms": percentiles(ttft),
        "total_ms": percentiles(total),
        "unfiltered": _means(unfiltered),
    }


def _means(scores: Sequence[tuple[float, float]]) -> dict[str, float]:
    exact, similar = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    return {"exact_match": round(exact, 4), "edit_similarity": round(similar, 4)}
