"""Builds a training: the model with its adapter, the samples, and the processes that share them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.engines.hardware.torch_threads import limit_torch_threads
from jupyter_safecoder.files import write_text
from jupyter_safecoder.finetune.corpus.corpus import Corpus
from jupyter_safecoder.finetune.corpus.sampling_weights import sampling_weights
from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import Batches, validation_packs
from jupyter_safecoder.finetune.samples.samples import SampleBuilder
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

if TYPE_CHECKING:
    from .loop import TrainingData, TrainingLoop
    from .packed_model import PackedModel

#: The first process evaluates the base model while the others wait for it.
_MAX_WAIT = timedelta(hours=6)


def sample_builder(base: ModelDescription, recipe: Recipe) -> SampleBuilder:
    """Return the builder of samples for a model."""
    return SampleBuilder(base, FileTokenizer(base.tokenizer), recipe)


def build_training_loop(
    base: ModelDescription,
    corpus: Corpus,
    recipe: Recipe,
    directory: Path,
    *,
    device: str,
    paths: Sequence[Path],
    seconds: float,
) -> TrainingLoop:
    """Return a training loop, resumed from its checkpoint if there is one.

    Parameters
    ----------
    base
        The base model.
    corpus
        Documents to learn from, and held-out ones.
    recipe
        Settings.
    directory
        The directory of the job, with the checkpoint.
    device
        The device to train on; empty: the best one found.
    paths
        The paths that the corpus was read from, whose shares a recipe can change.
    seconds
        The time from now on; ``math.inf``: no limit.

    Raises
    ------
    FinetuneError
        If there is no such device, or the model's architecture cannot be trained.
    """
    from .loop import TrainingLoop
    from .lora import choose_device

    started = time.monotonic()
    device = choose_device(device)
    accelerator = _accelerator(device)
    if accelerator:
        device = str(accelerator.device)
    model = _load_model(base, recipe, directory, device, accelerator)
    data = _training_data(base, corpus, recipe, paths)
    seconds -= time.monotonic() - started
    training = TrainingLoop(
        model, recipe, data, directory, seconds=seconds, accelerator=accelerator
    )
    training.resume()
    return training


def _load_model(
    base: ModelDescription, recipe: Recipe, directory: Path, device: str, accelerator: Any
) -> PackedModel:
    from .lora import add_adapter, quantization
    from .packed_attention import NAME, PackedAttention
    from .packed_model import PackedModel
    from .torch_model import load_torch_model

    attention = PackedAttention()
    attention.register()
    arguments = quantization(recipe, device) or {"dtype": _dtype(directory, device, accelerator)}
    limit_torch_threads(1 if accelerator is None else accelerator.num_processes)
    model = load_torch_model(base, NAME, **arguments).to(device)
    return PackedModel(add_adapter(model, base, recipe), attention)


def _training_data(
    base: ModelDescription, corpus: Corpus, recipe: Recipe, paths: Sequence[Path]
) -> TrainingData:
    from .loop import TrainingData

    builder = sample_builder(base, recipe)
    weights: Sequence[float] = ()
    if recipe.package_temperature != 1 or recipe.notebook_share:
        weights = sampling_weights(
            corpus.train, paths, recipe.package_temperature, recipe.notebook_share
        )
    batches = Batches(corpus.train, stdlib_documents("train"), builder, recipe, weights)
    return TrainingData.of(batches, validation_packs(corpus.held_out, builder, recipe))


def _dtype(directory: Path, device: str, accelerator: Any) -> Any:
    """Return the data type to train in: the same in all processes, and after a resume."""
    import torch

    from .lora import choose_dtype

    file = directory / "dtype"
    if not file.exists() and (accelerator is None or accelerator.is_main_process):
        write_text(file, str(choose_dtype(device)).rpartition(".")[2])
    if accelerator is not None:
        accelerator.wait_for_everyone()
    return getattr(torch, file.read_text("utf-8"))


def _accelerator(device: str) -> Any:
    """Return an ``Accelerator`` where ``accelerate launch`` started several processes."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return None
    if device == "cpu":
        # Its argument alone is not enough: Accelerate would search for GPUs.
        os.environ["ACCELERATE_USE_CPU"] = "true"
    from accelerate import Accelerator, InitProcessGroupKwargs

    handler = InitProcessGroupKwargs(timeout=_MAX_WAIT)
    return Accelerator(cpu=device == "cpu", kwargs_handlers=[handler])
