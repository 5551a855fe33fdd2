"""One completion: from the request through prompt, engine and stop rules to its events."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from jupyter_safecoder.errors import Superseded
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.postprocess import (
    MIN_PROBABILITIES,
    AnswerFilter,
    FilteredAnswer,
    FilterInput,
    ScoredToken,
    first_line_logprob,
    mode_at,
)
from jupyter_safecoder.prompt import (
    CHARACTERS_PER_TOKEN,
    FAMILIES,
    Prompt,
    Tokenizer,
    build_prompt,
    stop_ids,
    tail,
)
from jupyter_safecoder.protocol import (
    Attribution,
    CompletionOptions,
    CompletionRequest,
    Done,
    Inspection,
    Queued,
    Text,
)
from jupyter_safecoder.settings import RuntimeSettings

from .admission import Ticket
from .attribution import SuggestionChecks
from .prompts import inspect_prompt, mask_request, suggests_secret
from .scheduling import RequestScheduler, TokenDelta

#: Characters on each side of the cursor that stop rules read: they would take a second for 5 MB.
_FILTER_CHARACTERS = 32_768
#: Cells above the cursor that say how to indent, where the current cell does not.
_CELLS_ABOVE = 10
#: An alternative whose first token has a probability below 5 % is hardly ever of use.
_MIN_ALTERNATIVE_LOGPROB = math.log(0.05)


@dataclass
class _Completion:
    """The state of one completion; times from ``time.perf_counter``."""

    started: float
    layout: str
    prompt_tokens: int = 0
    ids: list[int] = field(default_factory=list)
    #: ``None`` if the engine does not know log-probabilities.
    tokens: list[ScoredToken] | None = field(default_factory=list)
    raw: str = ""
    text: str = ""
    unconfirmed: str | None = None
    first_token_at: float | None = None
    finish_reason: str | None = None
    #: Of the text: what is in an index of code.
    attribution: tuple[Attribution, ...] = ()
    #: Of a request that asks for it.
    inspection: Inspection | None = None
    alternatives: tuple[str, ...] | None = None

    def ttft_ms(self) -> float | None:
        """Return the time to the first token; ``None`` if there is none."""
        first = self.first_token_at
        return None if first is None else round((first - self.started) * 1000, 2)

    def first_line_logprob(self) -> float | None:
        """Return the log-probability of the first line; ``None`` if it is unknown."""
        found = None if self.tokens is None else first_line_logprob(self.raw, self.tokens)
        return None if found is None else round(found, 4)


class Completions:
    """Responds to completion requests with a loaded engine.

    Parameters
    ----------
    settings
        Limits of tokens and lines, and the layout.
    model
        The model, for its family and budgets.
    tokenizer
        The engine's tokenizer.
    scheduler
        Runs requests on the engine.
    checks
        Compares suggestions with indexes of code.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        model: ModelDescription,
        tokenizer: Tokenizer,
        scheduler: RequestScheduler,
        checks: SuggestionChecks,
    ) -> None:
        self._settings = settings
        self._model = model
        self._tokenizer = tokenizer
        self._scheduler = scheduler
        self._checks = checks
        self._family = FAMILIES[model.family]
        self._stop_ids = stop_ids(self._family, tokenizer)
        self._budget = model.budget

    async def events(
        self, request: CompletionRequest, user: str
    ) -> AsyncGenerator[Queued | Text | Done]:
        """Yield the events of a request; closing the iterator cancels it in the engine.

        Parameters
        ----------
        request
            The request.
        user
            The user who made it.

        Raises
        ------
        QueueFull
            If too many requests wait.
        EngineError
            If the engine cannot run this request, or fails.
        """
        layout = request.options.layout or self._settings.layout or self._model.default_layout
        completion = _Completion(time.perf_counter(), layout)
        background = request.options.is_background
        if not (
            request.prefix.strip() or request.suffix.strip() or request.before or request.below
        ):
            self._scheduler.count_empty(background=background)
            completion.finish_reason = "empty_prompt"
            yield self._done(completion)
            return
        raw = request.options.raw
        try:
            with self._scheduler.slot(user, request.document, background=background) as ticket:
                # Closed before the slot is released, not when the garbage collector comes.
                waiting = self._scheduler.admission.positions(ticket)
                async with aclosing(waiting) as positions:
                    async for position in positions:
                        yield Queued(position)
                async with aclosing(self._generate(request, ticket, completion)) as texts:
                    async for text in texts:
                        yield text
        except Superseded:
            superseded = _Completion(completion.started, layout, finish_reason="superseded")
            completion, raw = superseded, False
        yield self._done(completion, raw=raw and completion.finish_reason != "attribution")

    async def _generate(
        self, request: CompletionRequest, ticket: Ticket, completion: _Completion
    ) -> AsyncGenerator[Text]:
        """Yield the text whenever it changes; the completion gets its finish reason."""
        granted = time.perf_counter()
        masked = mask_request(request, self._budget.context * CHARACTERS_PER_TOKEN)
        if masked.at_cursor:
            completion.finish_reason = "secret"
            return
        prompt = build_prompt(
            masked.request, self._family, self._tokenizer, self._budget, completion.layout
        )
        completion.layout, completion.prompt_tokens = prompt.layout, len(prompt.ids)
        if request.options.inspect and self._settings.allow_inspection:
            times = granted - completion.started, time.perf_counter() - granted
            queue_ms, prompt_ms = (round(1000 * seconds, 2) for seconds in times)
            completion.inspection = inspect_prompt(
                prompt, request, masked.request, self._tokenizer, queue_ms, prompt_ms
            )
        if request.options.trigger == "warm":
            # The prompt stays in the engine's prefix cache; its next token is of no use.
            await self._warm(ticket, prompt.ids, completion)
        elif count := request.options.alternatives:
            await self._find_alternatives(request, prompt, count, ticket, completion)
        else:
            followed = self._follow(request, prompt, ticket, completion)
            async with aclosing(followed) as texts:
                async for text in texts:
                    yield text

    async def _warm(self, ticket: Ticket, prompt: Sequence[int], completion: _Completion) -> None:
        """Compute a prompt, and no text."""
        run = self._scheduler.run(ticket, prompt, self._stop_ids, 1, completion.started)
        async with aclosing(run) as deltas:
            async for delta in deltas:
                completion.finish_reason = delta.finished

    async def _find_alternatives(
        self,
        request: CompletionRequest,
        prompt: Prompt,
        count: int,
        ticket: Ticket,
        completion: _Completion,
    ) -> None:
        """Complete with each of the next most probable first tokens, if the engine knows them."""
        started = completion.started
        candidates = await self._scheduler.candidates(ticket, prompt.ids, count + 1, started)
        completion.finish_reason = "end"
        if candidates is None:
            return
        completion.first_token_at = time.perf_counter()
        found: list[str] = []
        for candidate in candidates[1:]:
            if candidate.logprob < _MIN_ALTERNATIVE_LOGPROB or candidate.id in self._stop_ids:
                continue
            other = _Completion(started, completion.layout)
            self._append(other, TokenDelta([candidate.id], None, [candidate.logprob]))
            async with aclosing(self._follow(request, prompt, ticket, other)) as texts:
                async for _ in texts:
                    pass
            completion.ids += other.ids
            completion.finish_reason = other.finish_reason
            if other.finish_reason == "deadline":
                break
            if other.text and other.text not in found:
                completion.attribution = completion.attribution if found else other.attribution
                found.append(other.text)
        completion.alternatives = tuple(found)
        completion.text = found[0] if found else ""

    async def _follow(
        self,
        request: CompletionRequest,
        prompt: Prompt,
        ticket: Ticket,
        completion: _Completion,
    ) -> AsyncGenerator[Text]:
        """Yield the text of a completion, which may have tokens already, whenever it changes."""
        answer_filter, max_tokens = self._filter(request, prompt)
        # What is shown cannot be blocked any more: it is shown when the whole text was checked.
        is_held_back = self._checks.may_block(request.options.licenses)
        run = self._scheduler.run(
            ticket,
            [*prompt.ids, *completion.ids],
            self._stop_ids,
            max_tokens - len(completion.ids),
            completion.started,
        )
        async with aclosing(run) as deltas:
            async for delta in deltas:
                self._append(completion, delta)
                filtered = _apply(answer_filter, completion, delta.finished)
                if suggests_secret(request.prefix, filtered.unconfirmed or filtered.text):
                    completion.text, completion.unconfirmed = "", None
                    completion.finish_reason = "secret"
                    return
                is_first = completion.first_token_at is None and delta.finished != "deadline"
                if is_first:
                    completion.first_token_at = time.perf_counter()
                changed = (filtered.text, filtered.unconfirmed) != (
                    completion.text,
                    completion.unconfirmed,
                )
                completion.text, completion.unconfirmed = filtered.text, filtered.unconfirmed
                completion.finish_reason = filtered.reason
                if filtered.reason is not None:
                    self._check(request, prompt.language, completion)
                    return
                if is_first or changed:
                    prompt_tokens = completion.prompt_tokens if is_first else None
                    text, unconfirmed = filtered.text, filtered.unconfirmed
                    if is_held_back:
                        text, unconfirmed = "", unconfirmed or text or None
                    yield Text(text, len(completion.ids), prompt_tokens, unconfirmed)

    def _check(self, request: CompletionRequest, language: str, completion: _Completion) -> None:
        """Drop a text that is in an index of code, or keep where it is from."""
        checked = self._checks.check(completion.text, language, request.options.licenses)
        completion.attribution = checked.marked
        if checked.blocked:
            completion.text, completion.unconfirmed = "", None
            completion.finish_reason = "attribution"

    def _append(self, completion: _Completion, delta: TokenDelta) -> None:
        first = len(completion.ids) + 1
        completion.ids += delta.ids
        completion.raw = self._tokenizer.decode(completion.ids)
        if delta.finished is None:
            # A character whose last bytes are still missing is held back.
            completion.raw = completion.raw.rstrip("\ufffd")
        if delta.ids and delta.logprobs is None:
            completion.tokens = None
        elif completion.tokens is not None:
            for number, logprob in enumerate(delta.logprobs or (), first):
                end = len(self._tokenizer.decode(completion.ids[:number]).rstrip("\ufffd"))
                completion.tokens.append(ScoredToken(end, logprob))

    def _filter(
        self, request: CompletionRequest, prompt: Prompt
    ) -> tuple[AnswerFilter | None, int]:
        """Return the stop rules of a request, if any, and its maximum number of tokens."""
        options, settings = request.options, self._settings
        prefix = tail(request.prefix, _FILTER_CHARACTERS)
        suffix = request.suffix[:_FILTER_CHARACTERS]
        mode = options.mode
        if mode == "auto":
            mode = mode_at(prefix, suffix, prompt.language)
        limit = settings.max_tokens_line if mode == "line" else settings.max_tokens_block
        max_tokens = options.max_tokens or limit
        if not options.rules:
            return None, max_tokens
        inputs = FilterInput(
            prefix,
            suffix,
            prompt.language,
            mode,
            settings.max_lines,
            self._min_logprob(options),
            "\n".join(
                cell.source for cell in request.before[-_CELLS_ABOVE:] if cell.type == "code"
            ),
            allow_commands=options.trigger == "explicit",
        )
        return AnswerFilter(inputs), max_tokens

    def _min_logprob(self, options: CompletionOptions) -> float:
        """Return the minimum log-probability of a line; what was asked for has none."""
        if options.trigger == "explicit" or options.raw:
            return -math.inf
        suggestions = options.suggestions or self._settings.suggestions
        return self._model.calibration.min_logprob(MIN_PROBABILITIES[suggestions])

    def _done(self, completion: _Completion, *, raw: bool = False) -> Done:
        inspection = completion.inspection
        if inspection is not None and completion.finish_reason not in ("secret", "attribution"):
            inspection = replace(inspection, raw_text=completion.raw)
        return Done(
            text=completion.text,
            finish_reason=completion.finish_reason or "end",
            layout=completion.layout,
            model=self._model.name,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=len(completion.ids),
            ttft_ms=completion.ttft_ms(),
            total_ms=round((time.perf_counter() - completion.started) * 1000, 2),
            raw_text=completion.raw if raw else None,
            first_line_logprob=completion.first_line_logprob(),
            inspection=inspection,
            alternatives=completion.alternatives,
            attribution=completion.attribution or None,
        )


def _apply(
    answer_filter: AnswerFilter | None, completion: _Completion, finished: str | None
) -> FilteredAnswer:
    """Return the text to insert; without stop rules it is the model's own."""
    if answer_filter is None:
        return FilteredAnswer(completion.raw, finished)  # type: ignore[arg-type]  # the same names
    return answer_filter.apply(completion.raw, ended=finished, tokens=completion.tokens)
