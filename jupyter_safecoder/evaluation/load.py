"""Several people who type at once into one runtime, compared with one who types alone.

The workload is a closed loop, the same for one and for many: a person waits for the end of an
answer, types the next key at once, and so asks as fast as the runtime answers. Real typing has
pauses, in which a runtime catches up; without them every figure is that of a full house. Each
person has a notebook of their own, salted, so that nobody profits from another's prefix cache. It
is opened (its first prompt computed) before the clock starts; going to its other cells is part of
what is measured.
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

#: Each answer has so many tokens, about those of a line, unless the model ends it.
OPTIONS = CompletionOptions(max_tokens=16, rules=False)
_MOST_KEYS = 24


@dataclass
class _Person:
    """``ttft_ms`` and ``tokens`` count what came before the clock stopped."""

    name: str
    requests: Iterator[CompletionRequest]
    ttft_ms: list[float] = field(default_factory=list)
    tokens: int = 0


def bench_load(
    client: RuntimeClient,
    tasks: Sequence[dict[str, Any]],
    users: int,
    seconds: float = 30.0,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Let one person type, then ``users`` at once, for ``seconds`` each.

    Parameters
    ----------
    client
        Of a runtime that is ready and that nobody else asks.
    tasks
        The places where each person types, one after the other.
    users
        How many type at once.
    seconds
        How long each part is measured.
    say
        Hears what is going on.

    Returns
    -------
    dict
        ``tokens_per_s`` of all people together, ``ttft_ms`` over all requests as clients see it,
        waiting in the queue included, and each person's p95; ``single`` has the same for one.

    Raises
    ------
    RuntimeRequestError
        If the runtime refuses or breaks.
    """
    alone = _type_together(client, tasks, 1, seconds, say)
    return {**_type_together(client, tasks, users, seconds, say), "single": alone}


def _type_together(
    client: RuntimeClient,
    tasks: Sequence[dict[str, Any]],
    users: int,
    seconds: float,
    say: Callable[[str], None],
) -> dict[str, Any]:
    names = [f"{number + 1} of {users}" for number in range(users)]
    people = [
        _Person(name, typed_keys(tasks, name, number / users)) for number, name in enumerate(names)
    ]
    with ThreadPoolExecutor(users) as pool:
        say(f"{users} typing: opening their notebooks")
        list(pool.map(lambda person: _open(client, person), people))
        say(f"{users} typing: {seconds:.0f} s")
        until = time.perf_counter() + seconds
        list(pool.map(lambda person: _type(client, person, until), people))
    if not all(person.ttft_ms for person in people):
        raise RuntimeRequestError(
            f"Somebody among {users} had no answer within {seconds:.0f} s.",
            "Measure for longer: --seconds.",
        )
    return {
        "users": users,
        "tokens_per_s": round(sum(person.tokens for person in people) / seconds, 2),
        "ttft_ms": percentiles([ttft for person in people for ttft in person.ttft_ms]),
        "per_user_p95_ms": [percentiles(person.ttft_ms)["p95"] for person in people],
    }


def typed_keys(
    tasks: Sequence[dict[str, Any]], salt: str, place: float
) -> Iterator[CompletionRequest]:
    """Yield a request for each key of a person who types line after line, without end.

    In the second half of the notebook, where there is something to look back at, from a place in
    it (0 to 1) that is the person's own: else all would go to another cell in the same moment.
    """
    later = tasks[len(tasks) // 2 :]
    begin = int(place * len(later))
    for task in cycle([*later[begin:], *later[:begin]]):
        request = replace(with_cache_buster(task_request(task, OPTIONS), salt), document=salt)
        for typed in range(len(task["expected"][:_MOST_KEYS]) + 1):
            yield replace(request, prefix=request.prefix + task["expected"][:typed])


def _open(client: RuntimeClient, person: _Person) -> None:
    """Ask until the prompt is computed: what a deadline cuts short goes on with the next try."""
    request = next(person.requests)
    with client.of_person(person.name) as own:
        while own.complete(request).finish_reason == "deadline":
            pass


def _type(client: RuntimeClient, person: _Person, until: float) -> None:
    with client.of_person(person.name) as own:
        while time.perf_counter() < until:
            _ask(own, person, until)


def _ask(client: RuntimeClient, person: _Person, until: float) -> None:
    """Wait for an answer's end; what comes after the clock stopped is not counted."""
    began = time.perf_counter()
    seen = 0
    first = True
    for event in client.events(next(person.requests)):
        now = time.perf_counter()
        if isinstance(event, Error):
            raise RuntimeRequestError(event.message, event.remedy)
        if now > until or not isinstance(event, Text | Done):
            continue
        if first:
            first = False
            person.ttft_ms.append((now - began) * 1000)
        tokens = event.tokens if isinstance(event, Text) else event.completion_tokens
        person.tokens += tokens - seen
        seen = tokens
