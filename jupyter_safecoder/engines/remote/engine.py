"""A model on a server: vLLM or llama.cpp over ``POST /v1/completions``, token ids in and out.

The engine's thread submits, cancels and collects; the requests run together in one event loop on a
thread of their own. A request that fails fails alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import queue
import secrets
import threading
from array import array
from collections.abc import AsyncGenerator, Collection, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, TypeVar

import anyio
import httpx

from jupyter_safecoder.engines.engine import EngineOptions, EngineOutput
from jupyter_safecoder.errors import EngineError, MalformedResponse
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .client import RemoteClient
from .handshake import ServerCapabilities, negotiate
from .stream import DIALECT_FIELDS, AnswerReader, read_choice, read_events

log = logging.getLogger("jupyter_safecoder.runtime")

T = TypeVar("T")

#: Longest wait of a step for the next arrival, in seconds: so long may a new request wait too.
_STEP_S = 0.01
#: A balancer keeps requests with the same value of this header on one replica.
PREFIX_HEADER = "X-SafeCoder-Prefix"
#: Most tokens of a prompt that the header stands for.
_ROUTED_TOKENS = 128


class RemoteEngine:
    """Streams completions from a server.

    Parameters
    ----------
    model
        Whose tokenizer and FIM family are used; its weights are the server's.
    options
        ``remote`` says where.
    """

    name = "remote"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        if options.remote is None:
            raise EngineError(
                "No server is set for the remote engine.", "Set c.SafeCoder.remote_url."
            )
        self._model = model
        self._options = options
        self._server = options.remote
        self.device = "server"
        self._loop: asyncio.AbstractEventLoop
        self._access: RemoteClient
        self._terms: ServerCapabilities
        self._running: dict[int, Future[None]] = {}
        self._arrived: queue.SimpleQueue[EngineOutput] = queue.SimpleQueue()
        # New with each process: who reads a balancer's log learns nothing of a document.
        self._routing_key = secrets.token_bytes(32)

    def load(self) -> None:
        """Agree with the server on the model, the dialect and the tokenizer."""
        self.tokenizer = FileTokenizer(self._model.tokenizer)
        self._access = RemoteClient(self._server, self._options.max_running)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="safecoder-remote", daemon=True
        )
        self._thread.start()
        try:
            self._terms = self._start(
                negotiate(self._access, self._server.model, self._model, self.tokenizer)
            ).result()
        except BaseException:
            self.close()
            raise
        unchecked = "" if self._terms.checked else " (tokenizer not checked)"
        self.device = f"{self._access.host}{unchecked}"
        if unchecked:
            log.warning("The server %s has no way to check its tokenizer.", self._access.host)
        if self._terms.dialect == "text":
            log.warning("The server %s gives text, no token ids.", self._access.host)

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Send a request; what does not fit the server's window is refused here."""
        if not 0 < len(prompt) <= self._terms.window - max_tokens:
            self._running[request] = Future()
            self._arrived.put(EngineOutput(request, [], "refused"))
            return
        self._running[request] = self._start(self._complete(request, prompt, stop_ids, max_tokens))

    def cancel(self, request: int) -> None:
        """Close the request's connection: the server then stops computing."""
        running = self._running.pop(request, None)
        if running is not None:
            running.cancel()

    def busy(self) -> bool:
        """Say whether a request runs."""
        return bool(self._running)

    def step(self) -> list[EngineOutput]:
        """Wait briefly for what arrives, and return it."""
        arrived: list[EngineOutput] = []
        with suppress(queue.Empty):
            arrived.append(self._arrived.get(timeout=_STEP_S))
            while True:
                arrived.append(self._arrived.get_nowait())
        outputs = [output for output in arrived if output.request in self._running]
        for output in outputs:
            if output.finished is not None:
                del self._running[output.request]
        return outputs

    def cache_use(self) -> float:
        """Return the share of our places that is taken; the server's cache is its own."""
        return min(len(self._running) / self._options.max_running, 1.0)

    def close(self) -> None:
        """Close all connections and end the thread."""

        async def end() -> None:
            mine = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() if task is not mine]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._access.close()
            await self._loop.shutdown_asyncgens()

        self._start(end()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _complete(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        output = EngineOutput(request, [])
        try:
            async with aclosing(self._stream(prompt, stop_ids, max_tokens)) as stream:
                async for ids, finished in stream:
                    self._arrived.put(replace(output, ids=ids, finished=finished))
        except EngineError as problem:
            self._arrived.put(replace(output, finished="failed", problem=problem))
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            log.error("A request to the server failed: %s", type(error).__name__)
            failed = EngineError(
                f"The request to the server {self._access.host} failed ({type(error).__name__}).",
                "Type on; if it happens again, report it.",
            )
            self._arrived.put(replace(output, finished="failed", problem=failed))

    async def _stream(
        self, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> AsyncGenerator[tuple[list[int], str | None]]:
        """Yield ids and how the answer finished, once it did."""
        access, patience = self._access, self._server.token_timeout_s
        clock = asyncio.get_running_loop().time
        end_of_patience = clock() + patience
        body = {
            "model": self._terms.model,
            "prompt": list(prompt),
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stop_token_ids": sorted(stop_ids),
            **DIALECT_FIELDS[self._terms.dialect],
        }
        response = await access.send(
            "/v1/completions",
            body,
            within_s=patience,
            headers={PREFIX_HEADER: prefix_of(prompt, self._routing_key)},
        )
        reader = AnswerReader(self._terms.dialect, self.tokenizer, stop_ids, max_tokens)
        try:
            async with aclosing(read_events(response.aiter_raw(), max_tokens)) as events:
                left = max(end_of_patience - clock(), 0.01)
                finished = None
                while finished is None:
                    # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes
                    # together with a token.
                    with anyio.fail_after(left):
                        event = await anext(events)
                    choice = read_choice(event)
                    if choice:
                        ids, finished = reader.take(choice)
                        yield ids, finished
                        left = patience
        except TimeoutError:
            raise access.slow(patience) from None
        except MalformedResponse as garbage:
            raise access.garbage(str(garbage)) from None
        except (StopAsyncIteration, httpx.TransportError):
            raise access.broken_off() from None
        finally:
            await response.aclose()


def prefix_of(prompt: Sequence[int], key: bytes) -> str:
    """Return a value that stays the same while a person types in one document.

    It stands for the first tokens of the prompt: layouts put there what changes least. Of a short
    prompt it takes a power of two that is at most half, so that typing seldom changes it.

    Parameters
    ----------
    prompt
        Its token ids.
    key
        Without it nobody can tell from the value what the tokens may be.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    tokens = min(_ROUTED_TOKENS, 1 << max((len(prompt) // 2).bit_length() - 1, 0))
    return hashlib.blake2b(
        array("q", prompt[:tokens]).tobytes(), key=key, digest_size=8
    ).hexdigest()
