"""One completion: from the request through prompt, engine and answer to its events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from ..answer import Judge, Judgement, Situation, extent_at
from ..engines import EngineOutput, EngineProblem
from ..models import ModelDescription
from ..prompt import FAMILIES, Budget, Prompt, Tokenizer, build_prompt, end_ids, tail
from ..protocol import CompletionRequest, Counters, Done, Error, Event, Queued, Text
from .admission import Admission, QueueFull, Replaced, Ticket
from .generation import GenerationThread
from .settings import RuntimeSettings

_QUEUE_NEWS_S = 0.25
#: Characters on each side of the cursor that stop rules read: of 5 MB they would take a second.
_JUDGED = 32_768
_REPLACED, _DEADLINE = object(), object()


@dataclass
class _Answer:
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
        Caps, deadline and queue bounds.
    model
        Whose family and budgets to use.
    tokenizer
        The engine's.
    generation
        The engine's thread.
    counters
        Counted in as requests come and go.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        model: ModelDescription,
        tokenizer: Tokenizer,
        generation: GenerationThread,
        counters: Counters,
    ) -> None:
        self._settings = settings
        self._model = model
        self._tokenizer = tokenizer
        self._generation = generation
        self._counters = counters
        self._family = FAMILIES[model.family]
        self._ends = end_ids(self._family, tokenizer)
        self._budget = Budget(model.context_tokens, model.prefix_tokens, model.suffix_tokens)
        self._live: set[asyncio.Queue[object]] = set()
        self.admission = Admission(settings.max_running, settings.max_waiting)

    def fail(self, error: BaseException) -> None:
        """Tell every running request that the engine failed."""
        for queue in self._live:
            queue.put_nowait(error)

    async def events(self, request: CompletionRequest, person: str) -> AsyncGenerator[Event]:
        """Yield the events of a request; closing the iterator cancels it in the engine."""
        started = time.perf_counter()
        self._counters.requests += 1
        if not (request.prefix.strip() or request.suffix.strip() or request.before):
            self._counters.completed += 1
            yield self._done(_Answer(), "empty_prompt", None, started)
            return
        try:
            ticket = self.admission.enter(person, request.document)
        except QueueFull as full:
            self._counters.failed += 1
            yield Error("queue_full", str(full), "Wait a moment.", retry_after_s=full.retry_after_s)
            return
        try:
            # Closed before the place is given back, and not when the garbage collector comes.
            async with aclosing(self._wait(ticket)) as news:
                async for queued in news:
                    yield queued
            async with aclosing(self._generate(request, ticket, started)) as events:
                async for event in events:
                    yield event
        except Replaced:
            self._counters.cancelled += 1
            yield self._done(_Answer(), "replaced", None, started)
        finally:
            self.admission.leave(ticket)

    async def _wait(self, ticket: Ticket) -> AsyncGenerator[Queued]:
        place = 0
        try:
            while not ticket.turn.done():
                if (now := self.admission.place(ticket)) != place:
                    place = now
                    yield Queued(place)
                await asyncio.wait([ticket.turn], timeout=_QUEUE_NEWS_S)
        except (GeneratorExit, asyncio.CancelledError):
            self._counters.cancelled += 1
            raise
        ticket.turn.result()

    async def _generate(
        self, request: CompletionRequest, ticket: Ticket, started: float
    ) -> AsyncGenerator[Event]:
        prompt = self._prompt(request)
        judge, max_tokens = self._judge(request, prompt)
        queue: asyncio.Queue[object] = asyncio.Queue()
        ticket.replace = lambda: queue.put_nowait(_REPLACED)
        left = self._settings.deadline_s - (time.perf_counter() - started)
        deadline = asyncio.get_running_loop().call_later(left, queue.put_nowait, _DEADLINE)
        self._live.add(queue)
        self._counters.prompt_tokens += len(prompt.ids)
        number = self._generation.submit(prompt.ids, self._ends, max_tokens, queue.put_nowait)
        answer, reason = _Answer(), None
        try:
            while reason is None:
                ended = await self._next(queue, answer)
                if ended == "refused":
                    self._counters.failed += 1
                    yield Error(
                        "engine_failed",
                        "The engine has no room for a prompt of this length.",
                        "Close other notebooks, or give the runtime more cache.",
                    )
                    return
                judgement = judge.judge(answer.raw, ended=ended) if judge else _as_is(answer, ended)
                reason = judgement.reason
                first = answer.first_token_at is None and ended != "deadline"
                if first:
                    answer.first_token_at = time.perf_counter()
                if reason is None and (first or judgement.text != answer.text):
                    yield Text(judgement.text, len(answer.ids))
                answer.text = judgement.text
            self._counters.completed += 1
            yield self._done(answer, reason, prompt, started, raw=request.options.raw)
        except EngineProblem as problem:
            self._counters.failed += 1
            yield Error("engine_failed", problem.reason, problem.remedy)
        except (Replaced, GeneratorExit, asyncio.CancelledError) as gone:
            running = self._generation.cancel(number) and reason is None
            if running and not isinstance(gone, Replaced):
                self._counters.cancelled += 1
            raise
        finally:
            # A stop rule or the deadline ends the answer before the engine would.
            self._generation.cancel(number)
            deadline.cancel()
            self._live.discard(queue)
            self._counters.completion_tokens += len(answer.ids)

    async def _next(self, queue: asyncio.Queue[object], answer: _Answer) -> str | None:
        """Take the next output in; returns how the answer ended, if it did."""
        item = await queue.get()
        if item is _DEADLINE:
            return "deadline"
        if item is _REPLACED:
            raise Replaced
        if isinstance(item, BaseException):
            raise item
        assert isinstance(item, EngineOutput)
        if item.problem is not None:
            raise item.problem
        answer.ids += item.ids
        # A character whose last bytes are still to come is held back.
        answer.raw = self._tokenizer.decode(answer.ids)
        if item.finished is None:
            answer.raw = answer.raw.rstrip("\ufffd")
        return item.finished

    def _prompt(self, request: CompletionRequest) -> Prompt:
        layout = request.options.layout or self._settings.layout or self._model.default_layout
        return build_prompt(request, self._family, self._tokenizer, self._budget, layout)

    def _judge(self, request: CompletionRequest, prompt: Prompt) -> tuple[Judge | None, int]:
        options, settings = request.options, self._settings
        prefix, suffix = tail(request.prefix, _JUDGED), request.suffix[:_JUDGED]
        extent = options.mode
        if extent == "auto":
            extent = extent_at(prefix, suffix, prompt.language)
        cap = settings.max_tokens_line if extent == "line" else settings.max_tokens_block
        if not options.rules:
            return None, options.max_tokens or cap
        situation = Situation(prefix, suffix, prompt.language, extent, settings.max_lines)
        return Judge(situation), options.max_tokens or cap

    def _done(
        self,
        answer: _Answer,
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


def _as_is(answer: _Answer, ended: str | None) -> Judgement:
    return Judgement(answer.raw, ended)  # type: ignore[arg-type]  # the same names
