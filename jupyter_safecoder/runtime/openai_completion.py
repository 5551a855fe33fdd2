"""A plain completion for other editors: the model's words as they come, without our stop rules."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.openai_protocol import OpenAIRequest
from jupyter_safecoder.prompt import FAMILIES, Budget, Tokenizer, build_prompt, stop_ids
from jupyter_safecoder.protocol import CompletionRequest

from .scheduling import RequestScheduler


@dataclass(frozen=True)
class OpenAIDelta:
    """New text, and, in the last piece, why the answer ended: ``stop`` or ``length``."""

    text: str
    finish_reason: str | None
    tokens: int


class OpenAICompletions:
    """Answers text requests on a loaded engine.

    Parameters
    ----------
    model
        Whose family, window and budgets to use.
    tokenizer
        The engine's.
    turns
        The way into the engine.
    """

    def __init__(
        self, model: ModelDescription, tokenizer: Tokenizer, turns: RequestScheduler
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._turns = turns
        # A file of another editor is no notebook: no cell token opens it.
        self._family = replace(FAMILIES[model.family], notebook=None)
        self._stop_ids = stop_ids(self._family, tokenizer)
        # What cells around would take is the prefix's here.
        self._budget = Budget(0, model.context_tokens + model.prefix_tokens, model.suffix_tokens)

    def prompt(self, request: OpenAIRequest) -> list[int]:
        """Return the ids of a request's prompt.

        With a suffix it is a FIM prompt in the model's own layout, both sides cut to what the model
        was trained on; without one it is the text as it stands.

        Raises
        ------
        InvalidRequest
            If the prompt does not fit the window, or has ids that the tokenizer has not.
        """
        if isinstance(request.prompt, tuple):
            ids = list(request.prompt)
            if max(ids) >= self._tokenizer.size:
                raise InvalidRequest("'prompt' has ids that the model's tokenizer has not.")
        elif request.suffix:
            fim = CompletionRequest(request.prompt, request.suffix)
            layout = self._model.default_layout
            ids = build_prompt(fim, self._family, self._tokenizer, self._budget, layout).ids
        else:
            ids = [*self._tokenizer.bos_ids, *self._tokenizer.encode(request.prompt)]
        if len(ids) >= self._model.context_window:
            raise InvalidRequest(
                f"'prompt' has {len(ids)} tokens; the model's window has room for "
                f"{self._model.context_window - 1}."
            )
        return ids

    async def pieces(
        self, request: OpenAIRequest, prompt: Sequence[int], person: str
    ) -> AsyncGenerator[OpenAIDelta]:
        """Yield the answer as it comes; closing the iterator cancels it in the engine.

        Raises
        ------
        QueueFull
            If too many wait already.
        EngineError
            If the engine cannot answer.
        """
        started = time.perf_counter()
        counters, admission = self._turns.counters, self._turns.admission
        counters.requests += 1
        room = self._model.context_window - len(prompt)
        finished = False
        try:
            # No document: requests of one person do not replace each other here.
            ticket = admission.enter(person, "")
            try:
                async with aclosing(self._turns.wait(ticket)) as news:
                    async for _ in news:
                        pass
                most = min(request.max_tokens, room)
                turn = self._turns.run(ticket, prompt, self._stop_ids, most, started)
                async with aclosing(turn) as engine_pieces:
                    text = _HeldBack(request.stop)
                    ids: list[int] = []
                    async for piece in engine_pieces:
                        if piece.ended == "refused":
                            raise InvalidRequest(
                                "The engine has no room for a prompt of this length."
                            )
                        ids += piece.ids
                        new = text.add(self._tokenizer.decode(ids), over=piece.ended is not None)
                        if text.stopped or piece.ended is not None:
                            stopped = text.stopped or piece.ended == "end"
                            finished = True
                            counters.completed += 1
                            yield OpenAIDelta(new, "stop" if stopped else "length", len(ids))
                            return
                        if new:
                            yield OpenAIDelta(new, None, len(ids))
            finally:
                admission.leave(ticket)
        except (GeneratorExit, asyncio.CancelledError):
            counters.cancelled += not finished
            raise
        except Exception:
            counters.failed += 1
            raise


class _HeldBack:
    """Gives text on, but not what may still become a stop text or another character."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._given = 0
        self.stopped = False

    def add(self, text: str, *, over: bool) -> str:
        """Take the whole text so far; return what is new of it."""
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped = True
            end = min(found)
        elif over:
            end = len(text)
        else:
            # A character whose last bytes are still to come decodes to this one.
            end = len(text.rstrip("\ufffd"))
            end -= max((_overlap(text[:end], stop) for stop in self._stops), default=0)
        new = text[self._given : end]
        self._given = max(self._given, end)
        return new


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of a text are the begin of a stop text."""
    lengths = range(min(len(stop) - 1, len(text)), 0, -1)
    return next((n for n in lengths if text.endswith(stop[:n])), 0)
