"""A tree of samples gives each of them the losses that it has alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch

from jupyter_safecoder.adapters.network import load_network
from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.packing import (
    Pack,
    build_prefix_tree,
    pack_trees,
    split_samples,
)
from jupyter_safecoder.finetune.samples.samples import Sample, SampleBuilder
from jupyter_safecoder.finetune.training.lora import adapt
from jupyter_safecoder.finetune.training.packed_attention import NAME, PackedAttention
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

MakeModel = Callable[[str], ModelDescription]


def samples_of(model: ModelDescription, team: Path) -> list[Sample]:
    corpus = build_corpus([team])
    builder = SampleBuilder(model, FileTokenizer(model.tokenizer))
    return list(builder.samples(corpus.train[0], Random(0)))


def test_what_samples_share_is_there_once() -> None:
    trunk = list(range(100, 140))
    one = Sample([*trunk, 1, 2, 3], [0.0] * 40 + [1.0] * 3)
    other = Sample([*trunk, 7, 8], [0.0] * 40 + [1.0] * 2)
    tree = build_prefix_tree([one, other])
    assert tree.ids == [*trunk, 1, 2, 7]
    assert tree.positions == [*range(42), 40]
    assert tree.segments[1].before == ((0, 40),)
    assert sorted(tree.targets) == [
        (39, 1, 1.0),
        (39, 7, 1.0),
        (40, 2, 1.0),
        (41, 3, 1.0),
        (42, 8, 1.0),
    ]
    assert (tree.samples, tree.sample_tokens) == (2, 85)


def test_packs_keep_their_trees_apart() -> None:
    trees = [build_prefix_tree([Sample([n, n + 1, n + 2], [0.0, 1.0, 1.0])]) for n in (10, 20, 30)]
    packs = pack_trees(trees, 4)
    assert [pack.ids for pack in packs] == [[10, 11, 20, 21], [30, 31]]
    assert packs[0].segments[1].start == 2
    assert packs[0].segments[1].before == ()
    assert packs[0].targets[2:] == [(2, 21, 1.0), (3, 22, 1.0)]


def test_long_documents_are_split() -> None:
    samples = [Sample([n] * 30, [1.0] * 30) for n in range(10)]
    runs = split_samples(samples, 70)
    assert [len(run) for run in runs] == [2] * 5


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_losses_are_those_of_each_sample_alone(
    architecture: str, tiny_models: MakeModel, team: Path
) -> None:
    torch.set_num_threads(1)
    model = tiny_models(architecture)
    samples = samples_of(model, team)
    attention = PackedAttention()
    attention.register()
    packed = adapt(load_network(model, NAME), model, Recipe())
    plain = load_network(model)
    tree = build_prefix_tree(samples)
    assert len(tree.ids) < 0.8 * sum(len(sample.ids) for sample in samples)
    pack = Pack()
    pack.add(build_prefix_tree(samples[:1]))
    pack.add(tree)
    attention.segments = pack.segments
    with torch.no_grad():
        together = packed(
            input_ids=torch.tensor([pack.ids]), position_ids=torch.tensor([pack.positions])
        ).logits[0]
    shift = len(pack.ids) - len(tree.ids)
    for sample in samples:
        with torch.no_grad():
            alone = plain(input_ids=torch.tensor([sample.ids])).logits[0]
        rows = {(row, id_) for row, id_, _ in pack.targets if row >= shift}
        for place, weight in enumerate(sample.weights):
            if not weight:
                continue
            same = [
                row
                for row, id_ in rows
                if id_ == sample.ids[place] and pack.positions[row] == place - 1
            ]
            gaps = [float((together[row] - alone[place - 1]).abs().max()) for row in same]
            assert min(gaps) < 1e-4, (architecture, place)
