"""Measures what each source of a prompt costs while a user types and executes, key by key.

For each task and each set of sources there is one cold request, one request for each key of the
line that the task hides, and one at the first key after the cell was executed. The sets take turns
task by task, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.protocol import Cell, CompletionRequest, KernelName

from .infill import source_sets
from .percentiles import percentiles
from .tasks import task_request
from .typing_latency import TypingTimes, measure_request, type_line, with_cache_buster

#: What an execution changes in the kernel: a name is new, and so is the shape of another one.
_NEW_NAME = KernelName("result", "DataFrame", (120, 4))


@dataclass
class _Row:
    """The times of one set of sources."""

    sources: tuple[str, ...]
    typing: TypingTimes = field(default_factory=TypingTimes)
    executed: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)


def bench_sources(
    client: CompletionClient,
    tasks: Sequence[dict[str, Any]],
    sources: Sequence[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Type the hidden line of each task with several sets of sources, and execute the cell.

    Parameters
    ----------
    client
        A client of a runtime that is ready.
    tasks
        From :func:`.typing_latency.choose_tasks`.
    sources
        Names of :data:`jupyter_safecoder.protocol.SOURCES`; see :func:`.infill.source_sets`.
    progress
        Called with the number of lines that are typed, and of all lines.

    Returns
    -------
    dict
        ``sources`` has a row for each set: its names, the median length of the prompts in tokens
        when typing starts, and times in milliseconds. The first key after an execution has no
        warm-up, which the editor does: it is the most that a user waits.

    Raises
    ------
    RuntimeRequestError
        If the runtime refuses a request, or the connection is lost.
    """
    rows = [_Row(chosen) for chosen in source_sets(sources)]
    total = len(tasks) * len(rows)
    for number, task in enumerate(tasks):
        for position, row in enumerate(rows):
            request = with_cache_buster(task_request(task), secrets.token_hex(4)).only(row.sources)
            row.lengths.append(type_line(client, request, task["expected"], "", row.typing))
            next_cell = _after_execution(request, task["expected"]).only(row.sources)
            row.executed.append(measure_request(client, next_cell)[0])
            progress(number * len(rows) + position + 1, total)
    return {
        "notebooks": len(tasks),
        "keystrokes": len(rows[0].typing.keystroke),
        "sources": [
            {
                "sources": list(row.sources),
                "prompt_tokens": sorted(row.lengths)[len(row.lengths) // 2],
                "cold_ttft_ms": percentiles(row.typing.cold),
                "keystroke_ttft_ms": percentiles(row.typing.keystroke),
                "execution_ttft_ms": percentiles(row.executed),
            }
            for row in rows
        ],
    }


def _after_execution(request: CompletionRequest, line: str) -> CompletionRequest:
    """Return the request of the first key in the next cell, once this one was executed."""
    first, *others = request.kernel or (_NEW_NAME,)
    changed = replace(first, shape=tuple(size + 1 for size in first.shape))
    return replace(
        request,
        before=(*request.before, Cell("code", f"{request.prefix}{line}{request.suffix}")),
        kernel=(_NEW_NAME, changed, *others),
        prefix="r",
        suffix="",
    )
