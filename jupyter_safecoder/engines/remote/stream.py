"""The answer of a completion server: server-sent events to token ids and an end, sizes bounded.

Servers tell the tokens of an answer in three ways (``Dialect``):

- ``token_ids``: vLLM from 0.10 gives the ids themselves, the end token among them;
- ``logprobs``: llama.cpp gives an id with each piece of text; of the tokens that together make one
  character only the last one's, so that the text decides where the two differ;
- ``text``: others give text, which is encoded piece by piece. That is the server's text, but
  perhaps in other ids than the server's, and end tokens that it does not write out are not seen.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from typing import Any, Literal

from jupyter_safecoder.errors import MalformedResponse
from jupyter_safecoder.prompt import Tokenizer

Dialect = Literal["token_ids", "logprobs", "text"]

#: What to ask a server for beside the prompt, so that it answers in a dialect. The penalties are
#: those that vLLM would take from a checkpoint's generation_config.json.
DIALECT_FIELDS: dict[Dialect, dict[str, Any]] = {
    "token_ids": {"return_token_ids": True, "repetition_penalty": 1.0},
    "logprobs": {"logprobs": 1, "repeat_penalty": 1.0},
    "text": {},
}

#: Bytes of one event: vLLM repeats the ids of the prompt in its first.
_EVENT_BYTES = 2**20
#: Bytes of events that one token may take.
_TOKEN_BYTES = 2**14


async def read_events(chunks: AsyncIterator[bytes], max_tokens: int) -> AsyncGenerator[str]:
    """Yield the data of server-sent events until ``[DONE]``.

    Parameters
    ----------
    chunks
        The body as it arrives.
    max_tokens
        How many tokens were asked for: bounds how much is read.

    Raises
    ------
    Garbage
        If a line or the whole is longer than any answer.
    """
    pending, total = b"", 0
    async for chunk in chunks:
        total += len(chunk)
        pending += chunk
        *lines, pending = pending.split(b"\n")
        if len(pending) > _EVENT_BYTES:
            raise MalformedResponse("a line without an end")
        if total > _EVENT_BYTES + _TOKEN_BYTES * max_tokens:
            raise MalformedResponse("more than the tokens that were asked for can take")
        for line in lines:
            # Other fields and comments (pings) of https://html.spec.whatwg.org/#parsing-an-event-stream
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip().decode("utf-8", "replace")
            if data == "[DONE]":
                return
            yield data


def read_choice(data: str) -> dict[str, Any]:
    """Return the first choice of an event; raises Garbage, also if it is no JSON."""
    try:
        return first_choice(json.loads(data))
    except (ValueError, RecursionError):
        raise MalformedResponse("no JSON") from None


def first_choice(event: object) -> dict[str, Any]:
    """Return the first choice of an event or a whole answer; empty if that is of other things.

    Raises
    ------
    Garbage
        If it tells of an error or has not the form of a completion.
    """
    if not isinstance(event, dict):
        raise MalformedResponse("no JSON object")
    if "error" in event:
        raise MalformedResponse("an error in the midst of the answer")
    choices = event.get("choices")
    if not isinstance(choices, list):
        raise MalformedResponse("no choices")
    choice = choices[0] if choices else {}
    if not isinstance(choice, dict):
        raise MalformedResponse("a choice that is no object")
    return choice


def dialect_of(choice: dict[str, Any]) -> Dialect:
    """Return the dialect that an answer is in."""
    if isinstance(choice.get("token_ids"), list):
        return "token_ids"
    try:
        _ids_of_logprobs(choice)
    except MalformedResponse:
        return "text"
    return "logprobs"


class AnswerReader:
    """Reads the choices of one answer's events.

    Parameters
    ----------
    dialect
        How the server tells the tokens.
    tokenizer
        The model's.
    ends
        End tokens: the answer is over before the first of them.
    max_tokens
        The answer is over with so many.
    """

    def __init__(
        self, dialect: Dialect, tokenizer: Tokenizer, stop_ids: Collection[int], max_tokens: int
    ) -> None:
        self._dialect = dialect
        self._tokenizer = tokenizer
        self._stop_ids = frozenset(stop_ids)
        self._left = max_tokens

    def take(self, choice: dict[str, Any]) -> tuple[list[int], str | None]:
        """Return the ids of a choice, and how the answer finished, if it did.

        Raises
        ------
        Garbage
            If the choice has not the form of its dialect, or ends in no way that we know.
        """
        finish = choice.get("finish_reason")
        if finish not in (None, "stop", "length"):
            raise MalformedResponse("an end of another kind than stop and length")
        ids = self._ids(choice)
        for place, token in enumerate(ids):
            if token in self._stop_ids:
                return ids[:place], "end"
        if finish == "stop" and self._dialect == "token_ids":
            # No stop text is ever asked for: the last is an end token of the server's own.
            ids = ids[:-1]
        if len(ids) >= self._left:
            return ids[: self._left], "length"
        self._left -= len(ids)
        return ids, {None: None, "stop": "end", "length": "length"}[finish]

    def _ids(self, choice: dict[str, Any]) -> list[int]:
        if self._dialect == "token_ids":
            return _checked_ids(choice.get("token_ids"))
        text = choice.get("text")
        if not isinstance(text, str):
            raise MalformedResponse("a choice without a text")
        if self._dialect == "logprobs" and choice.get("logprobs") is not None:
            ids = _ids_of_logprobs(choice)
            if self._tokenizer.decode(ids) == text or not self._stop_ids.isdisjoint(ids):
                return ids
        return self._tokenizer.encode(text)


def _ids_of_logprobs(choice: dict[str, Any]) -> list[int]:
    try:
        return _checked_ids([token["id"] for token in choice["logprobs"]["content"]])
    except (KeyError, TypeError):
        raise MalformedResponse("log-probabilities without ids") from None


def _checked_ids(ids: object) -> list[int]:
    # Beyond 32 bits no tokenizer decodes them.
    if isinstance(ids, list) and all(type(i) is int and 0 <= i < 2**31 for i in ids):
        return ids
    raise MalformedResponse("ids that are no list of token ids")
