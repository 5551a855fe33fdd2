"""Engines that have no more than a model's own ``generate``, on the CPU with transformers'."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.engines.generate import GenerateEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model

# transformers' gpt_bigcode uses a part of torch that torch is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")

WINDOW = 64
PROMPTS = [[5, 6, 7, 8], [9], [5, 6, 7, 8, 9, 10, 11]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> ModelDescription:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPTBigCodeConfig(
        vocab_size=96, n_positions=WINDOW, n_embd=32, n_layer=2, n_head=4, eos_token_id=3
    )
    directory = tmp_path_factory.mktemp("checkpoint")
    transformers.GPTBigCodeForCausalLM(config).save_pretrained(directory)
    embedded = resolve_model(EMBEDDED)
    return replace(embedded, format="checkpoint", weights=directory, context_window=WINDOW)


class OnCpu(GenerateEngine):
    name = "on-cpu"
    device = "cpu"

    def read_network(self) -> Any:
        from transformers import AutoModelForCausalLM

        return AutoModelForCausalLM.from_pretrained(self._model.weights).eval()


@pytest.fixture(scope="module")
def engine(checkpoint: ModelDescription) -> Iterator[OnCpu]:
    engine = OnCpu(checkpoint, EngineOptions())
    engine.load()
    yield engine
    assert not engine.busy()


def _greedy(engine: OnCpu, prompt: list[int], count: int) -> list[int]:
    """Compute the reference without a cache, the whole prompt anew for each token."""
    import torch

    ids = list(prompt)
    for _ in range(count):
        with torch.no_grad():
            ids.append(int(engine._network(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def _run(engine: OnCpu) -> dict[int, tuple[list[int], str | None]]:
    got: dict[int, tuple[list[int], str | None]] = {}
    while engine.busy():
        for output in engine.step():
            ids, finished = got.get(output.request, ([], None))
            assert finished is None
            got[output.request] = (ids + output.ids, output.finished)
    return got


def test_the_ids_are_the_greedy_ones_and_each_has_its_turn(engine: OnCpu) -> None:
    for number, prompt in enumerate(PROMPTS, 1):
        engine.submit(number, prompt, (), 12)
    got = _run(engine)
    assert got == {
        number: (_greedy(engine, prompt, 12), "length") for number, prompt in enumerate(PROMPTS, 1)
    }


def test_an_end_token_is_not_among_the_ids(engine: OnCpu) -> None:
    reference = _greedy(engine, PROMPTS[0], 12)
    end = reference[5]
    before = reference[: reference.index(end)]
    engine.submit(1, PROMPTS[0], {end}, 12)
    assert _run(engine) == {1: (before, "end")}
    # The checkpoint's own end token is an ordinary one unless the request names it.
    engine.submit(2, PROMPTS[0], (), 12)
    assert _run(engine)[2] == (reference, "length")


def test_a_prompt_that_does_not_fit_is_refused(engine: OnCpu) -> None:
    engine.submit(1, [1] * 60, (), 5)
    engine.submit(2, [], (), 5)
    engine.submit(3, [1] * 59, (), 5)
    got = _run(engine)
    assert [got[n][1] for n in (1, 2, 3)] == ["refused", "refused", "length"]


def test_cancelling_stops_at_the_next_token_and_lets_the_next_one_run(engine: OnCpu) -> None:
    engine.submit(1, [5], (), 60)
    engine.submit(2, PROMPTS[0], (), 3)
    engine.submit(3, PROMPTS[1], (), 3)
    first = engine.step()
    assert first
    assert first[0].request == 1
    assert engine.cache_use() == 1
    engine.cancel(1)
    engine.cancel(3)
    engine.cancel(99)
    assert set(_run(engine)) == {2}
    assert engine.cache_use() == 0


def test_what_generate_fails_with_comes_out_of_the_step(engine: OnCpu) -> None:
    engine.submit(1, [10**6], (), 3)
    with pytest.raises(IndexError):
        _run(engine)
    engine.submit(2, PROMPTS[0], (), 1)
    assert _run(engine)[2] == (_greedy(engine, PROMPTS[0], 1), "length")
    assert threading.active_count() < 10


@pytest.mark.parametrize("name", ["habana", "neuron"])
def test_without_its_package_it_says_what_to_install(
    checkpoint: ModelDescription, name: str
) -> None:
    with pytest.raises(EngineError) as raised:
        make_engine(name, checkpoint, EngineOptions()).load()
    assert "cannot be imported" in raised.value.reason
    assert f"optimum-{name}" in raised.value.remedy
