"""Reads the streamed response of a completion server: server-sent events to token ids.

Servers report the tokens of a completion in three forms (``Dialect``):

- ``token_ids``: vLLM from 0.10 returns the ids themselves, the stop token included.
- ``logprobs``: llama.cpp returns an id with each part of the text. Of several tokens that make one
  character it returns only the last one's, so the text decides where the two differ.
- ``text``: others return text, which is encoded part by part. The text is the server's, but the ids
  may not be, and stop tokens that the server does not write out are not seen.

In the first two forms it may return the log-probability of each token, too.

Sizes are bounded, so that a faulty server cannot fill the memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from typing import Any, Literal

from jupyter_safecoder.errors import MalformedResponse
from jupyter_safecoder.prompt import Tokenizer

Dialect = Literal["token_ids", "logprobs", "text"]

_TOKEN_IDS = {"return_token_ids": True, "repetition_penalty": 1.0}
#: Fields of a request that make a server answer in a dialect, the best first: with
#: ``--max-logprobs 0`` vLLM refuses log-probabilities. The penalties are those that vLLM would take
#: from a checkpoint's ``generation_config.json``.
DIALECT_FIELDS: tuple[tuple[Dialect, Mapping[str, Any]], ...] = (
    ("token_ids", {**_TOKEN_IDS, "logprobs": 1}),
    ("token_ids", _TOKEN_IDS),
    ("logprobs", {"logprobs": 1, "repeat_penalty": 1.0}),
    ("text", {}),
)

#: Maximum size in bytes of one event: vLLM repeats the ids of the prompt in its first.
_MAX_EVENT_BYTES = 2**20
#: Maximum size in bytes of the events of one token.
_MAX_TOKEN_BYTES = 2**14


async def read_events(chunks: AsyncIterator[bytes], max_tokens: int) -> AsyncGenerator[str]:
    """Yield the data of server-sent events until ``[DONE]``.

    Parameters
    ----------
    chunks
        The body as it arrives.
    max_tokens
        Maximum number of tokens of the completion, which bounds the size of the body.

    Raises
    ------
    MalformedResponse
        If a line or the whole body is longer than a completion can be.
    """
    pending, total = b"", 0
    async for chunk in chunks:
        total += len(chunk)
        pending += chunk
        *lines, pending = pending.split(b"\n")
        if len(pending) > _MAX_EVENT_BYTES:
            raise MalformedResponse("a line without an end")
        if total > _MAX_EVENT_BYTES + _MAX_TOKEN_BYTES * max_tokens:
            raise MalformedResponse("more data than the requested tokens can take")
        for line in lines:
            # Other fields and comments (pings) are ignored, see
            # https://html.spec.whatwg.org/#parsing-an-event-stream
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip().decode("utf-8", "replace")
            if data == "[DONE]":
                return
            yield data


def read_choice(data: str) -> dict[str, Any]:
    """Return the first choice of an event's data.

    Raises
    ------
    MalformedResponse
        If it is not JSON, or as in :func:`first_choice`.
    """
    try:
        return first_choice(json.loads(data))
    except (ValueError, RecursionError):
        raise MalformedResponse("no JSON") from None


def first_choice(event: object) -> dict[str, Any]:
    """Return the first choice of an event or a whole response; empty if it has none.

    Raises
    ------
    MalformedResponse
        If it reports an error, or does not have the form of a completion.
    """
    if not isinstance(event, dict):
        raise MalformedResponse("no JSON object")
    if "error" in event:
        raise MalformedResponse("an error in the middle of the response")
    choices = event.get("choices")
    if not isinstance(choices, list):
        raise MalformedResponse("no choices")
    choice = choices[0] if choices else {}
    if not isinstance(choice, dict):
        raise MalformedResponse("a choice that is not an object")
    return choice


def detect_dialect(choice: dict[str, Any]) -> Dialect:
    """Return the dialect of a choice."""
    if isinstance(choice.get("token_ids"), list):
        return "token_ids"
    try:
        _ids_of_logprobs(choice)
    except MalformedResponse:
        return "text"
    return "logprobs"


class ResponseReader:
    """Reads token ids from the choices of one response, event by event.

    Parameters
    ----------
    dialect
        How the server reports tokens.
    tokenizer
        The model's.
    stop_ids
        Stop tokens: the completion ends before the first of them.
    max_tokens
        Maximum number of tokens of the completion.
    """

    def __init__(
        self, dialect: Dialect, tokenizer: Tokenizer, stop_ids: Collection[int], max_tokens: int
    ) -> None:
        self._dialect = dialect
        self._tokenizer = tokenizer
        self._stop_ids = frozenset(stop_ids)
        self._left = max_tokens

    def read(self, choice: dict[str, Any]) -> tuple[list[int], list[float] | None, str | None]:
        """Return the ids of a choice, their log-probabilities, and why the completion ended.

        Returns
        -------
        tuple
            Token ids; the log-probability of each, or ``None`` if the server does not report them;
            and ``end``, ``length``, or ``None`` while the completion goes on.

        Raises
        ------
        MalformedResponse
            If the choice does not have the form of its dialect, or an unknown finish reason.
        """
        finish = choice.get("finish_reason")
        if finish not in (None, "stop", "length"):
            raise MalformedResponse("a finish reason other than stop and length")
        ids, logprobs = self._tokens(choice)
        ended = {None: None, "stop": "end", "length": "length"}[finish]
        stop = next((index for index, token in enumerate(ids) if token in self._stop_ids), None)
        if stop is None and finish == "stop" and self._dialect == "token_ids":
            # No stop text is ever requested: the last id is a stop token of the server's own.
            stop = len(ids) - 1
        if stop is not None:
            ids, ended = ids[:stop], "end"
        if len(ids) > self._left or (len(ids) == self._left and stop is None):
            ids, ended = ids[: self._left], "length"
        self._left -= len(ids)
        return ids, None if logprobs is None else logprobs[: len(ids)], ended

    def _tokens(self, choice: dict[str, Any]) -> tuple[list[int], list[float] | None]:
        if self._dialect == "token_ids":
            ids = _checked_ids(choice.get("token_ids"))
            return ids, _token_logprobs(choice, len(ids))
        text = choice.get("text")
        if not isinstance(text, str):
            raise MalformedResponse("a choice without text")
        if self._dialect == "logprobs" and choice.get("logprobs") is not None:
            ids = _ids_of_logprobs(choice)
            if self._tokenizer.decode(ids) == text or not self._stop_ids.isdisjoint(ids):
                content = choice["logprobs"]["content"]
                return ids, _checked_logprobs([token.get("logprob") for token in content])
        return self._tokenizer.encode(text), None


def _ids_of_logprobs(choice: dict[str, Any]) -> list[int]:
    try:
        return _checked_ids([token["id"] for token in choice["logprobs"]["content"]])
    except (KeyError, TypeError):
        raise MalformedResponse("log-probabilities without ids") from None


def _token_logprobs(choice: dict[str, Any], number: int) -> list[float] | None:
    """Return the log-probabilities of the tokens of a choice in OpenAI's form, if it has them."""
    logprobs = choice.get("logprobs")
    values = logprobs.get("token_logprobs") if isinstance(logprobs, dict) else None
    return _checked_logprobs(values) if isinstance(values, list) and len(values) == number else None


def _checked_logprobs(values: list[Any]) -> list[float] | None:
    if all(type(value) in (int, float) and math.isfinite(value) for value in values):
        return [min(float(value), 0.0) for value in values]
    return None


def _checked_ids(ids: object) -> list[int]:
    # Tokenizers cannot decode larger ids.
    if isinstance(ids, list) and all(type(i) is int and 0 <= i < 2**31 for i in ids):
        return ids
    raise MalformedResponse("ids that are not a list of token ids")
