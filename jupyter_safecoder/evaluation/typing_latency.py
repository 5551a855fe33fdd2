"""Measures the latency of completions while a user types real notebooks, key by key.

For each notebook and layout there is one cold request, then one request for each key of the line
that the task hides. Every request streams a few tokens without stop rules, so that TTFT and the
time per output token after it (TPOT) come from the same stream, as the client sees it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import (
    Cell,
    CompletionOptions,
    CompletionRequest,
    Done,
    Error,
    Excerpt,
    Text,
)

from .percentiles import percentiles
from .tasks import task_request

#: Tokens per request: enough for a TPOT, and about as many as a user reads before the next key.
_TOKENS = 8
_MAX_KEYS = 40
_MIN_KEYS = 12


@dataclass
class TypingTimes:
    """Times in milliseconds, one for each request."""

    cold: list[float] = field(default_factory=list)
    keystroke: list[float] = field(default_factory=list)
    tpot: list[float] = field(default_factory=list)


def choose_tasks(tasks: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return the tasks with the most cells above the cursor, one a notebook if possible.

    Parameters
    ----------
    tasks
        From :func:`.tasks.read_tasks` or :func:`.tasks.notebook_tasks`.
    count
        Maximum number of tasks to return.
    """

    def context(task: dict[str, Any]) -> int:
        return sum(len(cell["source"]) for cell in task["cells"][: task["cell_index"]])

    ranked = sorted(tasks, key=context, reverse=True)
    chosen: dict[str, dict[str, Any]] = {}
    for task in ranked:
        if len(task["expected"].strip()) >= _MIN_KEYS:
            chosen.setdefault(str(task.get("id")).partition("#")[0], task)
    return [*chosen.values(), *(task for task in ranked if task not in chosen.values())][:count]


def bench_typing(
    client: CompletionClient,
    tasks: Sequence[dict[str, Any]],
    layouts: Sequence[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Type the hidden line of each task, in every layout.

    Parameters
    ----------
    client
        A client of a runtime that is ready.
    tasks
        From :func:`choose_tasks`.
    layouts
        FIM layouts to compare.
    progress
        Called with the number of lines that are typed, and of all lines.

    Returns
    -------
    dict
        ``context_tokens`` is the median length of the prompts when typing starts; times are in
        milliseconds.

    Raises
    ------
    RuntimeRequestError
        If the runtime refuses a request, or the connection is lost.
    """
    times = {layout: TypingTimes() for layout in layouts}
    lengths: list[int] = []
    total = len(tasks) * len(layouts)
    for number, task in enumerate(tasks):
        for position, layout in enumerate(layouts):
            request = with_cache_buster(task_request(task), secrets.token_hex(4))
            lengths.append(type_line(client, request, task["expected"], layout, times[layout]))
            progress(number * len(layouts) + position + 1, total)
    return {
        "context_tokens": sorted(lengths)[len(lengths) // 2],
        "notebooks": len(tasks),
        "keystrokes": len(times[layouts[0]].keystroke),
        "layouts": {
            layout: {
                "cold_ttft_ms": percentiles(measured.cold),
                "keystroke_ttft_ms": percentiles(measured.keystroke),
                "tpot_ms": percentiles(measured.tpot),
            }
            for layout, measured in times.items()
        },
    }


def type_line(
    client: CompletionClient, request: CompletionRequest, line: str, layout: str, times: TypingTimes
) -> int:
    """Type a line, with a request after each key.

    Parameters
    ----------
    client
        A client of a runtime that is ready.
    request
        The first request, before the first key: it is the cold one.
    line
        What is typed after its prefix.
    layout
        FIM layout; empty: the model's.
    times
        Gets the times.

    Returns
    -------
    int
        The length of the first prompt in tokens.
    """
    keys = line.partition("\n")[0][:_MAX_KEYS]
    length = 0
    for typed in range(len(keys) + 1):
        ttft, tpot, done = measure_request(
            client, replace(request, prefix=request.prefix + keys[:typed]), layout
        )
        (times.keystroke if typed else times.cold).append(ttft)
        if tpot is not None:
            times.tpot.append(tpot)
        length = length or done.prompt_tokens
    return length


def measure_request(
    client: CompletionClient, request: CompletionRequest, layout: str = ""
) -> tuple[float, float | None, Done]:
    """Return TTFT, TPOT (if there is more than one token) and the last event of a request."""
    options = CompletionOptions(layout=layout or None, max_tokens=_TOKENS, rules=False)
    arrivals: list[tuple[float, int]] = []
    started = time.perf_counter()
    for event in client.events(replace(request, options=options)):
        now = (time.perf_counter() - started) * 1000
        if isinstance(event, Text):
            arrivals.append((now, event.tokens))
        elif isinstance(event, Done):
            if not arrivals:  # the first token was the end token
                return now, None, event
            (first_ms, first), (last_ms, last) = arrivals[0], arrivals[-1]
            return first_ms, (last_ms - first_ms) / (last - first) if last > first else None, event
        elif isinstance(event, Error):
            raise RuntimeRequestError(event.message, event.remedy)
    raise RuntimeRequestError("The runtime sent no result.")


def with_cache_buster(request: CompletionRequest, salt: str) -> CompletionRequest:
    """Return a request whose cells and modules are new to the prefix cache: it is cold at first.

    Parameters
    ----------
    request
        The request.
    salt
        A text that no earlier request has had.
    """
    return replace(
        request,
        before=tuple(
            Cell(cell.type, f"# {salt}\n{cell.source}", cell.output) for cell in request.before
        ),
        modules=tuple(
            Excerpt(module.path, f"# {salt}\n{module.text}") for module in request.modules
        ),
    )
