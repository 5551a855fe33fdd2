"""How much one hostile user delays the others: ``python -m benchmarks hub --attack``.

The Hub, the service and the typing users are those of :mod:`.benchmark`. For each attack of
:mod:`.attacks` the users type as usual and during the attack, alternately, over the same keys and
pauses. Each attack has a hostile user of its own: what the service remembers of an earlier one does
not make it weaker. The attacker runs at the lowest priority, because it would have a machine of its
own; what it makes the service do takes the service's time.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.protocol import CompletionRequest

from .attacks import ATTACKS
from .benchmark import SCRIPT, SPEED, HubBench, bearer, event_tokens, first_tokens, resident_mb
from .load_generator import RequestResult, make_user, open_endpoint, run_open_loop, warm_up
from .process import GROUPS, BenchHub, bench_hub_process

#: The service compares paths and texts with these in each request.
_POLICY = f"""
[groups.{GROUPS[0]}]
exclude_paths = ["*/patients/*", "*a*a*a*a*a*a*b"]
exclude_text = ["Project Raven"]
[groups.{GROUPS[1]}]
exclude_text = ["Project Raven"]
"""
#: The attacks of a user of the second group: requests without a path are denied in the first.
_WITHOUT_PATHS = frozenset({"long texts", "texts of the window"})
_ROUNDS, _PAUSE_S, _SAMPLE_S = 5, 0.5, 0.5
_STOP_S = 30.0


def bench_attacks(
    options: HubBench,
    tasks: Sequence[dict[str, Any]],
    report_status: Callable[[str], None] = lambda text: None,
    attacks: Sequence[str] = tuple(ATTACKS),
) -> dict[str, Any]:
    """Measure the typing users' time to first token without and during each attack.

    Parameters
    ----------
    options
        Number of typing users, and seconds of each measurement.
    tasks
        Where users type.
    report_status
        Called with what is being done.
    attacks
        Names of the attacks.

    Returns
    -------
    dict
        ``attacks`` has for each its ``p95_ms`` without and during it and their ``ratio``, each the
        median of the rounds, the memory of the service, and how often the service answered the
        attacker with which status.

    Raises
    ------
    RuntimeRequestError
        If something does not start, or a request of a typing user fails.
    """
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        model = write_scripted_model(directory / "model", SCRIPT)
        arguments = ["--engine", "scripted", "--model", str(model)]
        number = options.users + 2 * len(attacks) + 1
        with bench_hub_process(directory, number, arguments, report_status, _POLICY) as hub:
            return asyncio.run(_measure(hub, options, tasks, report_status, attacks))


async def _measure(
    hub: BenchHub,
    options: HubBench,
    tasks: Sequence[dict[str, Any]],
    report_status: Callable[[str], None],
    attacks: Sequence[str],
) -> dict[str, Any]:
    load = os.getloadavg()[0]
    names = list(hub.tokens)
    users = [
        make_user(
            name,
            bearer(hub.tokens[name]),
            tasks,
            _with_path,
            start=number / options.users,
        )
        for number, name in enumerate(names[: options.users])
    ]
    report: dict[str, Any] = {}
    async with open_endpoint("/completions", event_tokens, hub.service) as endpoint:
        report_status(f"{len(users)} users: opening their notebooks")
        await warm_up(endpoint, users)
        seconds = options.seconds / (2 * _ROUNDS)

        async def typed(seed: str) -> list[RequestResult]:
            return await run_open_loop(endpoint, users, seconds, seed)

        # Users are in the two groups by turns.
        first = options.users + options.users % 2
        for number, name in enumerate(attacks):
            hostile = names[first + 2 * number + (name in _WITHOUT_PATHS)]
            report[name] = await _measure_attack(
                hub, name, hub.tokens[hostile], typed, report_status
            )
    ratios = [attack["ratio"] for attack in report.values()]
    return {
        "users": options.users,
        "engine": {"name": "scripted", **SPEED},
        "load_average": round(load, 2),
        "worst_ratio": max(ratios),
        "attacks": report,
    }


async def _measure_attack(
    hub: BenchHub,
    name: str,
    token: str,
    typed: Callable[[str], Any],
    report_status: Callable[[str], None],
) -> dict[str, Any]:
    rounds: list[tuple[float, float]] = []
    statuses: dict[str, int] = {}
    memory = [resident_mb(hub.service_pid)]
    for number in range(_ROUNDS):
        seed = f"attack {number}"
        report_status(f"{name}: users typing as usual")
        without = first_tokens(await typed(seed))["p95"]
        report_status(f"{name}: users typing during the attack")
        with _attacker(hub.service, token, name) as attacker:
            sampling = asyncio.ensure_future(_sample(hub.service_pid, memory))
            try:
                during = first_tokens(await typed(seed))["p95"]
            finally:
                sampling.cancel()
                output = await asyncio.to_thread(attacker.communicate, None, _STOP_S)
        rounds.append((without, during))
        for status, count in json.loads(output[0]).items():
            statuses[status] = statuses.get(status, 0) + count
        await asyncio.sleep(_PAUSE_S)
    return {
        # Of all rounds the median: other work on the machine makes some of them longer.
        "ratio": round(median(after / before for before, after in rounds), 3),
        "p95_ms": {
            "without": round(median(before for before, _ in rounds), 2),
            "during": round(median(after for _, after in rounds), 2),
        },
        "service_mb": {"before": round(memory[0], 1), "most": round(max(memory), 1)},
        "statuses": statuses,
    }


async def _sample(pid: int, memory: list[float]) -> None:
    while True:
        memory.append(resident_mb(pid))
        await asyncio.sleep(_SAMPLE_S)


@contextmanager
def _attacker(url: str, token: str, name: str) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that attacks until its standard input is closed."""
    process = subprocess.Popen(
        ["nice", "-n", "19", sys.executable, "-m", "benchmarks.hub.attacks"],  # noqa: S607
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"url": url, "token": token, "attack": name}) + "\n")
        process.stdin.flush()
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _with_path(request: CompletionRequest) -> bytes:
    return replace(request, path="work/a.ipynb").to_json()
