"""Puts together what trains: the network, its samples, and the processes that share the work."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.files import write_text
from jupyter_safecoder.finetune.corpus.corpus import Corpus
from jupyter_safecoder.finetune.corpus.sampling_weights import sampling_weights
from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import Batches, eval_packs
from jupyter_safecoder.finetune.samples.samples import SampleBuilder
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import Budget

if TYPE_CHECKING:
    from .loop import TrainingLoop


def make_builder(model: ModelDescription, recipe: Recipe) -> SampleBuilder:
    """Return what makes samples for a model as a recipe says."""
    budget = Budget(
        min(recipe.context_tokens, model.context_tokens), model.prefix_tokens, model.suffix_tokens
    )
    return SampleBuilder(
        model,
        FileTokenizer(model.tokenizer),
        budget,
        recipe.layout_shares,
        recipe.cut_shares,
        recipe.bare_share,
        recipe.prefix_weight,
        recipe.context_weight,
    )


def make_training_loop(
    model: ModelDescription,
    corpus: Corpus,
    recipe: Recipe,
    directory: Path,
    *,
    device: str,
    paths: Sequence[Path],
    seconds: float,
) -> TrainingLoop:
    """Return what trains, where the last checkpoint left it.

    Parameters
    ----------
    model
        The base.
    corpus
        What is learned, and what is held out.
    recipe
        Settings.
    directory
        Of the job: it has the checkpoint.
    device
        What was asked for; empty: the best that is found.
    paths
        What the corpus was read from: a recipe can balance them.
    seconds
        For all of it, from now on; ``math.inf``: no bound.

    Raises
    ------
    FinetuneError
        If the device is not there, or no adapter is made for the model.
    """
    from jupyter_safecoder.adapters.network import load_network

    from .loop import TrainingLoop
    from .lora import adapt, choose_device, quantized
    from .packed_attention import NAME, PackedAttention

    began = time.monotonic()
    device = choose_device(device)
    accelerator = _accelerator(device)
    if accelerator:
        device = str(accelerator.device)
    attention = PackedAttention()
    attention.register()
    how = quantized(recipe, device) or {"dtype": _dtype(directory, device, accelerator)}
    network = adapt(load_network(model, NAME, **how).to(device), model, recipe)
    builder = make_builder(model, recipe)
    balanced = recipe.balance or recipe.notebook_share
    batches = Batches(
        corpus.train,
        stdlib_documents(judging=False),
        builder,
        recipe.tokens_per_step,
        recipe.general_share,
        recipe.seed,
        sampling_weights(corpus.train, paths, recipe.balance, recipe.notebook_share)
        if balanced
        else (),
        recipe.trees_per_step,
    )
    judges = eval_packs(corpus.held_out, builder, recipe.tokens_per_step)
    seconds -= time.monotonic() - began
    training = TrainingLoop(
        network, attention, recipe, batches, judges, directory, seconds, accelerator
    )
    training.resume()
    return training


def _dtype(directory: Path, device: str, accelerator: Any) -> Any:
    """Return the type to compute in: one for all processes, and for the job when it goes on."""
    import torch

    from .lora import choose_dtype

    note = directory / "dtype"
    if not note.exists() and (accelerator is None or accelerator.is_main_process):
        write_text(note, str(choose_dtype(device)).rpartition(".")[2])
    if accelerator is not None:
        accelerator.wait_for_everyone()
    return getattr(torch, note.read_text("utf-8"))


def _accelerator(device: str) -> Any:
    """Return Hugging Face Accelerate's where ``accelerate launch`` started several processes."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return None
    if device == "cpu":
        # Told in no other way, it would look for GPUs.
        os.environ["ACCELERATE_USE_CPU"] = "true"
    from accelerate import Accelerator, InitProcessGroupKwargs

    # The others wait while the first asks the model as it is.
    patient = InitProcessGroupKwargs(timeout=timedelta(hours=6))
    return Accelerator(cpu=device == "cpu", kwargs_handlers=[patient])
