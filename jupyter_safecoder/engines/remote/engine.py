"""The remote engine: a model on a vLLM or llama.cpp server, through ``POST /v1/completions``.

The engine's thread submits, cancels and steps. The requests run concurrently in an event loop on a
thread of its own. A request that fails does not affect others.
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

from jupyter_safecoder.engines.engine import EngineOptions, EngineOutput
from jupyter_safecoder.errors import ConnectionLost, EngineError, MalformedResponse
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .client import RemoteClient
from .handshake import ServerCapabilities, negotiate
from .stream import ResponseReader, read_choice, read_events

log = logging.getLogger("jupyter_safecoder.runtime")

T = TypeVar("T")

#: Maximum wait of a step for the next output, in seconds: a new request waits as long at most.
_STEP_S = 0.01
#: A load balancer sends requests with the same value of this header to the same replica.
PREFIX_HEADER = "X-SafeCoder-Prefix"
#: Maximum number of prompt tokens that the header's value is computed from.
_MAX_ROUTING_TOKENS = 128


class RemoteEngine:
    """Streams completions from a server.

    Parameters
    ----------
    model
        Gives the tokenizer and the FIM family; the weights are on the server.
    options
        ``remote`` is the server.

    Raises
    ------
    EngineError
        If no server is set.
    """

    name = "remote"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        if options.remote is None:
            raise EngineError(
                "No server is set for the remote engine.", "Set c.SafeCoder.remote_url."
            )
        self._description = model
        self._options = options
        self._server = options.remote
        self.device = "server"
        self._loop: asyncio.AbstractEventLoop
        self._client: RemoteClient
        self._capabilities: ServerCapabilities
        self._running: dict[int, Future[None]] = {}
        self._outputs: queue.SimpleQueue[EngineOutput] = queue.SimpleQueue()
        # New in each process: a load balancer's log reveals nothing about documents.
        self._routing_key = secrets.token_bytes(32)

    def load(self) -> None:
        """Negotiate with the server: model, dialect, tokenizer.

        Raises
        ------
        EngineError
            If the server cannot be used, see :func:`.handshake.negotiate`.
        """
        self.tokenizer = FileTokenizer(self._description.tokenizer)
        self._client = RemoteClient(self._server)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="safecoder-remote", daemon=True
        )
        self._thread.start()
        try:
            self._capabilities = self._start(
                negotiate(self._client, self._server.model, self._description, self.tokenizer)
            ).result()
        except BaseException:
            self.close()
            raise
        unchecked = "" if self._capabilities.tokenizer_checked else " (tokenizer not checked)"
        self.device = f"{self._client.host}{unchecked}"
        if unchecked:
            log.warning("The server %s has no endpoint to check its tokenizer.", self._client.host)
        if self._capabilities.dialect == "text":
            log.warning("The server %s returns text, not token ids.", self._client.host)

    @property
    def window(self) -> int:
        """Context window in tokens: the smaller one of the model and the server."""
        return self._capabilities.window

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Send a request; one whose prompt exceeds the server's context window is refused.

        A completion is shortened to what the window has left.
        """
        max_tokens = min(max_tokens, self.window - len(prompt))
        if not prompt or max_tokens < 1:
            self._running[request] = Future()
            self._outputs.put(EngineOutput(request, [], "refused"))
            return
        self._running[request] = self._start(self._complete(request, prompt, stop_ids, max_tokens))

    def cancel(self, request: int) -> None:
        """Close the request's connection, whereupon the server stops computing."""
        running = self._running.pop(request, None)
        if running is not None:
            running.cancel()

    def busy(self) -> bool:
        """Return whether a request runs."""
        return bool(self._running)

    def step(self) -> list[EngineOutput]:
        """Wait briefly for outputs and return them; several of one request are possible."""
        arrived: list[EngineOutput] = []
        with suppress(queue.Empty):
            arrived.append(self._outputs.get(timeout=_STEP_S))
            while True:
                arrived.append(self._outputs.get_nowait())
        outputs = [output for output in arrived if output.request in self._running]
        for output in outputs:
            if output.finished is not None:
                del self._running[output.request]
        return outputs

    def close(self) -> None:
        """Cancel all requests, close all connections and stop the thread."""

        async def stop() -> None:
            this_task = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() if task is not this_task]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._client.close()
            await self._loop.shutdown_asyncgens()

        self._start(stop()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _complete(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Run a request to its end, and queue its outputs; errors become outputs too."""
        output = EngineOutput(request, [])
        try:
            async with aclosing(self._stream(prompt, stop_ids, max_tokens)) as stream:
                async for ids, logprobs, finished in stream:
                    self._outputs.put(
                        replace(output, ids=ids, logprobs=logprobs, finished=finished)
                    )
        except EngineError as error:
            self._outputs.put(replace(output, finished="failed", error=error))
        except Exception as error:  # noqa: BLE001 - it would be lost with the task
            log.error("A request to the server failed: %s", type(error).__name__)
            failure = EngineError(
                f"The request to the server {self._client.host} failed ({type(error).__name__}).",
                "Keep typing; if it happens again, report it.",
            )
            self._outputs.put(replace(output, finished="failed", error=failure))

    async def _stream(
        self, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> AsyncGenerator[tuple[list[int], list[float] | None, str | None]]:
        """Yield token ids, their log-probabilities, and why the completion ended, once it has."""
        client, token_timeout_s = self._client, self._server.token_timeout_s
        clock = asyncio.get_running_loop().time
        deadline = clock() + token_timeout_s
        request = client.send(
            "/v1/completions",
            self._body(prompt, stop_ids, max_tokens),
            timeout_s=token_timeout_s,
            headers={PREFIX_HEADER: prefix_hash(prompt, self._routing_key)},
        )
        reader = ResponseReader(self._capabilities.dialect, self.tokenizer, stop_ids, max_tokens)
        try:
            async with (
                request as response,
                aclosing(read_events(response.chunks, max_tokens)) as events,
            ):
                left = max(deadline - clock(), 0.01)
                finished = None
                while finished is None:
                    # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that arrives
                    # together with a token.
                    with anyio.fail_after(left):
                        event = await anext(events)
                    choice = read_choice(event)
                    if choice:
                        ids, logprobs, finished = reader.read(choice)
                        yield ids, logprobs, finished
                        left = token_timeout_s
        except TimeoutError:
            raise client.timeout_error(token_timeout_s) from None
        except MalformedResponse as error:
            raise client.malformed_error(str(error)) from None
        except (StopAsyncIteration, ConnectionLost):
            raise client.truncated_error() from None

    def _body(
        self, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> dict[str, Any]:
        return {
            "model": self._capabilities.model,
            "prompt": list(prompt),
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stop_token_ids": sorted(stop_ids),
            **self._capabilities.fields,
        }


def prefix_hash(prompt: Sequence[int], key: bytes) -> str:
    """Return a value that stays the same while a user types in one document.

    It is computed from the first tokens of the prompt, where layouts put what changes least. Of a
    short prompt it takes a power of two that is at most half of it, so that typing seldom changes
    the value.

    Parameters
    ----------
    prompt
        Token ids.
    key
        Secret: without it the value reveals nothing about the tokens.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    tokens = min(_MAX_ROUTING_TOKENS, 1 << max((len(prompt) // 2).bit_length() - 1, 0))
    return hashlib.blake2b(
        array("q", prompt[:tokens]).tobytes(), key=key, digest_size=8
    ).hexdigest()
