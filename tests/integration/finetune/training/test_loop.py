"""The training loop learns, and a run that is resumed ends as one without a break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from jupyter_safecoder.adapters.merge import merge_adapter
from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import Batches, validation_packs
from jupyter_safecoder.finetune.samples.samples import SampleBuilder
from jupyter_safecoder.finetune.training.loop import CHECKPOINT, TrainingData, TrainingLoop
from jupyter_safecoder.finetune.training.lora import add_adapter
from jupyter_safecoder.finetune.training.packed_attention import NAME, PackedAttention
from jupyter_safecoder.finetune.training.packed_model import PackedModel
from jupyter_safecoder.finetune.training.torch_model import TARGETS, load_torch_model
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.full_disk import files_of_at_most

RECIPE = Recipe(
    steps=8,
    rank=4,
    alpha=8,
    tokens_per_step=400,
    learning_rate=3e-3,
    warmup=2,
    replay_share=0.0,
)


def make_training_loop(
    model: ModelDescription, team: Path, directory: Path, recipe: Recipe = RECIPE
) -> TrainingLoop:
    torch.set_num_threads(1)
    corpus = build_corpus([team])
    builder = SampleBuilder(model, FileTokenizer(model.tokenizer), recipe)
    batches = Batches(corpus.train, (), builder, recipe)
    data = TrainingData.of(batches, validation_packs(corpus.held_out, builder, recipe))
    attention = PackedAttention()
    attention.register()
    peft_model = add_adapter(load_torch_model(model, NAME), model, recipe)
    directory.mkdir(exist_ok=True)
    return TrainingLoop(PackedModel(peft_model, attention), recipe, data, directory)


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_it_learns_and_leaves_the_base_alone(
    architecture: str, tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    model = tiny_models(architecture)
    training = make_training_loop(model, team, tmp_path / "job")
    frozen = {
        name: weight.clone()
        for name, weight in training.model.peft_model.named_parameters()
        if not weight.requires_grad
    }
    assert training.run()
    state = training.state
    assert state.step == RECIPE.steps
    assert state.val_curve[-1][1] < state.val_curve[0][1]
    assert state.sample_tokens > 1.2 * state.computed_tokens
    for name, weight in training.model.peft_model.named_parameters():
        if name in frozen:
            assert torch.equal(weight, frozen[name])
    moved = {
        name.split(".")[-4]
        for name, weight in training.model.peft_model.named_parameters()
        if "lora_B" in name and bool(weight.detach().any())
    }
    assert moved == {name for name in TARGETS[architecture] if name != "q_attn"}


def test_a_run_in_parts_has_the_curve_of_an_unbroken_one(
    tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    model = tiny_models("llama")
    whole = make_training_loop(model, team, tmp_path / "whole")
    whole.run()
    first = make_training_loop(model, team, tmp_path / "parts")
    assert not first.run(should_stop=lambda: first.state.step >= 3)
    second = make_training_loop(model, team, tmp_path / "parts")
    assert second.resume()
    assert second.state.step == 3
    assert second.run()
    for one, other in (
        (second.state.train_curve, whole.state.train_curve),
        (second.state.val_curve, whole.state.val_curve),
    ):
        assert [step for step, _ in one] == [step for step, _ in other]
        assert [loss for _, loss in one] == pytest.approx([loss for _, loss in other], abs=1e-3)


def test_it_stops_where_it_no_longer_helps(
    tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, steps=40, learning_rate=1.0, patience=2, num_evals=20)
    training = make_training_loop(tiny_models("llama"), team, tmp_path / "job", recipe)
    assert training.run()
    assert training.state.step < 40
    assert training.val_loss() == pytest.approx(training.state.best_loss, abs=1e-3)


def test_a_full_disk_leaves_the_old_checkpoint(
    tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    training = make_training_loop(tiny_models("llama"), team, tmp_path / "job")
    training.run(should_stop=lambda: training.state.step >= 2)
    written = (tmp_path / "job" / CHECKPOINT).stat().st_size
    with files_of_at_most(written // 2), pytest.raises(OSError, match=r"full|space|large"):
        training.save()
    again = make_training_loop(tiny_models("llama"), team, tmp_path / "job")
    assert again.resume()
    assert again.state.step == 2


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_a_merged_model_computes_what_was_trained(
    architecture: str, tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    model = tiny_models(architecture)
    training = make_training_loop(model, team, tmp_path / "job")
    training.run()
    trained = training.model.peft_model
    trained.save_pretrained(tmp_path / "adapter")
    merge_adapter(model, tmp_path / "adapter", tmp_path / "merged")
    merged = load_torch_model(resolve_model(str(tmp_path / "merged")))
    base = load_torch_model(model)
    ids = torch.tensor([[11, 13, 500, 600, 700]])
    with torch.no_grad():
        before = base(input_ids=ids).logits[0, -1]
        found = merged(input_ids=ids).logits[0, -1]
        wanted = PeftModel.from_pretrained(base, tmp_path / "adapter")(input_ids=ids).logits[0, -1]
    assert torch.allclose(wanted, found, atol=1e-4)
    assert float((found - before).abs().max()) > 0.05
