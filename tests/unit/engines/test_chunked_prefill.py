"""A keystroke does not wait for a notebook, and the notebook does not starve."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.engines.chunked_prefill import (
    PendingPrefill,
    PrefixCacheMirror,
    schedule_prefill,
)

BLOCK = 4
STEP = 32


def pending(
    cache: PrefixCacheMirror, number: int, prompt: Sequence[int], waited_steps: int = 0
) -> PendingPrefill:
    return PendingPrefill(number, prompt, (), 8, cache.block_hashes(prompt), waited_steps)


def scheduled(cache: PrefixCacheMirror, *waiting: PendingPrefill) -> list[tuple[int, int]]:
    return [(one.request, end) for one, end in schedule_prefill(waiting, cache, STEP, BLOCK)]


def cached_tokens(cache: PrefixCacheMirror, prompt: Sequence[int]) -> int:
    return cache.cached_tokens(cache.block_hashes(prompt))


def test_a_prompt_is_cached_up_to_the_first_block_that_is_not() -> None:
    cache = PrefixCacheMirror(100, BLOCK)
    cache.add(cache.block_hashes([1, 2, 3, 4, 5, 6, 7, 8, 9]))
    assert cached_tokens(cache, [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]) == 8
    assert cached_tokens(cache, [1, 2, 3, 4, 0, 6, 7, 8]) == 4
    # The same tokens after others have another KV.
    assert cached_tokens(cache, [5, 6, 7, 8]) == 0
    assert cached_tokens(cache, [1, 2, 3]) == 0


def test_the_least_recently_used_block_is_evicted() -> None:
    cache = PrefixCacheMirror(2, BLOCK)
    first, second, third = ([n] * BLOCK for n in range(3))
    for prompt in (first, second, first, third):
        cache.add(cache.block_hashes(prompt))
    assert [cached_tokens(cache, prompt) for prompt in (first, second, third)] == [4, 0, 4]


def test_all_that_fits_is_in_one_step_the_shortest_first() -> None:
    cache = PrefixCacheMirror(100, BLOCK)
    waiting = [pending(cache, n, [n] * length) for n, length in enumerate((20, 3, 9))]
    assert scheduled(cache, *waiting) == [(1, 3), (2, 9), (0, 20)]


def test_keystrokes_overtake_a_notebook_that_came_first() -> None:
    cache = PrefixCacheMirror(1000, BLOCK)
    notebook = pending(cache, 1, list(range(100, 400)), waited_steps=1)
    context = list(range(1000, 1200))
    cache.add(cache.block_hashes(context))
    keystroke = pending(cache, 2, [*context, 7, 8])
    assert scheduled(cache, notebook, keystroke) == [(2, 202), (1, 28)]


def test_a_long_prompt_continues_where_its_last_chunk_ended() -> None:
    cache = PrefixCacheMirror(1000, BLOCK)
    prompt = pending(cache, 1, list(range(90)))
    ends: list[int] = []
    while not ends or ends[-1] < 90:
        [(number, end)] = scheduled(cache, prompt)
        assert number == 1
        cache.add(prompt.block_hashes[: end // BLOCK])
        ends.append(end)
    assert ends == [32, 64, 90]


def test_a_long_prompt_gets_a_chunk_even_if_keystrokes_fill_each_step() -> None:
    cache = PrefixCacheMirror(1000, BLOCK)
    keystrokes = [pending(cache, n, [n] * 8) for n in range(2, 6)]
    notebook = pending(cache, 1, list(range(100, 400)))
    assert scheduled(cache, notebook, *keystrokes)[-1] == (1, 8)


def test_the_longer_of_two_long_prompts_comes_first_after_waiting() -> None:
    cache = PrefixCacheMirror(10_000, BLOCK)
    longer = pending(cache, 1, list(range(2000)))
    for step in range(100):
        longer.waited_steps = step
        newcomer = pending(cache, 2 + step, [5000 + step] * 300)
        if scheduled(cache, newcomer, longer)[0][0] == 1:
            break
    assert step == 27  # after waiting (2000 - 300) / 64 steps
