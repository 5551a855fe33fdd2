"""People who type, replayed at a door: an asyncio task each, the same keys and pauses in each run.

The trace is an open loop, as typing is: the next key comes when it comes, and takes the place of
the older request of its notebook, whose connection is closed as the editor closes it. Pauses are
:data:`LEAST_PAUSE_S` and an exponential time on top, 1.5 s together, drawn from a seed. Whoever has
had no answer when the next key comes has waited so long at least, and is counted with that time: it
can be no less than the least pause, so that slow answers do not vanish from a percentile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import cycle, islice
from random import Random
from typing import Any

import httpx

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.load import OPTIONS, typed_keys
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest

LEAST_PAUSE_S = 0.5
_MORE_PAUSE_S = 1.0
#: So many requests of a notebook are made beforehand, for making them takes longer than sending.
_READY = 48
#: What a deadline cuts short goes on with the next try; a model may also have nothing to say.
_OPENING_TRIES = 5
_CONNECT_S = 10.0

#: The body of a person's request, as a door takes it.
Encode = Callable[[CompletionRequest], bytes]


class Rejected(Exception):
    """The door refuses: too many ask at once."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Endpoint:
    """Where requests are sent.

    Parameters
    ----------
    client
        Keeps its connections.
    path
        Of the door.
    tokens
        Returns how many tokens of the answer there are after a line of it; ``None`` if the line
        says nothing of them.
    """

    client: httpx.AsyncClient
    path: str
    tokens: Callable[[bytes], int | None]


@dataclass(frozen=True)
class User:
    """Somebody with notebooks; each has the bodies of its requests, in the order of typing."""

    name: str
    headers: Mapping[str, str]
    notebooks: Sequence[Sequence[bytes]]


@dataclass
class RequestResult:
    """A request. Times in milliseconds; ``ttft_ms`` is ``None`` if it was refused."""

    person: str
    ttft_ms: float | None = None
    tokens: int = 0
    outcome: str = "given_up"


def make_person(
    name: str,
    headers: Mapping[str, str],
    tasks: Sequence[dict[str, Any]],
    encode: Encode = CompletionRequest.to_json,
    *,
    place: float = 0.0,
    notebooks: int = 1,
    options: CompletionOptions = OPTIONS,
) -> User:
    """Return somebody who begins at a place of the tasks, 0 to 1."""
    # Not all at the begin of a line: else all would go to another cell in the same moment.
    first = Random(name).randrange(_READY // 2)  # noqa: S311 - to be repeated, not secret

    def bodies(document: str) -> list[bytes]:
        keys = islice(typed_keys(tasks, document, place), first, first + _READY)
        return [encode(replace(key, options=options)) for key in keys]

    return User(name, headers, [bodies(f"{name}/{n}") for n in range(notebooks)])


@asynccontextmanager
async def open_endpoint(
    path: str,
    tokens: Callable[[bytes], int | None],
    base_url: str,
    socket: str | None = None,
) -> AsyncIterator[Endpoint]:
    """Yield a door whose connections live as long as the context; ``socket`` is a Unix socket."""
    # As many connections as people have, and as long as their servers keep them.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    transport = httpx.AsyncHTTPTransport(uds=socket, limits=limits)
    timeout = httpx.Timeout(None, connect=_CONNECT_S)
    async with httpx.AsyncClient(
        transport=transport, base_url=base_url, timeout=timeout, trust_env=False
    ) as client:
        yield Endpoint(client, path, tokens)


async def ask(door: Endpoint, person: User, body: bytes, asked: RequestResult) -> None:
    """Send a request, and note when the first token came and how many there are.

    Raises
    ------
    Full
        If there are too many.
    RuntimeRequestError
        If it was refused for another reason, or the answer broke.
    """
    began = time.perf_counter()
    try:
        async with door.client.stream(
            "POST", door.path, content=body, headers=person.headers
        ) as answer:
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                raise Rejected(float(answer.headers.get("Retry-After", 1)))
            if not answer.is_success:
                with suppress(ValueError):
                    door.tokens(await answer.aread())  # it says why
                raise RuntimeRequestError(f"The door answered {answer.status_code}.")
            async for line in _lines(answer):
                if (tokens := door.tokens(line)) is None:
                    continue
                if asked.ttft_ms is None:
                    asked.ttft_ms = (time.perf_counter() - began) * 1000
                asked.tokens = tokens
        asked.outcome = "answered"
    except Rejected:
        asked.outcome = "refused"
        raise
    except httpx.HTTPError as error:
        raise RuntimeRequestError(f"An answer broke ({type(error).__name__}).") from error
    finally:
        if asked.ttft_ms is None and asked.outcome == "given_up":
            asked.ttft_ms = (time.perf_counter() - began) * 1000


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in answer.aiter_raw():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line


async def warm_up(door: Endpoint, people: Sequence[User]) -> None:
    """Have the first prompt of each notebook computed: a deadline may want several tries."""

    async def open_one(person: User, body: bytes) -> None:
        for _ in range(_OPENING_TRIES):
            asked = RequestResult(person.name)
            try:
                await ask(door, person, body, asked)
            except Rejected as full:
                await asyncio.sleep(full.retry_after_s)
            if asked.tokens:
                return

    await _together(open_one(p, bodies[0]) for p in people for bodies in p.notebooks)


async def run_open_loop(
    door: Endpoint, people: Sequence[User], seconds: float, seed: str, often: float = 1.0
) -> list[RequestResult]:
    """Let people type, in the open loop; return what they asked.

    Parameters
    ----------
    door
        Where they ask.
    people
        Who type.
    seconds
        For which they do.
    seed
        The same draws the same pauses for the same person.
    often
        How many times as often as usual they ask.
    """
    until = time.perf_counter() + seconds

    async def type_one(person: User) -> list[RequestResult]:
        typing = _Typing(door, person)
        pauses = _pauses(f"{seed}/{person.name}", often)
        due = time.perf_counter() + next(pauses) - LEAST_PAUSE_S / often
        try:
            while due < until:
                await asyncio.sleep(due - time.perf_counter())
                typing.press()
                due += next(pauses)
            await asyncio.sleep(until - time.perf_counter())
        finally:
            await typing.stop()
        return typing.asked

    return [asked for all_of_one in await _together(map(type_one, people)) for asked in all_of_one]


class _Typing:
    """A person who types into one notebook after the other."""

    def __init__(self, door: Endpoint, person: User) -> None:
        self._door = door
        self._person = person
        self._keys = [cycle(bodies[1:]) for bodies in person.notebooks]
        self._turn = cycle(range(len(person.notebooks)))
        self._running: dict[int, asyncio.Task[None]] = {}
        self.asked: list[RequestResult] = []

    def press(self) -> None:
        """Ask for the next key; an older request of its notebook is given up."""
        notebook = next(self._turn)
        older = self._running.get(notebook)
        if older is not None:
            older.cancel()
            if older.done():
                _check(older)
        asked = RequestResult(self._person.name)
        self.asked.append(asked)
        asking = ask(self._door, self._person, next(self._keys[notebook]), asked)
        self._running[notebook] = asyncio.ensure_future(asking)

    async def stop(self) -> None:
        """Give the last requests as long as any, then give them up."""
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=LEAST_PAUSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            for task in self._running.values():
                _check(task)


def _check(task: asyncio.Task[None]) -> None:
    """Raise what a request broke with, unless it was given up or refused."""
    if not task.cancelled() and (error := task.exception()) and not isinstance(error, Rejected):
        raise error


async def run_closed_loop(
    door: Endpoint, people: Sequence[User], seconds: float
) -> dict[str, list[RequestResult]]:
    """Let each notebook ask again as soon as it is answered; return what each person asked."""
    asked: dict[str, list[RequestResult]] = {person.name: [] for person in people}

    async def ask_on(person: User, bodies: Sequence[bytes]) -> None:
        for body in cycle(bodies[1:]):
            one = RequestResult(person.name)
            asked[person.name].append(one)
            try:
                await ask(door, person, body, one)
            except Rejected as full:
                await asyncio.sleep(full.retry_after_s)

    everybody = _together(ask_on(p, bodies) for p in people for bodies in p.notebooks)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(everybody, seconds)
    return asked


def _pauses(seed: str, often: float) -> Iterator[float]:
    random = Random(seed)  # noqa: S311 - to be repeated, not secret
    while True:
        yield (LEAST_PAUSE_S + random.expovariate(1 / _MORE_PAUSE_S)) / often


async def _together(coroutines: Any) -> list[Any]:
    """Return all results; the first that breaks ends the others."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
