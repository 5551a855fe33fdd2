"""What a Hub's service costs and how fair it is: people who type, through it and past it.

A real JupyterHub starts the service, which starts a runtime; the Hub makes the people and their
tokens. The benchmark takes the place of their servers: it sends what they would send, with their
tokens, to the service's door (:mod:`.hub_people` has the typing). The runtime's engine is the
scripted one at a speed that the report states, so that every figure is that of the way and of the
service's order. What is measured, in this order:

``ttft_ms``
    From sending a request to the first ``text`` or ``done`` event, as the client sees it, of all
    people through the service.
``overhead_ms``
    In the same seconds a quarter as many people more type the same way straight into the same
    runtime, over its Unix socket and with the same client. It is the p50 (p95) of the TTFT through
    the service less the p50 (p95) of theirs: identity, policy, counts, audit and one more HTTP hop.
    What client, runtime and engine take is in both, and cancels out.
``flood_p95_ratio``
    One person asks 20 times as often, in ten notebooks: p95 of the others' TTFT while that goes on,
    over their p95 without. Each half alternates with the other over the same keys and pauses.
``jain``
    More is asked for than the engine can give: everybody asks again as soon as there is an answer,
    and one in five has ten times as many notebooks. Jain's index over people of the tokens that
    each was given: whoever has ten notebooks is to have one person's share.
``rss_mb``
    What the service and its runtime hold in memory (10^6 bytes), sampled through all of it.

``load_average`` is that of the minute before: where other work runs, all times are longer.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.load import OPTIONS
from jupyter_safecoder.evaluation.percentiles import percentiles
from jupyter_safecoder.protocol import TOKEN_HEADER, USER_HEADER, CompletionOptions

from .fairness import jain
from .load_generator import (
    Endpoint,
    Rejected,
    RequestResult,
    User,
    make_person,
    open_endpoint,
    run_closed_loop,
    run_open_loop,
    warm_up,
)
from .process import BenchHub, bench_hub_process

#: About a small model on one accelerator; fifty people who type leave more than half of it free, so
#: that few requests wait for another and the way is most of what differs.
_SPEED = {"first_token_ms": 30, "token_ms": 3}
_MANY_TOKENS = 64
_SCRIPT = {"otherwise": "pass" * (_MANY_TOKENS // 2), **_SPEED}
_SAMPLE_S = 2.0
_FLOOD, _NOTEBOOKS, _ROUNDS = 20.0, 10, 2
#: Streams that ask without a pause are at least so many: twice what an engine runs at once.
_STREAMS = 16


@dataclass(frozen=True)
class HubBench:
    """How many people, for how long; ``steady_s`` is how long they type before one floods."""

    users: int
    seconds: float
    steady_s: float


def bench_hub(
    what: HubBench,
    tasks: Sequence[dict[str, Any]],
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure the service with the scripted engine.

    Parameters
    ----------
    what
        How many, how long.
    tasks
        The places where people type.
    say
        Hears what is going on.

    Returns
    -------
    dict
        As the module's description says; times in milliseconds.

    Raises
    ------
    RuntimeRequestError
        If something does not start, or breaks.
    """
    if what.users < 2:
        raise RuntimeRequestError(
            "Fairness takes two people at least.", "Give --users a larger number."
        )
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        model = write_scripted_model(directory / "model", _SCRIPT)
        arguments = ["--engine", "scripted", "--model", str(model)]
        with bench_hub_process(directory, what.users, arguments, say) as hub:
            return asyncio.run(_Measurement(hub, what, tasks, say).run())


class _Measurement:
    def __init__(
        self,
        hub: BenchHub,
        what: HubBench,
        tasks: Sequence[dict[str, Any]],
        say: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._what = what
        self._tasks = tasks
        self._say = say
        self._memory: list[tuple[float, float]] = []

    async def run(self) -> dict[str, Any]:
        load = os.getloadavg()[0]
        self._say(f"{self._what.users} typing: making their keys")
        people = [self._person(number) for number in range(self._what.users)]
        async with AsyncExitStack() as stack:
            runtime = self._hub.runtime
            through = await stack.enter_async_context(
                open_endpoint("/completions", event_tokens, self._hub.service)
            )
            past = await stack.enter_async_context(
                open_endpoint("/completions", event_tokens, runtime.base_url, runtime.socket)
            )
            memory = asyncio.ensure_future(self._watch_memory())
            stack.callback(memory.cancel)
            typed = await self._steadily(through, past, people)
            flood = await self._flooded(through, people)
            fair = await self._saturated(through)
            if memory.done():
                memory.result()  # it never ends but by what broke it
        return {
            "users": self._what.users,
            "engine": {"name": "scripted", **_SPEED, "answer_tokens": OPTIONS.max_tokens},
            "load_average": round(load, 2),
            **typed,
            **flood,
            **fair,
            "rss_mb": [round(sum(both), 1) for both in self._memory],
            "rss": {
                "every_s": _SAMPLE_S,
                "service_mb": [round(service, 1) for service, _ in self._memory],
                "runtime_mb": [round(runtime, 1) for _, runtime in self._memory],
            },
        }

    async def _steadily(
        self, service: Endpoint, runtime: Endpoint, people: Sequence[User]
    ) -> dict[str, Any]:
        past = self._people_past()
        self._say(f"{len(people)} typing: opening their notebooks")
        await warm_up(service, people)
        await warm_up(runtime, past)
        self._say(f"{len(people)} typing: {self._what.steady_s:.0f} s")
        through, bare = await asyncio.gather(
            run_open_loop(service, people, self._what.steady_s, "steady"),
            run_open_loop(runtime, past, self._what.steady_s, "steady"),
        )
        both = {"service": first_tokens(through), "runtime": first_tokens(bare)}
        outcomes = [asked.outcome for asked in through]
        return {
            "ttft_ms": both["service"],
            "runtime_ttft_ms": both["runtime"],
            "overhead_ms": overhead(both["service"], both["runtime"]),
            "requests": {
                name: outcomes.count(name) for name in ("answered", "given_up", "refused")
            },
        }

    async def _flooded(self, service: Endpoint, people: Sequence[User]) -> dict[str, Any]:
        others, many = people[1:], self._person(0, _NOTEBOOKS)
        seconds = self._what.seconds / (2 * _ROUNDS)
        without: list[RequestResult] = []
        during: list[RequestResult] = []
        for number in range(_ROUNDS):
            seed = f"flood {number}"
            self._say(f"{len(people)} typing, one of them as usual: {seconds:.0f} s")
            usual = await run_open_loop(service, people, seconds, seed)
            without += [asked for asked in usual if asked.person != many.name]
            self._say(f"{len(people)} typing, one of them much: {seconds:.0f} s")
            found, _ = await asyncio.gather(
                run_open_loop(service, others, seconds, seed),
                run_open_loop(service, [many], seconds, seed, _FLOOD),
            )
            during += found
        p95 = {"without": first_tokens(without)["p95"], "during": first_tokens(during)["p95"]}
        return {
            "flood_p95_ratio": round(p95["during"] / p95["without"], 3),
            "flood_p95_ms": p95,
        }

    async def _saturated(self, service: Endpoint) -> dict[str, Any]:
        users, seconds = self._what.users, self._what.seconds / 2
        few = -(-_STREAMS // users)
        options = replace(OPTIONS, max_tokens=_MANY_TOKENS)
        people = [
            self._person(number, few * (1 if number % 5 else _NOTEBOOKS), options)
            for number in range(users)
        ]
        self._say(f"{users} asking without a pause: {seconds:.0f} s")
        asked = await run_closed_loop(service, people, seconds)
        tokens = [sum(one.tokens for one in of_person) for of_person in asked.values()]
        return fairness(tokens, seconds)

    def _person(
        self, number: int, notebooks: int = 1, options: CompletionOptions = OPTIONS
    ) -> User:
        name, token = list(self._hub.tokens.items())[number]
        return make_person(
            name,
            bearer(token),
            self._tasks,
            place=number / self._what.users,
            notebooks=notebooks,
            options=options,
        )

    def _people_past(self) -> list[User]:
        """Return those who ask the runtime itself, as its own user may."""
        many = max(2, self._what.users // 4)
        return [
            make_person(
                f"past-{number}",
                {TOKEN_HEADER: self._hub.runtime.token, USER_HEADER: f"past-{number}"},
                self._tasks,
                place=number / many,
            )
            for number in range(many)
        ]

    async def _watch_memory(self) -> None:
        while True:
            pids = (self._hub.service_pid, self._hub.runtime.pid)
            service, runtime = map(resident_mb, pids)
            self._memory.append((service, runtime))
            await asyncio.sleep(_SAMPLE_S)


def bearer(token: str) -> dict[str, str]:
    """Return the headers of somebody's server."""
    return {"Authorization": f"Bearer {token}"}


def event_tokens(line: bytes) -> int | None:
    """Return how many tokens of an answer there are after an event of our protocol.

    Raises
    ------
    Full
        If it had to make room for somebody who waits with less.
    RuntimeRequestError
        If the event is another error.
    """
    event = json.loads(line)
    if event["event"] == "error" and event["code"] == "queue_full":
        raise Rejected(float(event.get("retry_after_s", 1)))
    if event["event"] == "error":
        raise RuntimeRequestError(event["message"], event.get("remedy", ""))
    if event["event"] == "done":
        return int(event["completion_tokens"])
    return int(event["tokens"]) if event["event"] == "text" else None


def overhead(through: Mapping[str, float], past: Mapping[str, float]) -> dict[str, float]:
    """Return what each percentile of one way has more than that of the other."""
    return {name: round(value - past[name], 2) for name, value in through.items()}


def fairness(tokens: Sequence[int], seconds: float) -> dict[str, Any]:
    """Return what is reported of the tokens that each person got.

    Raises
    ------
    RuntimeRequestError
        If nobody got any: that is fair, and no service.
    """
    if not sum(tokens):
        raise RuntimeRequestError("Nobody had an answer while all asked at once.")
    return {
        "jain": round(jain(tokens), 4),
        "saturated": {
            "tokens_per_s": round(sum(tokens) / seconds, 1),
            "least_tokens": min(tokens),
            "most_tokens": max(tokens),
        },
    }


def resident_mb(pid: int) -> float:
    """Return what a process holds in memory, in 10^6 bytes.

    Raises
    ------
    RuntimeRequestError
        If there is no such process, or the system does not tell.
    """
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except OSError as error:
        raise RuntimeRequestError(
            "The service or its runtime has ended, or this system has no /proc."
        ) from error
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def first_tokens(asked: Sequence[RequestResult]) -> dict[str, float]:
    """Return the percentiles of those that were let in."""
    times = [one.ttft_ms for one in asked if one.ttft_ms is not None]
    if not times:
        raise RuntimeRequestError("Nobody had an answer.", "Measure for longer: --seconds.")
    return {name: value or 0.0 for name, value in percentiles(times).items()}
