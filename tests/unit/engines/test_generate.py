"""Engines that only have a model's own ``generate``: that of transformers, on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from jupyter_safecoder.engines import EngineOptions
from jupyter_safecoder.engines.generate import GenerateEngine
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model

# transformers' gpt_bigcode uses a deprecated part of torch.
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

    def load_model(self) -> Any:
        from transformers import AutoModelForCausalLM

        loader: Any = AutoModelForCausalLM
        return loader.from_pretrained(self._description.weights).eval()


@pytest.fixture(scope="module")
def engine(checkpoint: ModelDescription) -> Iterator[OnCpu]:
    engine = OnCpu(checkpoint, EngineOptions())
    engine.load()
    yield engine
    assert not engine.busy()


def _greedy(engine: OnCpu, prompt: list[int], count: int) -> list[int]:
    """Compute the reference without a cache, the whole prompt again for each token."""
    import torch

    ids = list(prompt)
    for _ in range(count):
        with torch.no_grad():
            ids.append(int(engine._model(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def _run(engine: OnCpu) -> dict[int, tuple[list[int], str | None]]:
    results: dict[int, tuple[list[int], str | None]] = {}
    while engine.busy():
        for output in engine.step():
            ids, finished = results.get(output.request, ([], None))
            assert finished is None
            results[output.request] = (ids + output.ids, output.finished)
    return results


def test_requests_run_one_after_the_other_with_greedy_ids(engine: OnCpu) -> None:
    for number, prompt in enumerate(PROMPTS, 1):
        engine.submit(number, prompt, (), 12)
    assert _run(engine) == {
        number: (_greedy(engine, prompt, 12), "length") for number, prompt in enumerate(PROMPTS, 1)
    }


def test_a_stop_token_is_not_among_the_ids(engine: OnCpu) -> None:
    reference = _greedy(engine, PROMPTS[0], 12)
    stop = reference[5]
    before = reference[: reference.index(stop)]
    engine.submit(1, PROMPTS[0], {stop}, 12)
    assert _run(engine) == {1: (before, "end")}
    # The checkpoint's end token is an ordinary one unless the request names it.
    engine.submit(2, PROMPTS[0], (), 12)
    assert _run(engine)[2] == (reference, "length")


def test_a_prompt_that_does_not_fit_is_refused(engine: OnCpu) -> None:
    engine.submit(1, [1] * 60, (), 5)
    engine.submit(2, [], (), 5)
    engine.submit(3, [1] * 59, (), 5)
    results = _run(engine)
    assert [results[n][1] for n in (1, 2, 3)] == ["refused", "refused", "length"]


def test_a_cancelled_request_stops_at_its_next_token_and_the_next_one_runs(engine: OnCpu) -> None:
    engine.submit(1, [5], (), 60)
    engine.submit(2, PROMPTS[0], (), 3)
    engine.submit(3, PROMPTS[1], (), 3)
    first = engine.step()
    assert first
    assert first[0].request == 1
    assert engine.busy()
    engine.cancel(1)
    engine.cancel(3)
    engine.cancel(99)
    assert set(_run(engine)) == {2}
    assert not engine.busy()


def test_step_raises_what_generate_raises(engine: OnCpu) -> None:
    engine.submit(1, [10**6], (), 3)
    with pytest.raises(IndexError):
        _run(engine)
    engine.submit(2, PROMPTS[0], (), 1)
    assert _run(engine)[2] == (_greedy(engine, PROMPTS[0], 1), "length")
    assert threading.active_count() < 10
