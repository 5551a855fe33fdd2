"""Overhead and fairness of a JupyterHub service, with and without which users type.

A real JupyterHub starts the service, which starts a runtime, and makes the users and their tokens.
The benchmark takes the place of the users' servers: it sends what they would send, with their
tokens, to the service (:mod:`.load_generator` types). The engine is the scripted one, at a speed
that the report states, so that the results are those of the request path and of the scheduler.
They are measured in this order:

``ttft_ms``
    Time from sending a request to the first ``text`` or ``done`` event, of all users through the
    service, as the client sees it.
``overhead_ms``
    During the same time, a quarter as many additional users type the same way directly to the same
    runtime, over its Unix socket and with the same client. The overhead is the p50 (p95) of the
    TTFT through the service minus the p50 (p95) of theirs: authentication, policy, counts, audit
    and one more HTTP hop. The time of client, runtime and engine is in both, and cancels out.
``flood_p95_ratio``
    One user sends 20 times as many requests, from ten notebooks: p95 of the others' TTFT during
    that, divided by their p95 without. The two alternate, over the same keys and pauses.
``jain``
    More is requested than the engine can generate: each notebook sends its next request after a
    response, and one user in five has ten times as many notebooks. Jain's index over users of the
    tokens that each received: a user with ten notebooks should get the share of one user.
``rss_mb``
    Resident memory of the service and its runtime (10^6 bytes), sampled during all of it.

``load_average`` is that of the minute before: other work on the machine makes all times longer.
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
    make_user,
    open_endpoint,
    run_closed_loop,
    run_open_loop,
    warm_up,
)
from .process import BenchHub, bench_hub_process

#: About the speed of a small model on an accelerator: fifty users who type leave more than half of
#: it free, so that few requests wait for others.
SPEED = {"first_token_ms": 30, "token_ms": 3}
_SATURATED_TOKENS = 64
SCRIPT = {"otherwise": "pass" * (_SATURATED_TOKENS // 2), **SPEED}
_SAMPLE_S = 2.0
_FLOOD_RATE, _NOTEBOOKS, _ROUNDS = 20.0, 10, 2
#: Minimum number of notebooks in the closed loop: twice what an engine runs at once.
_MIN_STREAMS = 16


@dataclass(frozen=True)
class HubBench:
    """What to measure.

    Parameters
    ----------
    users
        Number of users.
    seconds
        Duration of each measurement.
    steady_s
        Seconds for which all users type before one of them floods.
    """

    users: int
    seconds: float
    steady_s: float


def bench_hub(
    options: HubBench,
    tasks: Sequence[dict[str, Any]],
    report_status: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure the service with the scripted engine.

    Parameters
    ----------
    options
        What to measure.
    tasks
        Where users type.
    report_status
        Called with what is being done.

    Returns
    -------
    dict
        As in the module's description; times in milliseconds.

    Raises
    ------
    RuntimeRequestError
        If something does not start, or a request fails.
    """
    if options.users < 2:
        raise RuntimeRequestError(
            "Fairness needs at least two users.", "Give --users a larger number."
        )
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        model = write_scripted_model(directory / "model", SCRIPT)
        arguments = ["--engine", "scripted", "--model", str(model)]
        with bench_hub_process(directory, options.users, arguments, report_status) as hub:
            return asyncio.run(_Measurement(hub, options, tasks, report_status).run())


class _Measurement:
    def __init__(
        self,
        hub: BenchHub,
        options: HubBench,
        tasks: Sequence[dict[str, Any]],
        report_status: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._options = options
        self._tasks = tasks
        self._report_status = report_status
        self._memory: list[tuple[float, float]] = []

    async def run(self) -> dict[str, Any]:
        load = os.getloadavg()[0]
        self._report_status(f"{self._options.users} users: encoding their requests")
        users = [self._user(number) for number in range(self._options.users)]
        async with AsyncExitStack() as stack:
            runtime = self._hub.runtime
            service_endpoint = await stack.enter_async_context(
                open_endpoint("/completions", event_tokens, self._hub.service)
            )
            runtime_endpoint = await stack.enter_async_context(
                open_endpoint("/completions", event_tokens, runtime.base_url, runtime.socket)
            )
            memory = asyncio.ensure_future(self._sample_memory())
            stack.callback(memory.cancel)
            steady = await self._steady(service_endpoint, runtime_endpoint, users)
            flood = await self._flooded(service_endpoint, users)
            fair = await self._saturated(service_endpoint)
            if memory.done():
                memory.result()  # it ends only with an error
        return {
            "users": self._options.users,
            "engine": {"name": "scripted", **SPEED, "answer_tokens": OPTIONS.max_tokens},
            "load_average": round(load, 2),
            **steady,
            **flood,
            **fair,
            "rss_mb": [round(sum(both), 1) for both in self._memory],
            "rss": {
                "every_s": _SAMPLE_S,
                "service_mb": [round(service, 1) for service, _ in self._memory],
                "runtime_mb": [round(runtime, 1) for _, runtime in self._memory],
            },
        }

    async def _steady(
        self, service: Endpoint, runtime: Endpoint, users: Sequence[User]
    ) -> dict[str, Any]:
        direct_users = self._direct_users()
        self._report_status(f"{len(users)} users: opening their notebooks")
        await warm_up(service, users)
        await warm_up(runtime, direct_users)
        self._report_status(f"{len(users)} users typing: {self._options.steady_s:.0f} s")
        through, direct = await asyncio.gather(
            run_open_loop(service, users, self._options.steady_s, "steady"),
            run_open_loop(runtime, direct_users, self._options.steady_s, "steady"),
        )
        ttft = {"service": first_tokens(through), "runtime": first_tokens(direct)}
        outcomes = [result.outcome for result in through]
        return {
            "ttft_ms": ttft["service"],
            "runtime_ttft_ms": ttft["runtime"],
            "overhead_ms": overhead(ttft["service"], ttft["runtime"]),
            "requests": {
                name: outcomes.count(name) for name in ("answered", "given_up", "refused")
            },
        }

    async def _flooded(self, service: Endpoint, users: Sequence[User]) -> dict[str, Any]:
        others, flooding = users[1:], self._user(0, _NOTEBOOKS)
        seconds = self._options.seconds / (2 * _ROUNDS)
        without: list[RequestResult] = []
        during: list[RequestResult] = []
        for number in range(_ROUNDS):
            seed = f"flood {number}"
            self._report_status(f"{len(users)} users typing as usual: {seconds:.0f} s")
            usual = await run_open_loop(service, users, seconds, seed)
            without += [result for result in usual if result.user != flooding.name]
            self._report_status(f"{len(users)} users typing, one of them floods: {seconds:.0f} s")
            results, _ = await asyncio.gather(
                run_open_loop(service, others, seconds, seed),
                run_open_loop(service, [flooding], seconds, seed, _FLOOD_RATE),
            )
            during += results
        p95 = {"without": first_tokens(without)["p95"], "during": first_tokens(during)["p95"]}
        return {
            "flood_p95_ratio": round(p95["during"] / p95["without"], 3),
            "flood_p95_ms": p95,
        }

    async def _saturated(self, service: Endpoint) -> dict[str, Any]:
        number_of_users, seconds = self._options.users, self._options.seconds / 2
        notebooks = -(-_MIN_STREAMS // number_of_users)
        options = replace(OPTIONS, max_tokens=_SATURATED_TOKENS)
        users = [
            self._user(number, notebooks * (1 if number % 5 else _NOTEBOOKS), options)
            for number in range(number_of_users)
        ]
        self._report_status(f"{number_of_users} users in a closed loop: {seconds:.0f} s")
        results = await run_closed_loop(service, users, seconds)
        tokens = [sum(one.tokens for one in of_user) for of_user in results.values()]
        return fairness(tokens, seconds)

    def _user(self, number: int, notebooks: int = 1, options: CompletionOptions = OPTIONS) -> User:
        name, token = list(self._hub.tokens.items())[number]
        return make_user(
            name,
            bearer(token),
            self._tasks,
            start=number / self._options.users,
            notebooks=notebooks,
            options=options,
        )

    def _direct_users(self) -> list[User]:
        """Return users who send their requests directly to the runtime."""
        number_of_users = max(2, self._options.users // 4)
        return [
            make_user(
                f"direct-{number}",
                {TOKEN_HEADER: self._hub.runtime.token, USER_HEADER: f"direct-{number}"},
                self._tasks,
                start=number / number_of_users,
            )
            for number in range(number_of_users)
        ]

    async def _sample_memory(self) -> None:
        while True:
            pids = (self._hub.service_pid, self._hub.runtime.pid)
            service, runtime = map(resident_mb, pids)
            self._memory.append((service, runtime))
            await asyncio.sleep(_SAMPLE_S)


def bearer(token: str) -> dict[str, str]:
    """Return the headers of a user's server."""
    return {"Authorization": f"Bearer {token}"}


def event_tokens(line: bytes) -> int | None:
    """Return the number of tokens of a response after an event of the protocol.

    Raises
    ------
    Rejected
        If the request had to make room in the queue.
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


def overhead(through: Mapping[str, float], direct: Mapping[str, float]) -> dict[str, float]:
    """Return the difference of each percentile through the service and direct to the runtime."""
    return {name: round(value - direct[name], 2) for name, value in through.items()}


def fairness(tokens: Sequence[int], seconds: float) -> dict[str, Any]:
    """Return the fairness of the tokens that each user received.

    Raises
    ------
    RuntimeRequestError
        If no user received any.
    """
    if not sum(tokens):
        raise RuntimeRequestError("No user received a token in the closed loop.")
    return {
        "jain": round(jain(tokens), 4),
        "saturated": {
            "tokens_per_s": round(sum(tokens) / seconds, 1),
            "least_tokens": min(tokens),
            "most_tokens": max(tokens),
        },
    }


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in 10^6 bytes.

    Raises
    ------
    RuntimeRequestError
        If there is no such process, or the system has no ``/proc``.
    """
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except OSError as error:
        raise RuntimeRequestError(
            "The service or its runtime has stopped, or this system has no /proc."
        ) from error
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def first_tokens(results: Sequence[RequestResult]) -> dict[str, float]:
    """Return percentiles of the time to first token of the requests that were not rejected."""
    times = [one.ttft_ms for one in results if one.ttft_ms is not None]
    if not times:
        raise RuntimeRequestError("No request was answered.", "Measure for longer: --seconds.")
    return {name: value or 0.0 for name, value in percentiles(times).items()}
