"""Chunked prefill: which prompts a step computes, shortest first, and how much of each.

A keystroke in a prompt whose prefix is cached needs some thirty new tokens; a notebook that was
just opened needs thousands. In order of arrival, every user behind that notebook would wait for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

#: Tokens by which a prompt counts as shorter for each step that it has waited, so that long prompts
#: are not starved.
_TOKENS_PER_WAITED_STEP = 64


@dataclass
class PendingPrefill:
    """A request whose prompt is not computed yet.

    Parameters
    ----------
    request, prompt, stop_ids, max_tokens
        As in :meth:`.Engine.submit`.
    block_hashes
        Hashes of the prompt's full blocks, from :meth:`PrefixCacheMirror.block_hashes`.
    waited_steps
        Number of steps since the request was submitted.
    candidates
        How many of the next tokens are wanted; 0: a completion is.
    """

    request: int
    prompt: Sequence[int]
    stop_ids: Collection[int]
    max_tokens: int
    block_hashes: Sequence[int]
    waited_steps: int = 0
    candidates: int = 0


class PrefixCacheMirror:
    """Predicts what an engine library's prefix cache holds, which the library does not report.

    Blocks are evicted in LRU order. If the library has evicted a block that is still listed here,
    a step takes longer than planned; the result is the same.

    Parameters
    ----------
    max_blocks
        Number of blocks in the cache.
    block_tokens
        Tokens in a block.
    """

    def __init__(self, max_blocks: int, block_tokens: int) -> None:
        self._max_blocks = max_blocks
        self._block_tokens = block_tokens
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def block_hashes(self, ids: Sequence[int]) -> list[int]:
        """Return a hash for each full block of a prompt, which covers all tokens before it too."""
        hashes = []
        block_hash = 0
        for end in range(self._block_tokens, len(ids) + 1, self._block_tokens):
            block_hash = hash((block_hash, *ids[end - self._block_tokens : end]))
            hashes.append(block_hash)
        return hashes

    def add(self, block_hashes: Iterable[int]) -> None:
        """Record that blocks were computed; the least recently used ones are evicted."""
        for block_hash in block_hashes:
            self._blocks[block_hash] = None
            self._blocks.move_to_end(block_hash)
        while len(self._blocks) > self._max_blocks:
            self._blocks.popitem(last=False)

    def cached_tokens(self, block_hashes: Sequence[int]) -> int:
        """Return the number of tokens at the start of a prompt that are cached."""
        for index, block_hash in enumerate(block_hashes):
            if block_hash not in self._blocks:
                return index * self._block_tokens
        return len(block_hashes) * self._block_tokens


def schedule_prefill(
    waiting: Sequence[PendingPrefill], cache: PrefixCacheMirror, max_tokens: int, block_tokens: int
) -> list[tuple[PendingPrefill, int]]:
    """Choose the prompts, or parts of prompts, that the next step computes.

    Parameters
    ----------
    waiting
        All requests whose prompts are not computed.
    cache
        Predicts which tokens need no computing.
    max_tokens
        Maximum number of tokens in a step. The chunk of a long prompt may exceed it by a quarter,
        so that it makes progress in a step that shorter prompts fill.
    block_tokens
        Chunks end at a multiple of this: only full blocks are cached.

    Returns
    -------
    list of (PendingPrefill, int)
        The requests, each with the number of tokens of its prompt to have computed after the step.
    """
    chosen = []
    left = max_tokens
    sizes = [
        (len(pending.prompt) - cache.cached_tokens(pending.block_hashes), pending)
        for pending in waiting
    ]
    for size, pending in sorted(
        sizes, key=lambda pair: pair[0] - _TOKENS_PER_WAITED_STEP * pair[1].waited_steps
    ):
        if size <= left:
            chosen.append((pending, len(pending.prompt)))
            left -= size
            continue
        done = len(pending.prompt) - size
        chunk = max(left, max_tokens // 4) // block_tokens * block_tokens
        chosen.append((pending, min(done + chunk, len(pending.prompt))))
        break
    return chosen
