"""How many users a machine serves: more and more type, until first tokens come too late.

The same users, keys and pauses (:mod:`.load_generator`) go through the Hub's service with a real
model, and then to llama.cpp's server with the same weights. There the prompts are the token ids
that our runtime builds, and each user has a slot in which the start of the prompt stays cached. In
each step new notebooks are opened first, which is not measured. A step is sustained if the p95 of
the time to first token is at most :data:`TTFT_SLO_MS`; a request that the next key superseded
before it had a token has waited at least that long.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engines.bandwidth import usable_cores
from benchmarks.engines.baselines import BASELINES
from benchmarks.engines.engine_worker import WorkerError
from benchmarks.engines.workers.llama_cpp_engine import has_amx
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, build_prompt
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.jupyter_server import free_port

from .benchmark import bearer, event_tokens, first_tokens
from .load_generator import (
    MIN_PAUSE_S,
    Endpoint,
    RequestResult,
    User,
    make_user,
    open_endpoint,
    run_open_loop,
    warm_up,
)
from .process import bench_hub_process, is_healthy

#: Maximum p95 of the time to first token. It cannot be more than the minimum pause: see there.
TTFT_SLO_MS = 1000 * MIN_PAUSE_S
_STEPS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_START_S = 120.0

#: Lets a number of users type, and returns the results of their requests.
Measure = Callable[[int], list[RequestResult]]


@dataclass(frozen=True)
class CapacityBench:
    """What to measure.

    Parameters
    ----------
    model
        Name of the model.
    arguments
        Arguments of ``jupyter safecoder hub`` for the model.
    max_users
        Maximum number of users to try.
    seconds
        Duration of each step.
    peers
        Directory with the environments of other servers.
    """

    model: str
    arguments: Sequence[str]
    max_users: int
    seconds: float
    peers: Path


def bench_capacity(
    options: CapacityBench,
    tasks: Sequence[dict[str, Any]],
    report_status: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Return how many users our service and llama.cpp's server sustain, and the steps.

    Parameters
    ----------
    options
        What to measure.
    tasks
        Where users type.
    report_status
        Called with what is being done.

    Raises
    ------
    ModelError
        If there is no such model.
    RuntimeRequestError
        If the service does not start, or a request fails.
    """
    model = resolve_model(options.model)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        steps = _ours(options, directory, tasks, report_status)
        sustained: dict[str, Any] = {
            "limit_ms": TTFT_SLO_MS,
            "safecoder": max_sustained_users(steps),
        }
        try:
            theirs = _llama(options, model, directory, tasks, report_status)
            sustained["llama.cpp"] = max_sustained_users(theirs)
            steps += theirs
        except WorkerError as error:
            sustained |= {"llama.cpp": None, "error": str(error)}
    return {
        "model": model.name,
        "load_average": round(load, 2),
        "carried": {**sustained, "steps": steps},
    }


def max_sustained_users(steps: Sequence[dict[str, Any]]) -> int:
    """Return the users of the last step that is sustained, before the first that is not."""
    sustained = 0
    for step in steps:
        if step["ttft_ms"]["p95"] > TTFT_SLO_MS:
            break
        sustained = step["users"]
    return sustained


def _ours(
    options: CapacityBench,
    directory: Path,
    tasks: Sequence[dict[str, Any]],
    report_status: Callable[[str], None],
) -> list[dict[str, Any]]:
    with bench_hub_process(directory, options.max_users, options.arguments, report_status) as hub:
        tokens = list(hub.tokens.values())

        def measure(users: int) -> list[RequestResult]:
            all_users = [
                make_user(
                    f"{number + 1} of {users}",
                    bearer(tokens[number]),
                    tasks,
                    start=number / users,
                )
                for number in range(users)
            ]
            opening = open_endpoint("/completions", event_tokens, hub.service)
            return asyncio.run(_type(opening, all_users, options.seconds))

        return _ramp_up("safecoder", options, measure, report_status)


def _llama(
    options: CapacityBench,
    model: ModelDescription,
    directory: Path,
    tasks: Sequence[dict[str, Any]],
    report_status: Callable[[str], None],
) -> list[dict[str, Any]]:
    if model.format != "gguf":
        raise WorkerError("llama.cpp needs a GGUF file, and this model is not one.")
    python = BASELINES["llama.cpp"].python(options.peers)
    program = python.with_name("llama-server")
    if not program.exists():
        raise WorkerError(f"There is no {program}; 'make peers' builds it.")
    prompt_ids = _prompts_of(model)
    slot_tokens = model.context_tokens + model.prefix_tokens + model.suffix_tokens + 64

    def measure(users: int) -> list[RequestResult]:
        def user(slot: int) -> User:
            def encode(request: CompletionRequest) -> bytes:
                return json.dumps(
                    {
                        "prompt": prompt_ids(request),
                        "id_slot": slot,
                        "cache_prompt": True,
                        "n_predict": request.options.max_tokens,
                        "temperature": 0,
                        "stream": True,
                    }
                ).encode()

            name = f"{slot + 1} of {users}"
            return make_user(name, {}, tasks, encode, start=slot / users)

        all_users = [user(slot) for slot in range(users)]
        with _llama_server(program, model.weights, users, slot_tokens, directory) as url:
            opening = open_endpoint("/completion", llama_tokens, url)
            return asyncio.run(_type(opening, all_users, options.seconds))

    return _ramp_up("llama.cpp", options, measure, report_status)


def _ramp_up(
    engine: str, options: CapacityBench, measure: Measure, report_status: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Return a row for each number of users, up to the first that is not sustained."""
    steps: list[dict[str, Any]] = []
    for users in (step for step in _STEPS if step <= options.max_users):
        report_status(f"{engine}: {users} users typing, {options.seconds:.0f} s")
        results = measure(users)
        outcomes = [one.outcome for one in results]
        steps.append(
            {
                "engine": engine,
                "users": users,
                "ttft_ms": first_tokens(results),
                "requests": len(results),
                "given_up": outcomes.count("given_up"),
                "tokens_per_s": round(sum(one.tokens for one in results) / options.seconds, 1),
            }
        )
        if steps[-1]["ttft_ms"]["p95"] > TTFT_SLO_MS:
            break
    return steps


async def _type(
    opening: AbstractAsyncContextManager[Endpoint], users: Sequence[User], seconds: float
) -> list[RequestResult]:
    async with opening as endpoint:
        await warm_up(endpoint, users)
        return await run_open_loop(endpoint, users, seconds, "carried")


def _prompts_of(model: ModelDescription) -> Callable[[CompletionRequest], list[int]]:
    """Return a function that builds the prompt of a request, as our runtime does."""
    tokenizer = FileTokenizer(model.tokenizer)
    budget = model.budget
    family = FAMILIES[model.family]

    def ids(request: CompletionRequest) -> list[int]:
        built = build_prompt(request, family, tokenizer, budget, model.default_layout)
        return list(built.ids)

    return ids


def llama_tokens(line: bytes) -> int | None:
    """Return the number of tokens of a response after an event of llama.cpp's protocol.

    Raises
    ------
    RuntimeRequestError
        If the event is an error.
    """
    if line.startswith(b"error:"):
        raise RuntimeRequestError("llama.cpp's server refused a request.")
    if not line.startswith(b"data:"):
        return None
    return int(json.loads(line[5:])["tokens_predicted"])


@contextmanager
def _llama_server(
    program: Path, weights: Path, slots: int, slot_tokens: int, directory: Path
) -> Iterator[str]:
    """Yield the URL of a server with a slot of ``slot_tokens`` tokens for each user."""
    port = free_port()
    command = [
        *(str(program), "-m", str(weights), "--host", "127.0.0.1", "--port", str(port)),
        *(
            "--parallel",
            str(slots),
            "-c",
            str(slots * slot_tokens),
            "--threads",
            str(usable_cores()),
        ),
        "--no-webui",
        # As in its worker: with weights repacked for AMX it crashes with a segmentation fault.
        *(("--no-repack",) if has_amx() else ()),
    ]
    with (directory / "llama.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _START_S
        while not is_healthy(url):
            if process.poll() is not None or time.monotonic() > until:
                raise WorkerError("llama.cpp's server did not start.")
            time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()
