"""Which prompts a step computes, and how much of each: the shortest first, long ones in pieces.

A key that is typed into a prompt whose beginning is cached needs some thirty tokens, an opened
notebook needs thousands. In the order of coming, everybody behind the notebook would wait for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

#: What a step that a prompt waited for is worth, in tokens: so that the longest has its turn too.
_STEP_WORTH = 64


@dataclass
class PendingPrefill:
    """A request whose prompt is not computed yet.

    Parameters
    ----------
    request, prompt, ends, max_tokens
        As engines take them.
    blocks
        The names of the prompt's full blocks, of :meth:`PrefixCacheMirror.names`.
    waited
        Steps since it came.
    """

    request: int
    prompt: Sequence[int]
    stop_ids: Collection[int]
    max_tokens: int
    blocks: Sequence[int]
    waited: int = 0


class PrefixCacheMirror:
    """What a prefix cache holds, kept in mind from outside: a library's own does not tell.

    Where the library has forgotten what is remembered here, a step takes longer; that is all.

    Parameters
    ----------
    most
        Blocks in the cache; those that were not used for the longest time go first.
    size
        Tokens of a block.
    """

    def __init__(self, most: int, size: int) -> None:
        self._most = most
        self._size = size
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def names(self, ids: Sequence[int]) -> list[int]:
        """Return a name for each full block: the same where all tokens up to its end are."""
        names = []
        name = 0
        for end in range(self._size, len(ids) + 1, self._size):
            name = hash((name, *ids[end - self._size : end]))
            names.append(name)
        return names

    def keep(self, names: Iterable[int]) -> None:
        """Note that blocks are computed."""
        for name in names:
            self._blocks[name] = None
            self._blocks.move_to_end(name)
        while len(self._blocks) > self._most:
            self._blocks.popitem(last=False)

    def cached(self, names: Sequence[int]) -> int:
        """Return how many tokens at a prompt's begin need not be computed."""
        for number, name in enumerate(names):
            if name not in self._blocks:
                return number * self._size
        return len(names) * self._size


def schedule_prefill(
    waiting: Sequence[PendingPrefill], cached: PrefixCacheMirror, tokens: int, block: int
) -> list[tuple[PendingPrefill, int]]:
    """Return what the next step computes: requests, and up to which token of their prompt.

    Parameters
    ----------
    waiting
        All that wait.
    cached
        What needs no computing.
    tokens
        Most tokens of a step. The one piece of a long prompt has at least a fourth of them.
    block
        Pieces end with a block of so many tokens: only full blocks are cached.
    """
    chosen = []
    left = tokens
    sizes = [(len(one.prompt) - cached.cached(one.blocks), one) for one in waiting]
    for size, one in sorted(sizes, key=lambda pair: pair[0] - _STEP_WORTH * pair[1].waited):
        if size <= left:
            chosen.append((one, len(one.prompt)))
            left -= size
            continue
        done = len(one.prompt) - size
        piece = max(left, tokens // 4) // block * block
        chosen.append((one, min(done + piece, len(one.prompt))))
        break
    return chosen
