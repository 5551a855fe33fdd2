"""How fast the next token comes while somebody types: real notebooks, key by key.

For each notebook and layout: one cold request, then one request for each key of the line that the
task hides, as a person would type it. Every request streams a few tokens without stop rules, so
that TTFT and the time per token after it (TPOT) come from the same stream, as the client sees it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import Cell, CompletionOptions, CompletionRequest, Done, Error, Text

from .percentiles import percentiles
from .tasks import task_request

#: Tokens streamed after each key: enough for a TPOT, and about what one reads before the next key.
_TOKENS = 8
_MOST_KEYS = 40
_LEAST_KEYS = 12


@dataclass
class _Times:
    """In milliseconds, one for each request."""

    cold: list[float] = field(default_factory=list)
    keystroke: list[float] = field(default_factory=list)
    tpot: list[float] = field(default_factory=list)


def choose_tasks(tasks: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Return the tasks that type longest into the longest notebooks, one a notebook if possible."""

    def context(task: dict[str, Any]) -> int:
        return sum(len(cell["source"]) for cell in task["cells"][: task["cell_index"]])

    ranked = sorted(tasks, key=context, reverse=True)
    chosen: dict[str, dict[str, Any]] = {}
    for task in ranked:
        if len(task["expected"].strip()) >= _LEAST_KEYS:
            chosen.setdefault(str(task.get("id")).partition("#")[0], task)
    return [*chosen.values(), *(task for task in ranked if task not in chosen.values())][:most]


def bench_typing(
    client: RuntimeClient,
    tasks: Sequence[dict[str, Any]],
    layouts: Sequence[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Type the hidden line of each task into the runtime, in every layout.

    Returns
    -------
    dict
        ``context_tokens`` is the median of the prompts' lengths when typing begins; times are in
        milliseconds.
    """
    times = {layout: _Times() for layout in layouts}
    lengths: list[int] = []
    total = len(tasks) * len(layouts)
    for number, task in enumerate(tasks):
        for position, layout in enumerate(layouts):
            request = with_cache_buster(task_request(task), secrets.token_hex(4))
            lengths.append(_type(client, request, task["expected"], layout, times[layout]))
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


def _type(
    client: RuntimeClient, request: CompletionRequest, line: str, layout: str, times: _Times
) -> int:
    """Type a line; returns the prompt's length in tokens at its first key."""
    options = CompletionOptions(layout=layout, max_tokens=_TOKENS, rules=False)
    keys = line.partition("\n")[0][:_MOST_KEYS]
    length = 0
    for typed in range(len(keys) + 1):
        prefix = request.prefix + keys[:typed]
        ttft, tpot, done = _ask(client, replace(request, prefix=prefix, options=options))
        (times.keystroke if typed else times.cold).append(ttft)
        if tpot is not None:
            times.tpot.append(tpot)
        length = length or done.prompt_tokens
    return length


def _ask(client: RuntimeClient, request: CompletionRequest) -> tuple[float, float | None, Done]:
    """Return TTFT, TPOT (if more than one token came) and the last event of one request."""
    arrivals: list[tuple[float, int]] = []
    began = time.perf_counter()
    for event in client.events(request):
        now = (time.perf_counter() - began) * 1000
        if isinstance(event, Text):
            arrivals.append((now, event.tokens))
        elif isinstance(event, Done):
            if not arrivals:  # the model had nothing to say: its end token is the first token
                return now, None, event
            (first, one), (last, many) = arrivals[0], arrivals[-1]
            return first, (last - first) / (many - one) if many > one else None, event
        elif isinstance(event, Error):
            raise RuntimeRequestError(event.message, event.remedy)
    raise RuntimeRequestError("The runtime ended the answer without a result.")


def with_cache_buster(request: CompletionRequest, salt: str) -> CompletionRequest:
    """Make every cell new to the prefix cache, so that the first request really is cold."""
    return replace(
        request,
        before=tuple(
            Cell(cell.type, f"# {salt}\n{cell.source}", cell.output) for cell in request.before
        ),
    )
