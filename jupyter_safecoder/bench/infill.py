"""How good completions are: infilling tasks from real notebooks.

A task hides the rest of a line; the first line of the answer is compared, trailing space ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..notebook_file import task_request
from ..protocol import Options
from ..runtime.client import RuntimeClient
from .statistics import percentiles


def infill(
    client: RuntimeClient,
    tasks: Sequence[dict[str, Any]],
    options: Options,
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


def score(text: str, expected: str) -> tuple[float, float]:
    """Return exact match and edit similarity of two first lines, 0 to 1 each.

    The similarity is twice the length of the longest common subsequence over the sum of both
    lengths, as code completion benchmarks report it (CodeXGLUE, Lu et al. 2021, arXiv:2102.04664).
    """
    from rapidfuzz.distance import Indel

    ours, theirs = (line.partition("\n")[0].rstrip() for line in (text, expected))
    return float(ours == theirs), Indel.normalized_similarity(ours, theirs)


def _means(scores: Sequence[tuple[float, float]]) -> dict[str, float]:
    exact, similar = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    return {"exact_match": round(exact, 4), "edit_similarity": round(similar, 4)}
