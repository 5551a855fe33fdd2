"""Continuous batching in slots: who computes what in which step.

For engines that keep the KV themselves. A slot is a row of the KV cache. A request takes a free
one, preferably one that still holds the beginning of its prompt, and leaves its KV there when it
is over. Nothing here knows a tensor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from jupyter_safecoder.engines.engine import EngineOutput
from jupyter_safecoder.engines.prompt_lookup import propose_from_prompt

#: A prompt is computed in pieces of this many tokens: between two of them the runtime can answer,
#: cancel and admit.
PIECE = 256
#: Pieces up to this length go through the model together: reading its weights is what takes time.
SHORT = 8
#: A shorter common beginning is no reason to overwrite what a slot keeps.
_WORTH = 32


@dataclass(frozen=True)
class PromptChunk:
    """Tokens of one slot to compute.

    Parameters
    ----------
    slot
        Row of the KV cache.
    start
        Position of the first token: the slot holds the KV of all before, and what it holds from
        there on is void.
    ids
        The tokens.
    wanted
        After how many of the last of them the next token is asked for.
    """

    slot: int
    start: int
    ids: list[int]
    wanted: int


@dataclass
class _Request:
    number: int
    prompt: list[int]
    stop_ids: Collection[int]
    #: Tokens of prompt and answer at the cap.
    longest: int


@dataclass
class _Slot:
    row: int
    #: Prompt and answer; the KV of the first ``held`` is in the cache.
    ids: list[int] = field(default_factory=list)
    held: int = 0
    request: _Request | None = None
    last_used: int = 0


class SlotEngine(ABC):
    """Everything of the engine protocol but loading and computing.

    A subclass calls ``open_slots`` when it is loaded.
    """

    def open_slots(self, number: int, window: int, lookup_tokens: int) -> None:
        """Begin with empty slots.

        Parameters
        ----------
        number
            How many requests run at once.
        window
            Positions of a slot: prompt and answer without its last token.
        lookup_tokens
            Most tokens that prompt lookup guesses at once.
        """
        self._slots = [_Slot(row) for row in range(number)]
        self._window = window
        self._lookup_tokens = lookup_tokens
        self._waiting: deque[_Request] = deque()
        self._refused: list[int] = []
        self._steps = 0

    @abstractmethod
    def compute(self, pieces: Sequence[PromptChunk]) -> list[list[int]]:
        """Compute pieces of different slots in one pass.

        Returns
        -------
        list of list of int
            For each piece the most probable token after each of its last ``wanted`` ones.
        """

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Let a request wait for a slot, or refuse it at the next step if it can never fit."""
        if not 0 < len(prompt) <= self._window:
            self._refused.append(request)
            return
        # The last token is never fed back: it needs no position.
        longest = min(len(prompt) + max_tokens, self._window + 1)
        self._waiting.append(_Request(request, list(prompt), stop_ids, longest))

    def cancel(self, request: int) -> None:
        """Free a request's slot at once; its KV stays for a prompt that begins the same."""
        if request in self._refused:
            self._refused.remove(request)
        self._waiting = deque(one for one in self._waiting if one.number != request)
        for slot in self._slots:
            if slot.request is not None and slot.request.number == request:
                slot.request = None

    def busy(self) -> bool:
        """Say whether a step has anything to do."""
        return bool(self._refused or self._waiting) or any(slot.request for slot in self._slots)

    def step(self) -> list[EngineOutput]:
        """Compute the next tokens of all that decode, and one piece of a prompt."""
        self._steps += 1
        outputs = [EngineOutput(request, [], "refused") for request in self._refused]
        self._refused = []
        self._admit()
        running = [slot for slot in self._slots if slot.request]
        short = [slot for slot in running if len(slot.ids) - slot.held <= SHORT]
        long = [slot for slot in running if slot not in short]
        batches = [short] if short else []
        if long:
            batches.append([min(long, key=_age)])
        for batch in batches:
            pieces = [self._piece(slot) for slot in batch]
            for slot, piece, following in zip(batch, pieces, self.compute(pieces), strict=True):
                output = self._take(slot, piece, following)
                if output is not None:
                    outputs.append(output)
        return outputs

    def cache_use(self) -> float:
        """Return the share of the KV cache that running requests hold."""
        held = sum(slot.held for slot in self._slots if slot.request)
        return held / (len(self._slots) * self._window)

    def _admit(self) -> None:
        free = [slot for slot in self._slots if not slot.request]
        while self._waiting and free:
            request = self._waiting.popleft()
            common = {slot.row: _common(slot.ids[: slot.held], request.prompt) for slot in free}
            slot = max(
                free,
                key=lambda one: (common[one.row] * (common[one.row] >= _WORTH), -one.last_used),
            )
            free.remove(slot)
            # At least one token is computed: its successor is what is asked for.
            slot.held = min(common[slot.row], len(request.prompt) - 1)
            slot.ids = list(request.prompt)
            slot.request = request

    def _piece(self, slot: _Slot) -> PromptChunk:
        assert slot.request is not None
        slot.last_used = self._steps
        ids = slot.ids[slot.held : slot.held + PIECE]
        if slot.held + len(ids) < len(slot.ids):
            return PromptChunk(slot.row, slot.held, ids, 0)
        # Of n guesses up to n + 1 tokens come.
        room = min(self._lookup_tokens, slot.request.longest - len(slot.ids) - 1)
        guess = propose_from_prompt(slot.ids, room) if room > 0 and len(ids) == 1 else []
        return PromptChunk(slot.row, slot.held, ids + guess, len(guess) + 1)

    def _take(self, slot: _Slot, piece: PromptChunk, following: list[int]) -> EngineOutput | None:
        request = slot.request
        assert request is not None
        if not piece.wanted:
            slot.held += len(piece.ids)
            return None
        guess = piece.ids[len(piece.ids) - piece.wanted + 1 :]
        right = _common(guess, following)
        slot.held = len(slot.ids) + right
        ids = following[: right + 1]
        slot.ids += ids
        end = next((place for place, one in enumerate(ids) if one in request.stop_ids), None)
        if end is not None:
            slot.request = None
            return EngineOutput(request.number, ids[:end], "end")
        if len(slot.ids) >= request.longest:
            slot.request = None
            return EngineOutput(request.number, ids, "length")
        return EngineOutput(request.number, ids)


def _age(slot: _Slot) -> int:
    assert slot.request is not None
    return slot.request.number


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the common beginning."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
