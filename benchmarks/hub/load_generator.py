"""Users who type, replayed against an endpoint: a task each, the same keys and pauses in each run.

The trace is an open loop, as typing is: the next key comes at its time, and supersedes the older
request of its notebook, whose connection is closed as the editor closes it. A pause is
:data:`MIN_PAUSE_S` and an exponentially distributed time on top, 1.5 s on average, drawn from a
seed. A request without a token when the next key comes has waited at least that long, and is
counted with that time. It is never shorter than the minimum pause, so that slow responses do not
vanish from a percentile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import cycle, islice
from random import Random
from typing import Any

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused, RuntimeRequestError
from jupyter_safecoder.evaluation.load import OPTIONS, typed_keys
from jupyter_safecoder.http.client import HttpClient
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest

MIN_PAUSE_S = 0.5
_MEAN_EXTRA_PAUSE_S = 1.0
#: Requests of a notebook that are encoded beforehand: encoding takes longer than sending.
_ENCODED_REQUESTS = 48
#: Attempts to get a first token for a notebook: a deadline may end the prefill of the first ones,
#: which continues with the next, and a model may have nothing to complete.
_MAX_WARM_UP_ATTEMPTS = 5
#: As long as the servers keep connections.
_CONNECT_S, _KEEPALIVE_S = 10.0, 3600.0

#: Returns the body of a request, in the protocol of an endpoint.
Encode = Callable[[CompletionRequest], bytes]


class Rejected(Exception):
    """The endpoint rejects a request: there are too many."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Endpoint:
    """Where requests are sent.

    Parameters
    ----------
    client
        Keeps the connections.
    path
        Path of the endpoint.
    count_tokens
        Returns the number of tokens of the response after a line of it; ``None`` if the line has
        none.
    """

    client: HttpClient
    path: str
    count_tokens: Callable[[bytes], int | None]


@dataclass(frozen=True)
class User:
    """A user with notebooks; each is the bodies of its requests in the order of typing."""

    name: str
    headers: Mapping[str, str]
    notebooks: Sequence[Sequence[bytes]]


@dataclass
class RequestResult:
    """A request; ``ttft_ms`` is in milliseconds, and ``None`` if it was rejected."""

    user: str
    ttft_ms: float | None = None
    tokens: int = 0
    outcome: str = "given_up"


def make_user(
    name: str,
    headers: Mapping[str, str],
    tasks: Sequence[dict[str, Any]],
    encode: Encode = CompletionRequest.to_json,
    *,
    start: float = 0.0,
    notebooks: int = 1,
    options: CompletionOptions = OPTIONS,
) -> User:
    """Return a user with requests for each notebook.

    Parameters
    ----------
    name
        Name of the user; it seeds what differs between users.
    headers
        Of each request.
    tasks
        Where the user types.
    encode
        Returns the body of a request.
    start
        Where in the tasks the user starts, 0 to 1.
    notebooks
        Number of notebooks.
    options
        Of each request.
    """
    # Not all at the start of a line: otherwise all would change cells at the same time.
    first = Random(name).randrange(_ENCODED_REQUESTS // 2)  # noqa: S311 - repeatable, not secret

    def bodies(document: str) -> list[bytes]:
        keys = islice(typed_keys(tasks, document, start), first, first + _ENCODED_REQUESTS)
        return [encode(replace(key, options=options)) for key in keys]

    return User(name, headers, [bodies(f"{name}/{n}") for n in range(notebooks)])


@asynccontextmanager
async def open_endpoint(
    path: str,
    count_tokens: Callable[[bytes], int | None],
    base_url: str,
    socket: str | None = None,
) -> AsyncIterator[Endpoint]:
    """Yield an endpoint whose connections live as long as the context.

    Parameters
    ----------
    path, count_tokens
        As for :class:`Endpoint`.
    base_url
        URL of the server.
    socket
        Path of a Unix socket; ``None``: TCP.
    """
    client = HttpClient(base_url, {}, socket, connect_s=_CONNECT_S, keepalive_s=_KEEPALIVE_S)
    try:
        yield Endpoint(client, path, count_tokens)
    finally:
        await client.close()


async def send_request(endpoint: Endpoint, user: User, body: bytes, result: RequestResult) -> None:
    """Send a request, and set the time to first token and the number of tokens of its result.

    Parameters
    ----------
    endpoint, user, body
        Where to send it, for whom, and what.
    result
        Updated while the response comes.

    Raises
    ------
    Rejected
        If there are too many requests.
    RuntimeRequestError
        If the request failed for another reason, or the response broke off.
    """
    started = time.perf_counter()
    try:
        async with endpoint.client.request("POST", endpoint.path, body, user.headers) as response:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise Rejected(float(response.headers.get("Retry-After", 1)))
            if response.status != HTTPStatus.OK:
                with suppress(ValueError):
                    endpoint.count_tokens(await response.read())  # raises with the reason
                raise RuntimeRequestError(f"The endpoint answered {response.status}.")
            async for line in response.lines():
                if not line.strip() or (tokens := endpoint.count_tokens(line)) is None:
                    continue
                if result.ttft_ms is None:
                    result.ttft_ms = (time.perf_counter() - started) * 1000
                result.tokens = tokens
        result.outcome = "answered"
    except Rejected:
        result.outcome = "refused"
        raise
    except (ConnectionRefused, ConnectionLost) as error:
        raise RuntimeRequestError(f"A response broke off ({type(error).__name__}).") from error
    finally:
        if result.ttft_ms is None and result.outcome == "given_up":
            result.ttft_ms = (time.perf_counter() - started) * 1000


async def warm_up(endpoint: Endpoint, users: Sequence[User]) -> None:
    """Have the first prompt of each notebook computed; a deadline may need several attempts."""

    async def warm_up_notebook(user: User, body: bytes) -> None:
        for _ in range(_MAX_WARM_UP_ATTEMPTS):
            result = RequestResult(user.name)
            try:
                await send_request(endpoint, user, body, result)
            except Rejected as rejected:
                await asyncio.sleep(rejected.retry_after_s)
            if result.tokens:
                return

    await _gather(warm_up_notebook(user, bodies[0]) for user in users for bodies in user.notebooks)


async def run_open_loop(
    endpoint: Endpoint, users: Sequence[User], seconds: float, seed: str, rate: float = 1.0
) -> list[RequestResult]:
    """Let users type in an open loop, and return the results of their requests.

    Parameters
    ----------
    endpoint
        Where requests are sent.
    users
        The users.
    seconds
        Duration.
    seed
        The same seed draws the same pauses for a user of the same name.
    rate
        Multiplies the usual number of requests.
    """
    until = time.perf_counter() + seconds

    async def type_as(user: User) -> list[RequestResult]:
        typing = _Typing(endpoint, user)
        pauses = _pauses(f"{seed}/{user.name}", rate)
        due = time.perf_counter() + next(pauses) - MIN_PAUSE_S / rate
        try:
            while due < until:
                await asyncio.sleep(due - time.perf_counter())
                typing.press_key()
                due += next(pauses)
            await asyncio.sleep(until - time.perf_counter())
        finally:
            await typing.stop()
        return typing.results

    return [result for results in await _gather(map(type_as, users)) for result in results]


class _Typing:
    """A user who types into one notebook after the other."""

    def __init__(self, endpoint: Endpoint, user: User) -> None:
        self._endpoint = endpoint
        self._user = user
        self._keys = [cycle(bodies[1:]) for bodies in user.notebooks]
        self._notebooks = cycle(range(len(user.notebooks)))
        self._running: dict[int, asyncio.Task[None]] = {}
        self.results: list[RequestResult] = []

    def press_key(self) -> None:
        """Send the request of the next key; the older one of its notebook is given up."""
        notebook = next(self._notebooks)
        older = self._running.get(notebook)
        if older is not None:
            older.cancel()
            if older.done():
                _raise_failure(older)
        result = RequestResult(self._user.name)
        self.results.append(result)
        request = send_request(self._endpoint, self._user, next(self._keys[notebook]), result)
        self._running[notebook] = asyncio.ensure_future(request)

    async def stop(self) -> None:
        """Wait for the last requests as long as for others, then give them up."""
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=MIN_PAUSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            for task in self._running.values():
                _raise_failure(task)


def _raise_failure(task: asyncio.Task[None]) -> None:
    """Raise the error of a request, unless it was given up or rejected."""
    if not task.cancelled() and (error := task.exception()) and not isinstance(error, Rejected):
        raise error


async def run_closed_loop(
    endpoint: Endpoint, users: Sequence[User], seconds: float
) -> dict[str, list[RequestResult]]:
    """Send the next request of each notebook after the response; return the results by user.

    Parameters
    ----------
    endpoint
        Where requests are sent.
    users
        The users.
    seconds
        Duration.
    """
    results: dict[str, list[RequestResult]] = {user.name: [] for user in users}

    async def send_all(user: User, bodies: Sequence[bytes]) -> None:
        for body in cycle(bodies[1:]):
            result = RequestResult(user.name)
            results[user.name].append(result)
            try:
                await send_request(endpoint, user, body, result)
            except Rejected as rejected:
                await asyncio.sleep(rejected.retry_after_s)

    everything = _gather(send_all(user, bodies) for user in users for bodies in user.notebooks)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(everything, seconds)
    return results


def _pauses(seed: str, rate: float) -> Iterator[float]:
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    while True:
        yield (MIN_PAUSE_S + random.expovariate(1 / _MEAN_EXTRA_PAUSE_S)) / rate


async def _gather(coroutines: Any) -> list[Any]:
    """Return all results; the first error cancels the others."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
