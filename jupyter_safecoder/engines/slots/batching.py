"""Continuous batching in slots: decides which tokens of which request each step computes.

A slot is a row of the KV cache. A request takes a free slot, preferably one that still holds a
prefix of its prompt, and leaves its KV there when it ends. Nothing here knows tensors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jupyter_safecoder.engines.engine import EngineOutput
from jupyter_safecoder.engines.prompt_lookup import propose_from_prompt
from jupyter_safecoder.prompt import Tokenizer
from jupyter_safecoder.prompt.common_prefix import common_prefix_length

#: Prompts are computed in chunks of this many tokens: between two of them the runtime can answer,
#: cancel and admit requests.
PREFILL_CHUNK = 256
#: Chunks up to this length are computed together: reading the weights takes most of their time.
BATCHED_CHUNK = 8
#: Minimum length of a common prefix for which a request prefers a slot to the least recently used.
_MIN_SHARED_PREFIX = 32


@dataclass(frozen=True)
class PromptChunk:
    """Tokens of one slot to compute: a part of a prompt, or the last token and proposed ones.

    Parameters
    ----------
    slot
        Row of the KV cache.
    start
        Position of the first token. The slot holds the KV of all positions before it; what it
        holds from there on is invalid.
    ids
        The tokens.
    num_outputs
        For how many of the last tokens the next token is needed.
    """

    slot: int
    start: int
    ids: list[int]
    num_outputs: int


class Prediction(NamedTuple):
    """The most probable next token, and the natural logarithm of its probability."""

    id: int
    logprob: float


@dataclass
class _Request:
    number: int
    prompt: list[int]
    stop_ids: Collection[int]
    #: Maximum number of tokens of prompt and completion together.
    max_length: int


@dataclass
class _Slot:
    row: int
    #: Prompt and completion; the KV of the first ``cached_tokens`` of them is in the cache.
    ids: list[int] = field(default_factory=list)
    cached_tokens: int = 0
    request: _Request | None = None
    #: Number of the last step that computed tokens of it.
    last_used: int = 0


class ContinuousBatchingEngine(ABC):
    """Base class of engines that keep the KV cache: everything but loading and computing.

    A subclass calls :meth:`open_slots` in ``load`` and implements :meth:`compute`.
    """

    name: str
    device: str
    tokenizer: Tokenizer

    def open_slots(self, slots: int, window: int, lookup_tokens: int) -> None:
        """Start with empty slots.

        Parameters
        ----------
        slots
            Maximum number of requests that run at once.
        window
            Positions of a slot: prompt and completion without its last token.
        lookup_tokens
            Maximum number of tokens that prompt lookup proposes at once.
        """
        self._slots = [_Slot(row) for row in range(slots)]
        self._window = window
        self._lookup_tokens = lookup_tokens
        self._waiting: deque[_Request] = deque()
        self._refused: list[int] = []
        self._steps = 0

    @abstractmethod
    def compute(self, chunks: Sequence[PromptChunk]) -> list[list[Prediction]]:
        """Compute chunks of different slots in one pass.

        Parameters
        ----------
        chunks
            At most one for each slot.

        Returns
        -------
        list of list of Prediction
            For each chunk the most probable token after each of its last ``num_outputs`` tokens.
        """

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Queue a request; it is rejected on the next step if the prompt exceeds the window."""
        if not 0 < len(prompt) <= self._window:
            self._refused.append(request)
            return
        # The last token is never fed back, so it needs no position.
        max_length = min(len(prompt) + max_tokens, self._window + 1)
        self._waiting.append(_Request(request, list(prompt), stop_ids, max_length))

    def cancel(self, request: int) -> None:
        """Free the slot of a request at once; its KV stays for a prompt with the same prefix."""
        if request in self._refused:
            self._refused.remove(request)
        self._waiting = deque(waiting for waiting in self._waiting if waiting.number != request)
        for slot in self._slots:
            if slot.request is not None and slot.request.number == request:
                slot.request = None

    def busy(self) -> bool:
        """Return whether a request waits or runs, or a refusal has not been returned yet."""
        return bool(self._refused or self._waiting) or any(slot.request for slot in self._slots)

    def step(self) -> list[EngineOutput]:
        """Compute the next tokens of all requests that decode, and one chunk of a prompt."""
        self._steps += 1
        outputs = [EngineOutput(request, [], "refused") for request in self._refused]
        self._refused = []
        self._admit()
        for batch in self._batches():
            chunks = [self._next_chunk(slot) for slot in batch]
            for slot, chunk, predicted in zip(batch, chunks, self.compute(chunks), strict=True):
                output = self._take(slot, chunk, predicted)
                if output is not None:
                    outputs.append(output)
        return outputs

    def _batches(self) -> list[list[_Slot]]:
        """Return the slots of this step's passes: short chunks together, then one long chunk."""
        running = [slot for slot in self._slots if slot.request]
        short = [slot for slot in running if len(slot.ids) - slot.cached_tokens <= BATCHED_CHUNK]
        long = [slot for slot in running if slot not in short]
        batches = [short] if short else []
        if long:
            batches.append([min(long, key=_request_number)])
        return batches

    def _admit(self) -> None:
        """Give free slots to waiting requests, each the slot that saves it most prefill."""
        free = [slot for slot in self._slots if not slot.request]
        while self._waiting and free:
            request = self._waiting.popleft()
            shared = {
                slot.row: common_prefix_length(slot.ids[: slot.cached_tokens], request.prompt)
                for slot in free
            }
            slot = max(
                free,
                key=lambda slot: (
                    shared[slot.row] if shared[slot.row] >= _MIN_SHARED_PREFIX else 0,
                    -slot.last_used,
                ),
            )
            free.remove(slot)
            # At least one token is computed: the next token is predicted from it.
            slot.cached_tokens = min(shared[slot.row], len(request.prompt) - 1)
            slot.ids = list(request.prompt)
            slot.request = request

    def _next_chunk(self, slot: _Slot) -> PromptChunk:
        assert slot.request is not None
        slot.last_used = self._steps
        ids = slot.ids[slot.cached_tokens : slot.cached_tokens + PREFILL_CHUNK]
        if slot.cached_tokens + len(ids) < len(slot.ids):
            return PromptChunk(slot.row, slot.cached_tokens, ids, 0)
        # n proposed tokens give up to n + 1 new ones.
        room = min(self._lookup_tokens, slot.request.max_length - len(slot.ids) - 1)
        proposal = propose_from_prompt(slot.ids, room) if room > 0 and len(ids) == 1 else []
        return PromptChunk(slot.row, slot.cached_tokens, ids + proposal, len(proposal) + 1)

    def _take(
        self, slot: _Slot, chunk: PromptChunk, predicted: list[Prediction]
    ) -> EngineOutput | None:
        """Append what a chunk predicted to its slot; proposed tokens that were wrong are dropped.

        Returns
        -------
        EngineOutput or None
            ``None`` if the prompt is not complete yet.
        """
        request = slot.request
        assert request is not None
        if not chunk.num_outputs:
            slot.cached_tokens += len(chunk.ids)
            return None
        proposal = chunk.ids[len(chunk.ids) - chunk.num_outputs + 1 :]
        accepted = common_prefix_length(proposal, [prediction.id for prediction in predicted])
        slot.cached_tokens = len(slot.ids) + accepted
        ids = [prediction.id for prediction in predicted[: accepted + 1]]
        logprobs = [prediction.logprob for prediction in predicted[: accepted + 1]]
        slot.ids += ids
        stop = next((index for index, token in enumerate(ids) if token in request.stop_ids), None)
        if stop is not None:
            slot.request = None
            return EngineOutput(request.number, ids[:stop], "end", logprobs=logprobs[:stop])
        if len(slot.ids) >= request.max_length:
            slot.request = None
            return EngineOutput(request.number, ids, "length", logprobs=logprobs)
        return EngineOutput(request.number, ids, logprobs=logprobs)


def _request_number(slot: _Slot) -> int:
    assert slot.request is not None
    return slot.request.number
