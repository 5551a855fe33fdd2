"""Whose prompt is computed next: a key is not kept waiting by a notebook, nor it by keys."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.engines.chunked_prefill import (
    PendingPrefill,
    PrefixCacheMirror,
    schedule_prefill,
)

BLOCK = 4
STEP = 32


def waiting(
    cached: PrefixCacheMirror, number: int, prompt: Sequence[int], waited: int = 0
) -> PendingPrefill:
    return PendingPrefill(number, prompt, (), 8, cached.names(prompt), waited)


def chosen(cached: PrefixCacheMirror, *prompts: PendingPrefill) -> list[tuple[int, int]]:
    return [(one.request, end) for one, end in schedule_prefill(prompts, cached, STEP, BLOCK)]


def test_a_prompt_is_cached_up_to_the_first_block_that_is_not() -> None:
    cached = PrefixCacheMirror(100, BLOCK)
    cached.keep(cached.names([1, 2, 3, 4, 5, 6, 7, 8, 9]))
    assert cached.cached(cached.names([1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13])) == 8
    assert cached.cached(cached.names([1, 2, 3, 4, 0, 6, 7, 8])) == 4
    # The same tokens behind others have another KV.
    assert cached.cached(cached.names([5, 6, 7, 8])) == 0
    assert cached.cached(cached.names([1, 2, 3])) == 0


def test_what_was_not_used_for_long_is_forgotten_first() -> None:
    cached = PrefixCacheMirror(2, BLOCK)
    first, second, third = ([n] * BLOCK for n in range(3))
    for prompt in (first, second, first, third):
        cached.keep(cached.names(prompt))
    assert [cached.cached(cached.names(one)) for one in (first, second, third)] == [4, 0, 4]


def test_all_that_fits_goes_into_one_step_the_shortest_first() -> None:
    cached = PrefixCacheMirror(100, BLOCK)
    prompts = [waiting(cached, n, [n] * length) for n, length in enumerate((20, 3, 9))]
    assert chosen(cached, *prompts) == [(1, 3), (2, 9), (0, 20)]


def test_a_notebook_that_came_first_lets_keys_pass() -> None:
    cached = PrefixCacheMirror(1000, BLOCK)
    notebook = waiting(cached, 1, list(range(100, 400)), waited=1)
    context = list(range(1000, 1200))
    cached.keep(cached.names(context))
    keys = waiting(cached, 2, [*context, 7, 8])
    assert chosen(cached, notebook, keys) == [(2, 202), (1, 28)]


def test_a_long_prompt_goes_on_where_its_last_piece_ended() -> None:
    cached = PrefixCacheMirror(1000, BLOCK)
    one = waiting(cached, 1, list(range(90)))
    ends = []
    while not ends or ends[-1] < 90:
        [(number, end)] = chosen(cached, one)
        assert number == 1
        cached.keep(one.blocks[: end // BLOCK])
        ends.append(end)
    assert ends == [32, 64, 90]


def test_a_long_prompt_has_its_piece_even_when_keys_fill_each_step() -> None:
    cached = PrefixCacheMirror(1000, BLOCK)
    keys = [waiting(cached, n, [n] * 8) for n in range(2, 6)]
    notebook = waiting(cached, 1, list(range(100, 400)))
    assert chosen(cached, notebook, *keys)[-1] == (1, 8)


def test_of_two_long_prompts_the_longer_one_has_its_turn_in_the_end() -> None:
    cached = PrefixCacheMirror(10_000, BLOCK)
    longer = waiting(cached, 1, list(range(2000)))
    for step in range(100):
        longer.waited = step
        newcomer = waiting(cached, 2 + step, [5000 + step] * 300)
        if chosen(cached, newcomer, longer)[0][0] == 1:
            break
    assert step == 27  # (2000 - 300) / 64 steps of waiting later
