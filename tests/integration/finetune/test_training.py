"""TrainingLoop learns, and a run that was interrupted ends as one that was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from jupyter_safecoder.adapters.network import TARGETS, load_network, merge
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.recipe import Recipe, read_recipe
from jupyter_safecoder.finetune.samples.batches import Batches, eval_packs
from jupyter_safecoder.finetune.samples.samples import SampleBuilder
from jupyter_safecoder.finetune.training.loop import TrainingLoop
from jupyter_safecoder.finetune.training.lora import adapt, choose_device, quantized
from jupyter_safecoder.finetune.training.packed_attention import NAME, PackedAttention
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer

RECIPE = Recipe(steps=8, rank=4, alpha=8, tokens_per_step=400, learning_rate=3e-3, warmup=2)


def make_training_loop(
    model: ModelDescription, team: Path, directory: Path, recipe: Recipe = RECIPE
) -> TrainingLoop:
    torch.set_num_threads(1)
    corpus = build_corpus([team])
    builder = SampleBuilder(model, FileTokenizer(model.tokenizer))
    batches = Batches(corpus.train, (), builder, recipe.tokens_per_step, 0.0, recipe.seed)
    judges = eval_packs(corpus.held_out, builder, recipe.tokens_per_step)
    attention = PackedAttention()
    attention.register()
    network = adapt(load_network(model, NAME), model, recipe)
    directory.mkdir(exist_ok=True)
    return TrainingLoop(network, attention, recipe, batches, judges, directory)


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_it_learns_and_leaves_the_base_alone(
    architecture: str, tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    model = tiny_models(architecture)
    training = make_training_loop(model, team, tmp_path / "job")
    frozen = {
        name: weight.clone()
        for name, weight in training._network.named_parameters()
        if not weight.requires_grad
    }
    assert training.run()
    progress = training.progress
    assert progress.step == RECIPE.steps
    assert progress.held_out[-1][1] < progress.held_out[0][1]
    assert progress.sample_tokens > 1.2 * progress.computed_tokens
    for name, weight in training._network.named_parameters():
        if name in frozen:
            assert torch.equal(weight, frozen[name])
    moved = {
        name.split(".")[-4]
        for name, weight in training._network.named_parameters()
        if "lora_B" in name and bool(weight.detach().any())
    }
    assert moved == {name for name in TARGETS[architecture] if name != "q_attn"}


def test_a_run_in_pieces_has_the_curve_of_an_unbroken_one(
    tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    model = tiny_models("llama")
    whole = make_training_loop(model, team, tmp_path / "whole")
    whole.run()
    first = make_training_loop(model, team, tmp_path / "pieces")
    assert not first.run(stop=lambda: first.progress.step >= 3)
    second = make_training_loop(model, team, tmp_path / "pieces")
    assert second.resume()
    assert second.progress.step == 3
    assert second.run()
    for one, other in (
        (second.progress.curve, whole.progress.curve),
        (second.progress.held_out, whole.progress.held_out),
    ):
        assert [step for step, _ in one] == [step for step, _ in other]
        assert [loss for _, loss in one] == pytest.approx([loss for _, loss in other], abs=1e-3)


def test_it_ends_where_it_no_longer_helps(
    tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, steps=40, learning_rate=1.0, patience=2, evaluations=20)
    training = make_training_loop(tiny_models("llama"), team, tmp_path / "job", recipe)
    assert training.run()
    assert training.progress.step < 40
    assert training.loss_of(training._judges) == pytest.approx(training.progress.best, abs=1e-3)


def test_a_full_disk_leaves_the_old_checkpoint(
    tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    training = make_training_loop(tiny_models("llama"), team, tmp_path / "job")
    training.run(stop=lambda: training.progress.step >= 2)
    # A device that is always full stands where the next checkpoint would be written.
    (tmp_path / "job" / "training.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"full|space"):
        training.save()
    again = make_training_loop(tiny_models("llama"), team, tmp_path / "job")
    assert again.resume()
    assert again.progress.step == 2


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_what_is_merged_says_what_was_trained(
    architecture: str, tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> None:
    model = tiny_models(architecture)
    training = make_training_loop(model, team, tmp_path / "job")
    training.run()
    trained = training._network
    trained.save_pretrained(tmp_path / "adapter")
    (tmp_path / "merged").mkdir()
    merge(model, tmp_path / "adapter", tmp_path / "merged")
    merged = load_network(resolve_model(str(tmp_path / "merged")))
    base = load_network(model)
    ids = torch.tensor([[11, 13, 500, 600, 700]])
    with torch.no_grad():
        before = base(input_ids=ids).logits[0, -1]
        found = merged(input_ids=ids).logits[0, -1]
        wanted = PeftModel.from_pretrained(base, tmp_path / "adapter")(input_ids=ids).logits[0, -1]
    assert torch.allclose(wanted, found, atol=1e-4)
    assert float((found - before).abs().max()) > 0.05


def test_cuda_where_there_is_none() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(FinetuneError, match="There is no CUDA here"):
        choose_device("cuda")
    with pytest.raises(FinetuneError, match="no CUDA"):
        quantized(Recipe(quantize="nf4"), "cpu")


def test_a_recipe_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("rank = 8\nlearning_rate = 1\n")
    assert read_recipe(path, steps=3) == Recipe(rank=8, learning_rate=1, steps=3)
    path.write_text("rnk = 8\n")
    with pytest.raises(FinetuneError, match="'rnk'"):
        read_recipe(path)
    path.write_text("rank = 'eight'\n")
    with pytest.raises(FinetuneError, match="not of the type int"):
        read_recipe(path)
