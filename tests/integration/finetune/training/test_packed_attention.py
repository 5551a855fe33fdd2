"""A tree of samples gives each of them the losses that it has alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch

from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.packing import Pack, build_prefix_tree
from jupyter_safecoder.finetune.samples.samples import Sample, SampleBuilder
from jupyter_safecoder.finetune.training.lora import add_adapter
from jupyter_safecoder.finetune.training.packed_attention import NAME, PackedAttention
from jupyter_safecoder.finetune.training.torch_model import load_torch_model
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

MakeModel = Callable[[str], ModelDescription]


def samples_of(model: ModelDescription, team: Path) -> list[Sample]:
    corpus = build_corpus([team])
    builder = SampleBuilder(model, FileTokenizer(model.tokenizer), Recipe())
    return list(builder.samples(corpus.train[0], Random(0)))


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_losses_are_those_of_each_sample_alone(
    architecture: str, tiny_models: MakeModel, team: Path
) -> None:
    torch.set_num_threads(1)
    model = tiny_models(architecture)
    samples = samples_of(model, team)
    attention = PackedAttention()
    attention.register()
    packed = add_adapter(load_torch_model(model, NAME), model, Recipe())
    plain = load_torch_model(model)
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
        for position, weight in enumerate(sample.weights):
            if not weight:
                continue
            same = [
                row
                for row, id_ in rows
                if id_ == sample.ids[position] and pack.positions[row] == position - 1
            ]
            gaps = [float((together[row] - alone[position - 1]).abs().max()) for row in same]
            assert min(gaps) < 1e-4, (architecture, position)
