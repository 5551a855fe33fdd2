"""Completions for other editors: the model's text as it comes, without our stop rules."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from jupyter_safecoder.editor_protocols import Part
from jupyter_safecoder.errors import InvalidRequest, PromptTooLong
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.prompt import (
    CHARACTERS_PER_TOKEN,
    FAMILIES,
    Budget,
    FimFamily,
    Tokenizer,
    build_prompt,
    stop_ids,
)
from jupyter_safecoder.prompt.fim_markers import split_markers
from jupyter_safecoder.protocol import Cell, CompletionRequest

from .admission import Ticket
from .prompts import mask_file
from .scheduling import RequestScheduler

#: Characters of a prompt in which markers are searched: no editor sends more.
_MAX_MARKED_CHARACTERS = 2**20


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

        With a suffix, or with the markers of a FIM family in the text, it is a FIM prompt in the
        model's default layout, with both sides cut to the budgets; without them it is the text as
        it is.

        Raises
        ------
        InvalidRequest
            If the prompt does not fit the context window, or has ids outside the vocabulary.
        """
        if isinstance(request.prompt, tuple):
            ids = list(request.prompt)
            if max(ids) >= self._tokenizer.size:
                raise InvalidRequest("'prompt' has ids outside the model's vocabulary.")
        elif (fim := _fim_request(request, request.prompt, self._family)) is not None:
            layout = self._model.default_layout
            budget = self._budget
            fim = mask_file(fim)
            if fim.before:
                context, prefix = self._model.context_tokens, self._model.prefix_tokens
                budget = Budget(context, prefix, budget.suffix)
            ids = build_prompt(fim, self._family, self._tokenizer, budget, layout).ids
        else:
            # Encoding takes time, in which other requests wait.
            if len(request.prompt) > self._model.context_window * CHARACTERS_PER_TOKEN:
                raise InvalidRequest(
                    f"'prompt' has {len(request.prompt)} characters, more than the "
                    f"{self._model.context_window - 1} tokens of this model."
                )
            text = mask_file(CompletionRequest(request.prompt, "")).prefix
            ids = [*self._tokenizer.bos_ids, *self._tokenizer.encode(text)]
        if len(ids) >= self._model.context_window:
            raise InvalidRequest(
                f"'prompt' has {len(ids)} tokens; the maximum of this model is "
                f"{self._model.context_window - 1}."
            )
        return ids

    async def deltas(
        self, request: OpenAIRequest, prompt: Sequence[int], user: str
    ) -> AsyncGenerator[Part]:
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
        if request.max_tokens == 0:
            yield Part("", 0, "limit")
            return
        started = time.perf_counter()
        # Without a document: requests of one user do not supersede each other here.
        with self._scheduler.slot(user) as ticket:
            async with aclosing(self._scheduler.admission.positions(ticket)) as positions:
                async for _ in positions:
                    pass
            async with aclosing(self._generate(request, prompt, ticket, started)) as deltas:
                async for delta in deltas:
                    if delta.ending is None:
                        yield delta
        # The last one after the slot is released: a client that disconnects now cancels nothing.
        yield delta

    async def _generate(
        self, request: OpenAIRequest, prompt: Sequence[int], ticket: Ticket, started: float
    ) -> AsyncGenerator[Part]:
        max_tokens = min(request.max_tokens, self._model.context_window - len(prompt))
        text = _StopTextFilter(request.stop)
        scored = _ScoredTokens(self._tokenizer) if request.logprobs else None
        ids: list[int] = []
        run = self._scheduler.run(ticket, prompt, self._stop_ids, max_tokens, started)
        try:
            async with aclosing(run) as deltas:
                async for delta in deltas:
                    ids += delta.ids
                    finished = delta.finished
                    new = text.add(self._tokenizer.decode(ids), last=finished is not None)
                    part = Part(new, len(ids))
                    if scored is not None:
                        scored.add(delta.ids, delta.logprobs)
                        part = replace(part, **scored.until(text.released))
                    if text.stopped:
                        yield replace(part, ending="stop", stop=text.stop)
                        return
                    if finished is not None:
                        yield replace(part, ending="end" if finished == "end" else "limit")
                    elif new:
                        yield part
        except PromptTooLong as error:
            raise InvalidRequest(error.reason, error.remedy) from None


def _fim_request(
    request: OpenAIRequest, prompt: str, family: FimFamily
) -> CompletionRequest | None:
    """Return what is to be filled in; ``None``: the prompt is a text to continue."""
    extra = [*request.extra]
    if request.suffix or request.fill:
        prefix, suffix = prompt, request.suffix
    elif len(prompt) <= _MAX_MARKED_CHARACTERS and (marked := split_markers(prompt, family)):
        prefix, suffix = marked.prefix, marked.suffix
        extra += [marked.before] if marked.before else []
    else:
        return None
    return CompletionRequest(prefix, suffix, before=tuple(Cell("code", text) for text in extra))


class _StopTextFilter:
    """Releases text, except what may still become a stop text or another character."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        #: Number of characters that were released.
        self.released = 0
        #: The stop text that was found; empty: none.
        self.stop = ""

    @property
    def stopped(self) -> bool:
        """Whether a stop text was found."""
        return bool(self.stop)

    def add(self, text: str, *, last: bool) -> str:
        """Return what is new of the text.

        Parameters
        ----------
        text
            The whole text so far.
        last
            Whether nothing follows.
        """
        # What was released begins no stop text.
        pending = text[self.released :]
        found = [(at, stop) for stop in self._stops if (at := pending.find(stop)) >= 0]
        if found:
            end, self.stop = min(found)
        elif last:
            end = len(pending)
        else:
            # A character whose last bytes are still missing decodes to this one.
            end = len(pending.rstrip("\ufffd"))
            end -= max((_overlap(pending[:end], stop) for stop in self._stops), default=0)
        self.released += end
        return pending[:end]


def _overlap(text: str, stop: str) -> int:
    """Return the number of characters at the end of a text that begin a stop text."""
    at = max(0, len(text) - len(stop) + 1)
    while (at := text.find(stop[0], at)) >= 0:
        if stop.startswith(text[at:]):
            return len(text) - at
        at += 1
    return 0


class _ScoredTokens:
    """The tokens that were generated, with their texts and log-probabilities."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._waiting: list[tuple[str, float]] = []
        self._characters = 0
        self._known = True

    def add(self, ids: Sequence[int], logprobs: Sequence[float] | None) -> None:
        """Add tokens as the engine returns them."""
        if logprobs is None:
            self._known = self._known and not ids
        else:
            texts = (self._tokenizer.decode([token]) for token in ids)
            self._waiting += zip(texts, logprobs, strict=False)

    def until(self, characters: int) -> dict[str, Any]:
        """Return the tokens that begin before so many characters, as fields of a part."""
        found: list[tuple[str, float]] = []
        while self._waiting and self._characters < characters:
            found.append(self._waiting.pop(0))
            self._characters += len(found[-1][0])
        texts, logprobs = [text for text, _ in found], [value for _, value in found]
        return {"token_texts": texts, "logprobs": logprobs if self._known else None}
