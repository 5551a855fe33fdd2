"""Continuous batching with a model that counts: the token after n is n + 1."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jupyter_safecoder.engines import EngineOutput
from jupyter_safecoder.engines.slots.batching import (
    PREFILL_CHUNK,
    ContinuousBatchingEngine,
    Prediction,
    PromptChunk,
)

WINDOW = 1000


class CountingEngine(ContinuousBatchingEngine):
    """Records the chunks of each pass."""

    name = device = "counting"

    def __init__(self, slots: int = 2, lookup_tokens: int = 0) -> None:
        self.open_slots(slots, WINDOW, lookup_tokens)
        self.passes: list[list[PromptChunk]] = []

    def compute(self, chunks: Sequence[PromptChunk]) -> list[list[Prediction]]:
        self.passes.append(list(chunks))
        return [
            [Prediction(token + 1, -token / 8) for token in chunk.ids[-chunk.num_outputs :]]
            if chunk.num_outputs
            else []
            for chunk in chunks
        ]


def _run(engine: CountingEngine) -> dict[int, tuple[list[int], str | None]]:
    results: dict[int, tuple[list[int], str | None]] = {}
    while engine.busy():
        for output in engine.step():
            ids, _ = results.get(output.request, ([], None))
            results[output.request] = (ids + output.ids, output.finished)
    return results


def test_requests_decode_together() -> None:
    engine = CountingEngine()
    engine.submit(1, [10, 20], (), 3)
    engine.submit(2, [50], (), 3)
    assert _run(engine) == {1: ([21, 22, 23], "length"), 2: ([51, 52, 53], "length")}
    assert [len(chunks) for chunks in engine.passes] == [2, 2, 2]


def test_a_stop_token_ends_a_completion() -> None:
    engine = CountingEngine()
    engine.submit(1, [10], {13}, 9)
    assert _run(engine) == {1: ([11, 12], "end")}


def test_a_long_prompt_takes_one_chunk_in_each_step() -> None:
    engine = CountingEngine()
    engine.submit(1, list(range(2 * PREFILL_CHUNK + 10)), (), 1)
    assert [engine.step() for _ in range(2)] == [[], []]
    assert [len(chunk.ids) for chunks in engine.passes for chunk in chunks] == [PREFILL_CHUNK] * 2
    assert engine.step() == [
        EngineOutput(1, [2 * PREFILL_CHUNK + 10], "length", logprobs=[-(2 * PREFILL_CHUNK + 9) / 8])
    ]


@pytest.mark.parametrize("length", [0, WINDOW + 1])
def test_a_prompt_that_does_not_fit_is_refused(length: int) -> None:
    engine = CountingEngine()
    engine.submit(1, [1] * length, (), 1)
    assert engine.busy()
    assert engine.step() == [EngineOutput(1, [], "refused")]
    assert not engine.busy()


def test_a_slot_is_reused_for_a_prompt_with_the_same_beginning() -> None:
    engine = CountingEngine()
    prompt = list(range(100))
    engine.submit(1, prompt, (), 1)
    engine.submit(2, [7], (), 1)
    _run(engine)
    engine.passes.clear()
    engine.submit(3, [*prompt[:60], 500, 501], (), 1)
    _run(engine)
    assert engine.passes == [[PromptChunk(0, 60, [500, 501], 1)]]


def test_wrong_proposals_are_dropped() -> None:
    engine = CountingEngine(lookup_tokens=3)
    engine.submit(1, [2, 3, 9, 9, 1, 2], (), 3)
    assert _run(engine) == {1: ([3, 4, 5], "length")}
    # After 2, 3 the prompt has 9, 9: the model predicts 4, so neither is kept.
    assert engine.passes[1] == [PromptChunk(0, 6, [3, 9], 2)]
    assert engine.passes[2][0].start == 7


def test_right_proposals_give_several_tokens_in_a_step() -> None:
    engine = CountingEngine(lookup_tokens=3)
    engine.submit(1, [1, 2, 3, 4, 5, 6, 0, 1], (), 4)
    assert engine.step() == [EngineOutput(1, [2], logprobs=[-0.125])]
    # After 1, 2 the prompt has 3, 4.
    assert engine.step() == [EngineOutput(1, [3, 4, 5], "length", logprobs=[-0.25, -0.375, -0.5])]


def test_a_cancelled_request_frees_its_slot_for_the_next() -> None:
    engine = CountingEngine(slots=1)
    engine.submit(1, [10], (), 50)
    engine.submit(2, [20], (), 50)
    engine.submit(3, [30], (), 1)
    engine.step()
    for number in (1, 2, 99):
        engine.cancel(number)
    assert _run(engine) == {3: ([31], "length")}
