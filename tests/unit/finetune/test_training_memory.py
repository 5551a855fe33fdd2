"""The memory of a training, estimated before it starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_safecoder.finetune import training_memory
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training_memory import estimate_memory, estimate_peak
from jupyter_safecoder.models import EMBEDDED, resolve_model

PARAMETERS, VOCABULARY = 135_000_000, 49_152


@pytest.mark.parametrize(("tokens", "measured"), [(1536, 2.91e9)])
def test_the_estimate_is_near_what_was_measured(tokens: int, measured: float) -> None:
    recipe = replace(Recipe(), tokens_per_step=tokens)
    estimated = estimate_peak(PARAMETERS, VOCABULARY, recipe, bf16=True)
    assert measured < estimated < 1.15 * measured


def test_more_of_anything_needs_more() -> None:
    least = estimate_peak(PARAMETERS, VOCABULARY, Recipe(), bf16=True)
    assert estimate_peak(2 * PARAMETERS, VOCABULARY, Recipe(), bf16=True) > least
    assert estimate_peak(PARAMETERS, 3 * VOCABULARY, Recipe(), bf16=True) > least
    assert estimate_peak(PARAMETERS, VOCABULARY, Recipe(rank=64), bf16=True) > least
    assert estimate_peak(PARAMETERS, VOCABULARY, Recipe(), bf16=False) > least
    # With few tokens, the conversion of the merged model takes the most.
    few = Recipe(tokens_per_step=64)
    assert estimate_peak(PARAMETERS, VOCABULARY, few, bf16=True) > 1.6e9


def test_the_embedded_model_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    base = resolve_model(EMBEDDED)
    monkeypatch.setattr(training_memory, "_NVIDIA", base.tokenizer)  # a file that there is
    assert estimate_memory(base, Recipe()) is None
    monkeypatch.setattr(training_memory, "_NVIDIA", base.tokenizer / "none")
    estimated = estimate_memory(base, Recipe())
    assert estimated is not None
    assert 2e9 < estimated < 6e9
