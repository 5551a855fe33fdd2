"""How many people a machine carries: more and more type, until first tokens come too late.

The same people, keys and pauses (:mod:`.hub_people`) go through the Hub's service with a real
model, and then to llama.cpp's own server with the same weights: there the prompts are the token ids
that our runtime builds, and each person has a slot of their own, in which the beginning of the
prompt stays cached. In each step notebooks that nobody has seen are opened first, off the clock. A
step is carried if the p95 of the time to the first token is at most :data:`LIMIT_MS`; a request
that the next key overtook before it had an answer has waited at least that long.
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

import httpx

from benchmarks.engines.bandwidth import usable_cores
from benchmarks.engines.baselines import BASELINES
from benchmarks.engines.engine_worker import WorkerError
from benchmarks.engines.workers.llama_cpp_engine import has_amx
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.jupyter_server import free_port

from .benchmark import bearer, event_tokens, first_tokens
from .load_generator import (
    LEAST_PAUSE_S,
    Endpoint,
    RequestResult,
    User,
    make_person,
    open_endpoint,
    run_open_loop,
    warm_up,
)
from .process import bench_hub_process

#: No more than the least pause: see there.
LIMIT_MS = 1000 * LEAST_PAUSE_S
_STEPS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_START_S = 120.0

#: Lets so many people type; returns what they asked.
Measure = Callable[[int], list[RequestResult]]


@dataclass(frozen=True)
class CapacityBench:
    """What to compare.

    ``arguments`` are those of ``jupyter safecoder hub`` for the model; ``most`` people are tried at
    most, each step for ``seconds``; ``peers`` holds the environments of the peers.
    """

    model: str
    arguments: Sequence[str]
    most: int
    seconds: float
    peers: Path


def bench_capacity(
    what: CapacityBench,
    tasks: Sequence[dict[str, Any]],
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Return how many people our service and llama.cpp's server carry, and the steps.

    Raises
    ------
    ModelError
        If there is no such model.
    RuntimeRequestError
        If something of ours does not start, or breaks.
    """
    model = resolve_model(what.model)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        steps = _ours(what, directory, tasks, say)
        carried: dict[str, Any] = {"limit_ms": LIMIT_MS, "safecoder": max_sustained_users(steps)}
        try:
            theirs = _llama(what, model, directory, tasks, say)
            carried["llama.cpp"] = max_sustained_users(theirs)
            steps += theirs
        except WorkerError as problem:
            carried |= {"llama.cpp": None, "error": str(problem)}
    return {
        "model": model.name,
        "load_average": round(load, 2),
        "carried": {**carried, "steps": steps},
    }


def max_sustained_users(steps: Sequence[dict[str, Any]]) -> int:
    """Return the people of the last step that is carried, before the first that is not."""
    most = 0
    for step in steps:
        if step["ttft_ms"]["p95"] > LIMIT_MS:
            break
        most = step["users"]
    return most


def _ours(
    what: CapacityBench,
    directory: Path,
    tasks: Sequence[dict[str, Any]],
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    with bench_hub_process(directory, what.most, what.arguments, say) as hub:
        tokens = list(hub.tokens.values())

        def measure(users: int) -> list[RequestResult]:
            people = [
                make_person(
                    f"{number + 1} of {users}",
                    bearer(tokens[number]),
                    tasks,
                    place=number / users,
                )
                for number in range(users)
            ]
            at = open_endpoint("/completions", event_tokens, hub.service)
            return asyncio.run(_typed(at, people, what.seconds))

        return _climb("safecoder", what, measure, say)


def _llama(
    what: CapacityBench,
    model: ModelDescription,
    directory: Path,
    tasks: Sequence[dict[str, Any]],
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    if model.format != "gguf":
        raise WorkerError("It takes GGUF files, and this model is none.")
    python = BASELINES["llama.cpp"].python(what.peers)
    program = python.with_name("llama-server")
    if not program.exists():
        raise WorkerError(f"There is no {program}; 'make peers' builds it.")
    prompt_ids = _prompts_of(model)
    room = model.context_tokens + model.prefix_tokens + model.suffix_tokens + 64

    def measure(users: int) -> list[RequestResult]:
        def person(slot: int) -> User:
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
            return make_person(name, {}, tasks, encode, place=slot / users)

        people = [person(slot) for slot in range(users)]
        with _llama_server(program, model.weights, users, room, directory) as url:
            at = open_endpoint("/completion", llama_tokens, url)
            return asyncio.run(_typed(at, people, what.seconds))

    return _climb("llama.cpp", what, measure, say)


def _climb(
    engine: str, what: CapacityBench, measure: Measure, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Return a row for each number of people, up to the first that is too many."""
    steps: list[dict[str, Any]] = []
    for users in (step for step in _STEPS if step <= what.most):
        say(f"{engine}: {users} typing, {what.seconds:.0f} s after their notebooks are open")
        asked = measure(users)
        outcomes = [one.outcome for one in asked]
        steps.append(
            {
                "engine": engine,
                "users": users,
                "ttft_ms": first_tokens(asked),
                "requests": len(asked),
                "given_up": outcomes.count("given_up"),
                "tokens_per_s": round(sum(one.tokens for one in asked) / what.seconds, 1),
            }
        )
        if steps[-1]["ttft_ms"]["p95"] > LIMIT_MS:
            break
    return steps


async def _typed(
    at: AbstractAsyncContextManager[Endpoint], people: Sequence[User], seconds: float
) -> list[RequestResult]:
    async with at as opened:
        await warm_up(opened, people)
        return await run_open_loop(opened, people, seconds, "carried")


def _prompts_of(model: ModelDescription) -> Callable[[CompletionRequest], list[int]]:
    """Return what gives a request's token ids, as our runtime does."""
    tokenizer = FileTokenizer(model.tokenizer)
    budget = Budget(model.context_tokens, model.prefix_tokens, model.suffix_tokens)
    family = FAMILIES[model.family]

    def ids(request: CompletionRequest) -> list[int]:
        built = build_prompt(request, family, tokenizer, budget, model.default_layout)
        return list(built.ids)

    return ids


def llama_tokens(line: bytes) -> int | None:
    """Return how many tokens there are after an event of llama.cpp's own door.

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
    program: Path, weights: Path, slots: int, room: int, directory: Path
) -> Iterator[str]:
    """Yield the URL of a server with a slot of ``room`` tokens for each person."""
    port = free_port()
    command = [
        *(str(program), "-m", str(weights), "--host", "127.0.0.1", "--port", str(port)),
        *("--parallel", str(slots), "-c", str(slots * room), "--threads", str(usable_cores())),
        "--no-webui",
        # As for its driver: repacked for AMX, its kernels end in a segmentation fault.
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
        while not _healthy(url):
            if process.poll() is not None or time.monotonic() > until:
                raise WorkerError("llama.cpp's server did not start.")
            time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False
