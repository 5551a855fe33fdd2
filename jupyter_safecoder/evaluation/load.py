"""Measures several users who type at once into one runtime, next to one who types alone.

The workload is a closed loop, the same for one user and for many: a user waits for the end of a
completion, then types the next key at once, and so sends requests as fast as the runtime responds.
Real typing has pauses, in which a runtime catches up; without them every result is that of a full
load. Each user has a notebook of their own, with a cache buster, so that no user profits from the
prefix cache of another. It is opened (its first prompt computed) before the clock starts; going to
its other cells is part of what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any

from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest, Done, Error, Text

from .percentiles import percentiles
from .tasks import task_request
from .typing_latency import with_cache_buster

#: Every completion has so many tokens, about those of a line, unless the model ends it.
OPTIONS = CompletionOptions(max_tokens=16, rules=False)
_MAX_KEYS = 24


@dataclass
class _User:
    """A user who types; ``ttft_ms`` and ``tokens`` count until the clock stops."""

    name: str
    requests: Iterator[CompletionRequest]
    ttft_ms: list[float] = field(default_factory=list)
    tokens: int = 0


def bench_load(
    client: RuntimeClient,
    tasks: Sequence[dict[str, Any]],
    users: int,
    seconds: float = 30.0,
    progress: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Let one user type, then ``users`` at once, for ``seconds`` each.

    Parameters
    ----------
    client
        A client of a runtime that is ready and has no other clients.
    tasks
        Tasks whose lines each user types, one after the other.
    users
        Number of users who type at once.
    seconds
        Duration of each measurement.
    progress
        Called with what is being measured.

    Returns
    -------
    dict
        ``tokens_per_s`` of all users together; ``ttft_ms`` over all requests as clients see it,
        with the time in the queue; ``per_user_p95_ms``; ``single`` has the same for one user.

    Raises
    ------
    RuntimeRequestError
        If the runtime refuses a request, or the connection is lost.
    """
    single = _type_together(client, tasks, 1, seconds, progress)
    return {**_type_together(client, tasks, users, seconds, progress), "single": single}


def _type_together(
    client: RuntimeClient,
    tasks: Sequence[dict[str, Any]],
    count: int,
    seconds: float,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    names = [f"{number + 1} of {count}" for number in range(count)]
    users = [
        _User(name, typed_keys(tasks, name, number / count)) for number, name in enumerate(names)
    ]
    with ThreadPoolExecutor(count) as pool:
        progress(f"{count} typing: opening their notebooks")
        list(pool.map(lambda user: _open(client, user), users))
        progress(f"{count} typing: {seconds:.0f} s")
        until = time.perf_counter() + seconds
        list(pool.map(lambda user: _type(client, user, until), users))
    if not all(user.ttft_ms for user in users):
        raise RuntimeRequestError(
            f"One of {count} users had no answer within {seconds:.0f} s.",
            "Measure for longer: --seconds.",
        )
    return {
        "users": count,
        "tokens_per_s": round(sum(user.tokens for user in users) / seconds, 2),
        "ttft_ms": percentiles([ttft for user in users for ttft in user.ttft_ms]),
        "per_user_p95_ms": [percentiles(user.ttft_ms)["p95"] for user in users],
    }


def typed_keys(
    tasks: Sequence[dict[str, Any]], salt: str, start: float
) -> Iterator[CompletionRequest]:
    """Yield a request for each key of a user who types line after line, without end.

    Only the second half of the notebook is typed, where there are cells above the cursor.

    Parameters
    ----------
    tasks
        Tasks of one notebook, in its order.
    salt
        Name of the user, which makes the notebook new to the prefix cache.
    start
        Where in the second half the user starts, 0 to 1: users who start at the same line would
        all go to another cell at the same moment.
    """
    later = tasks[len(tasks) // 2 :]
    first = int(start * len(later))
    for task in cycle([*later[first:], *later[:first]]):
        request = replace(with_cache_buster(task_request(task, OPTIONS), salt), document=salt)
        for typed in range(len(task["expected"][:_MAX_KEYS]) + 1):
            yield replace(request, prefix=request.prefix + task["expected"][:typed])


def _open(client: RuntimeClient, user: _User) -> None:
    """Send the first request until it is computed: after a deadline the next one continues."""
    request = next(user.requests)
    with client.for_user(user.name) as own:
        while own.complete(request).finish_reason == "deadline":
            pass


def _type(client: RuntimeClient, user: _User, until: float) -> None:
    with client.for_user(user.name) as own:
        while time.perf_counter() < until:
            _request(own, user, until)


def _request(client: RuntimeClient, user: _User, until: float) -> None:
    """Wait for the end of a completion; tokens after the clock stopped are not counted."""
    started = time.perf_counter()
    counted = 0
    is_first = True
    for event in client.events(next(user.requests)):
        now = time.perf_counter()
        if isinstance(event, Error):
            raise RuntimeRequestError(event.message, event.remedy)
        if now > until or not isinstance(event, Text | Done):
            continue
        if is_first:
            is_first = False
            user.ttft_ms.append((now - started) * 1000)
        tokens = event.tokens if isinstance(event, Text) else event.completion_tokens
        user.tokens += tokens - counted
        counted = tokens
