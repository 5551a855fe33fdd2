"""The losses of a pack are those of its targets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch

from jupyter_safecoder.finetune.corpus.scan import scan
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.packing import build_prefix_tree
from jupyter_safecoder.finetune.samples.samples import SampleBuilder
from jupyter_safecoder.finetune.training.lora import add_adapter
from jupyter_safecoder.finetune.training.packed_attention import NAME, PackedAttention
from jupyter_safecoder.finetune.training.packed_model import PackedModel
from jupyter_safecoder.finetune.training.torch_model import load_torch_model
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer


def test_the_mean_loss_is_with_or_without_the_adapter(
    tiny_models: Callable[[str], ModelDescription], team: Path
) -> None:
    torch.set_num_threads(1)
    base = tiny_models("llama")
    attention = PackedAttention()
    attention.register()
    peft_model = add_adapter(load_torch_model(base, NAME), base, Recipe())
    model = PackedModel(peft_model, attention)
    builder = SampleBuilder(base, FileTokenizer(base.tokenizer), Recipe())
    document = scan([team]).documents[0]
    pack = build_prefix_tree(list(builder.samples(document, Random(0))))
    with torch.no_grad():
        losses, weights = model.losses(pack)
    assert losses.shape == weights.shape == (len(pack.targets),)
    assert model.mean_loss([pack]) == pytest.approx(float(losses.mean()), abs=1e-4)
    assert model.mean_loss([pack]) == pytest.approx(model.mean_loss([pack], adapter=False))
    with torch.no_grad():
        for name, weight in peft_model.named_parameters():
            if "lora_B" in name:
                weight.normal_()
    assert model.mean_loss([pack]) != pytest.approx(model.mean_loss([pack], adapter=False))
    assert torch.isnan(torch.tensor(model.mean_loss([])))
