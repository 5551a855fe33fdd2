"""One completion: from the request through prompt, engine and answer to its events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from jupyter_safecoder.errors import EngineError, QueueFull, Superseded
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.postprocess import AnswerFilter, FilteredAnswer, FilterInput, mode_at
from jupyter_safecoder.prompt import (
    FAMILIES,
    Budget,
    Prompt,
    Tokenizer,
    build_prompt,
    stop_ids,
    tail,
)
from jupyter_safecoder.protocol import CompletionRequest, Done, Error, Event, Text
from jupyter_safecoder.settings import RuntimeSettings

from .admission import Ticket
from .scheduling import RequestScheduler, TokenDelta

#: Characters on each side of the cursor that stop rules read: of 5 MB they would take a second.
_JUDGED = 32_768


PROMPT_TOO_LONG = Error(
    "engine_failed",
    "The engine has no room for a prompt of this length.",
    "Close other notebooks, or give the runtime more cache.",
)


@dataclass
class _Generated:
    """What has come of one request so far."""

    ids: list[int] = field(default_factory=list)
    raw: str = ""
    text: str = ""
    first_token_at: float | None = None


class Completions:
    """Answers completion requests on a loaded engine.

    Parameters
    ----------
    settings
        Caps and layout.
    model
        Whose family and budgets to use.
    tokenizer
        The engine's.
    turns
        The way into the engine.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        model: ModelDescription,
        tokenizer: Tokenizer,
        turns: RequestScheduler,
    ) -> None:
        self._settings = settings
        self._model = model
        self._tokenizer = tokenizer
        self._turns = turns
        self._counters = turns.counters
        self._family = FAMILIES[model.family]
        self._stop_ids = stop_ids(self._family, tokenizer)
        self._budget = Budget(model.context_tokens, model.prefix_tokens, model.suffix_tokens)

    async def events(self, request: CompletionRequest, person: str) -> AsyncGenerator[Event]:
        """Yield the events of a request; closing the iterator cancels it in the engine."""
        started = time.perf_counter()
        self._counters.requests += 1
        if not (request.prefix.strip() or request.suffix.strip() or request.before):
            self._counters.completed += 1
            yield self._done(_Generated(), "empty_prompt", None, started)
            return
        try:
            ticket = self._turns.admission.enter(person, request.document)
        except QueueFull as full:
            yield self._no_room(full)
            return
        try:
            # Closed before the place is given back, and not when the garbage collector comes.
            async with aclosing(self._turns.wait(ticket)) as news:
                async for queued in news:
                    yield queued
            async with aclosing(self._generate(request, ticket, started)) as events:
                async for event in events:
                    yield event
        except QueueFull as full:
            yield self._no_room(full)
        except Superseded:
            self._counters.cancelled += 1
            yield self._done(_Generated(), "superseded", None, started)
        finally:
            self._turns.admission.leave(ticket)

    def _no_room(self, full: QueueFull) -> Error:
        self._counters.failed += 1
        return Error("queue_full", str(full), "Wait a moment.", retry_after_s=full.retry_after_s)

    async def _generate(
        self, request: CompletionRequest, ticket: Ticket, started: float
    ) -> AsyncGenerator[Event]:
        prompt = self._prompt(request)
        judge, max_tokens = self._judge(request, prompt)
        answer, reason = _Generated(), None
        turn = self._turns.run(ticket, prompt.ids, self._stop_ids, max_tokens, started)
        try:
            async with aclosing(turn) as pieces:
                async for piece in pieces:
                    if piece.ended == "refused":
                        self._counters.failed += 1
                        yield PROMPT_TOO_LONG
                        return
                    self._take_in(piece, answer)
                    judgement = (
                        judge.apply(answer.raw, ended=piece.ended)
                        if judge
                        else _as_is(answer, piece.ended)
                    )
                    reason = judgement.reason
                    first = answer.first_token_at is None and piece.ended != "deadline"
                    if first:
                        answer.first_token_at = time.perf_counter()
                    if reason is None and (first or judgement.text != answer.text):
                        sent = len(prompt.ids) if first else None
                        yield Text(judgement.text, len(answer.ids), sent)
                    answer.text = judgement.text
                    if reason is not None:
                        break
            self._counters.completed += 1
            yield self._done(answer, reason or "end", prompt, started, raw=request.options.raw)
        except EngineError as problem:
            self._counters.failed += 1
            yield Error("engine_failed", problem.reason, problem.remedy)
        except (GeneratorExit, asyncio.CancelledError):
            if reason is None:
                self._counters.cancelled += 1
            raise

    def _take_in(self, piece: TokenDelta, answer: _Generated) -> None:
        answer.ids += piece.ids
        # A character whose last bytes are still to come is held back.
        answer.raw = self._tokenizer.decode(answer.ids)
        if piece.ended is None:
            answer.raw = answer.raw.rstrip("\ufffd")

    def _prompt(self, request: CompletionRequest) -> Prompt:
        layout = request.options.layout or self._settings.layout or self._model.default_layout
        return build_prompt(request, self._family, self._tokenizer, self._budget, layout)

    def _judge(self, request: CompletionRequest, prompt: Prompt) -> tuple[AnswerFilter | None, int]:
        options, settings = request.options, self._settings
        prefix, suffix = tail(request.prefix, _JUDGED), request.suffix[:_JUDGED]
        extent = options.mode
        if extent == "auto":
            extent = mode_at(prefix, suffix, prompt.language)
        cap = settings.max_tokens_line if extent == "line" else settings.max_tokens_block
        if not options.rules:
            return None, options.max_tokens or cap
        situation = FilterInput(prefix, suffix, prompt.language, extent, settings.max_lines)
        return AnswerFilter(situation), options.max_tokens or cap

    def _done(
        self,
        answer: _Generated,
        reason: str,
        prompt: Prompt | None,
        started: float,
        *,
        raw: bool = False,
    ) -> Done:
        first = answer.first_token_at
        return Done(
            text=answer.text,
            finish_reason=reason,
            layout=prompt.layout if prompt else self._settings.layout or self._model.default_layout,
            model=self._model.name,
            prompt_tokens=len(prompt.ids) if prompt else 0,
            completion_tokens=len(answer.ids),
            ttft_ms=None if first is None else round((first - started) * 1000, 2),
            total_ms=round((time.perf_counter() - started) * 1000, 2),
            raw_text=answer.raw if raw else None,
        )


def _as_is(answer: _Generated, ended: str | None) -> FilteredAnswer:
    return FilteredAnswer(answer.raw, ended)  # type: ignore[arg-type]  # the same names
