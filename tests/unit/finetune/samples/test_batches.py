"""Batches are a function of the seed, and mix in what the recipe asks for."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from jupyter_safecoder.finetune.corpus.scan import scan
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import Batches, validation_packs
from jupyter_safecoder.finetune.samples.samples import SampleBuilder
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer

MODEL = resolve_model(EMBEDDED)
TOKENIZER = FileTokenizer(MODEL.tokenizer)
RECIPE = Recipe(tokens_per_step=400, replay_share=0.0)


@pytest.fixture
def documents(team: Path) -> tuple[Document, ...]:
    return scan([team]).documents


def builder(recipe: Recipe) -> SampleBuilder:
    return SampleBuilder(MODEL, TOKENIZER, recipe)


def test_a_large_corpus_is_streamed(
    documents: tuple[Document, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_safecoder.finetune.samples.batches._SHUFFLED_DOCUMENTS", 2)
    recipe = replace(
        RECIPE,
        layout_shares={"context": 0.5, "spm": 0.5},
        span_shares={"anywhere": 1},
        trees_per_step=2,
    )
    batches = Batches(documents, (), builder(recipe), recipe, [2.5] * len(documents))
    packs = list(batches.epoch(0))
    assert [pack.ids for pack in packs] == [pack.ids for pack in batches.epoch(0)]
    assert len(packs) == pytest.approx(batches.packs_per_epoch(), rel=0.5)
    plain_recipe = replace(recipe, trees_per_step=1)
    plain = Batches(documents, (), builder(plain_recipe), plain_recipe)
    one = sum(pack.samples for pack in plain.epoch(0))
    assert sum(pack.samples for pack in packs) == pytest.approx(2.5 * one, rel=0.35)


def test_each_epoch_has_other_spans(documents: tuple[Document, ...]) -> None:
    batches = Batches(documents, (), builder(RECIPE), RECIPE)
    first, second = list(batches.epoch(0)), list(batches.epoch(1))
    assert [pack.ids for pack in first] != [pack.ids for pack in second]
    both = [pack.ids for pack in islice(batches, len(first) + len(second))]
    assert both == [pack.ids for pack in first + second]


def test_another_seed_is_another_order(documents: tuple[Document, ...]) -> None:
    other = replace(RECIPE, seed=1)
    packs = [
        [pack.ids for pack in Batches(documents, (), builder(r), r).epoch(0)]
        for r in (RECIPE, other)
    ]
    assert packs[0] != packs[1]


def test_general_code_gets_its_share(documents: tuple[Document, ...]) -> None:
    recipe = replace(RECIPE, replay_share=0.5)
    replayed = Batches(documents[:4], documents[4:], builder(recipe), recipe)
    alone = Batches(documents[:4], documents[4:], builder(RECIPE), RECIPE)
    samples = [sum(pack.samples for pack in one.epoch(0)) for one in (replayed, alone)]
    assert samples[0] == pytest.approx(2 * samples[1], rel=0.25)


def test_validation_packs_ask_for_middles_alone(documents: tuple[Document, ...]) -> None:
    packs = validation_packs(documents, builder(RECIPE), RECIPE)
    again = validation_packs(documents, builder(RECIPE), RECIPE)
    assert [pack.ids for pack in packs] == [pack.ids for pack in again]
    assert {weight for pack in packs for _, _, weight in pack.targets} == {1.0}
    assert sum(len(pack.ids) for pack in packs) < 2 * 2500
    assert validation_packs((), builder(RECIPE), RECIPE) == []
