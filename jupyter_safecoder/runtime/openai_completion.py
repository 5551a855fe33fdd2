"""Completions for other editors: the model's text as it comes, without our stop rules."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from jupyter_safecoder.errors import InvalidRequest, PromptTooLong
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.prompt import (
    CHARACTERS_PER_TOKEN,
    FAMILIES,
    Budget,
    Tokenizer,
    build_prompt,
    stop_ids,
)
from jupyter_safecoder.protocol import CompletionRequest

from .admission import Ticket
from .scheduling import RequestScheduler


@dataclass(frozen=True)
class OpenAIDelta:
    """New text of a completion; ``finish_reason`` of the last one is ``stop`` or ``length``.

    ``tokens`` is the number of tokens of the whole completion so far.
    """

    text: str
    finish_reason: str | None
    tokens: int


class OpenAICompletions:
    """Responds to requests of OpenAI's protocol with a loaded engine.

    Parameters
    ----------
    model
        The model, for its family, context window and budgets.
    tokenizer
        The engine's tokenizer.
    scheduler
        Runs requests on the engine.
    """

    def __init__(
        self, model: ModelDescription, tokenizer: Tokenizer, scheduler: RequestScheduler
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._scheduler = scheduler
        # A file of another editor is not a notebook: no cell token comes before it.
        self._family = replace(FAMILIES[model.family], notebook=None)
        self._stop_ids = stop_ids(self._family, tokenizer)
        # There are no other cells: their budget is added to the prefix's.
        self._budget = Budget(0, model.context_tokens + model.prefix_tokens, model.suffix_tokens)

    def prompt(self, request: OpenAIRequest) -> list[int]:
        """Return the token ids of a request's prompt.

        With a suffix it is a FIM prompt in the model's default layout, with both sides cut to the
        budgets; without one it is the text as it is.

        Raises
        ------
        InvalidRequest
            If the prompt does not fit the context window, or has ids outside the vocabulary.
        """
        if isinstance(request.prompt, tuple):
            ids = list(request.prompt)
            if max(ids) >= self._tokenizer.size:
                raise InvalidRequest("'prompt' has ids outside the model's vocabulary.")
        elif request.suffix:
            fim = CompletionRequest(request.prompt, request.suffix)
            layout = self._model.default_layout
            ids = build_prompt(fim, self._family, self._tokenizer, self._budget, layout).ids
        else:
            # Encoding takes time, in which other requests wait.
            if len(request.prompt) > self._model.context_window * CHARACTERS_PER_TOKEN:
                raise InvalidRequest(
                    f"'prompt' has {len(request.prompt)} characters, more than the "
                    f"{self._model.context_window - 1} tokens of this model."
                )
            ids = [*self._tokenizer.bos_ids, *self._tokenizer.encode(request.prompt)]
        if len(ids) >= self._model.context_window:
            raise InvalidRequest(
                f"'prompt' has {len(ids)} tokens; the maximum of this model is "
                f"{self._model.context_window - 1}."
            )
        return ids

    async def deltas(
        self, request: OpenAIRequest, prompt: Sequence[int], user: str
    ) -> AsyncGenerator[OpenAIDelta]:
        """Yield the completion as it comes; closing the iterator cancels it in the engine.

        Parameters
        ----------
        request
            The request.
        prompt
            Token ids from :meth:`prompt`.
        user
            The user who made the request.

        Raises
        ------
        QueueFull
            If too many requests wait.
        InvalidRequest
            If the engine's cache is too small for the prompt.
        EngineError
            If the engine fails.
        """
        started = time.perf_counter()
        # Without a document: requests of one user do not supersede each other here.
        with self._scheduler.slot(user) as ticket:
            async with aclosing(self._scheduler.admission.positions(ticket)) as positions:
                async for _ in positions:
                    pass
            async with aclosing(self._generate(request, prompt, ticket, started)) as deltas:
                async for delta in deltas:
                    if delta.finish_reason is None:
                        yield delta
        # The last one after the slot is released: a client that disconnects now cancels nothing.
        yield delta

    async def _generate(
        self, request: OpenAIRequest, prompt: Sequence[int], ticket: Ticket, started: float
    ) -> AsyncGenerator[OpenAIDelta]:
        max_tokens = min(request.max_tokens, self._model.context_window - len(prompt))
        text = _StopTextFilter(request.stop)
        ids: list[int] = []
        run = self._scheduler.run(ticket, prompt, self._stop_ids, max_tokens, started)
        try:
            async with aclosing(run) as deltas:
                async for delta in deltas:
                    ids += delta.ids
                    finished = delta.finished
                    new = text.add(self._tokenizer.decode(ids), last=finished is not None)
                    if text.stopped or finished == "end":
                        yield OpenAIDelta(new, "stop", len(ids))
                        return
                    if finished is not None or new:
                        reason = None if finished is None else "length"
                        yield OpenAIDelta(new, reason, len(ids))
        except PromptTooLong as error:
            raise InvalidRequest(error.reason, error.remedy) from None


class _StopTextFilter:
    """Releases text, except what may still become a stop text or another character."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._released = 0
        self.stopped = False

    def add(self, text: str, *, last: bool) -> str:
        """Return what is new of the text.

        Parameters
        ----------
        text
            The whole text so far.
        last
            Whether nothing follows.
        """
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped = True
            end = min(found)
        elif last:
            end = len(text)
        else:
            # A character whose last bytes are still missing decodes to this one.
            end = len(text.rstrip("\ufffd"))
            end -= max((_overlap(text[:end], stop) for stop in self._stops), default=0)
        new = text[self._released : end]
        self._released = max(self._released, end)
        return new


def _overlap(text: str, stop: str) -> int:
    """Return the number of characters at the end of a text that begin a stop text."""
    lengths = range(min(len(stop) - 1, len(text)), 0, -1)
    return next((n for n in lengths if text.endswith(stop[:n])), 0)
