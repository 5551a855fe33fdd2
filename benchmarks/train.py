"""Training throughput: our packs against a plain ``transformers.Trainer`` on the same samples.

Tokens are those of the samples: padding is not counted, and tokens that samples share count for
each of them. Both sides learn the same samples with the same adapter, so the ratio is that of their
times.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.corpus.scan import check_enough
from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.packing import (
    Pack,
    build_prefix_tree,
    pack_trees,
    split_samples,
)
from jupyter_safecoder.finetune.samples.samples import Sample, SampleBuilder
from jupyter_safecoder.finetune.size_defaults import with_size_defaults
from jupyter_safecoder.finetune.training.build import sample_builder
from jupyter_safecoder.models import resolve_model

#: Maximum samples that both sides learn, and samples of a padded batch of the Trainer.
_MAX_SAMPLES, _BATCH_SIZE = 32, 4
#: The label of tokens without a loss, as transformers defines it.
_IGNORED = -100


def bench_train(
    name: str,
    paths: Sequence[Path],
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> dict[str, Any]:
    """Train for a minute or two on each side.

    Parameters
    ----------
    name
        Name of the base model.
    paths
        Paths of a corpus; empty: Python's standard library.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Returns
    -------
    dict
        ``ours_tokens_per_s``, ``trainer_tokens_per_s`` and their ``ratio``; ``samples``,
        ``sample_tokens``, and ``computed_tokens``, which are fewer because samples share some.

    Raises
    ------
    FinetuneError, ModelError
        If the corpus or the model cannot be used.
    """
    model = resolve_model(name)
    recipe = with_size_defaults(Recipe(), model)
    builder = sample_builder(model, recipe)
    documents: Sequence[Document] = stdlib_documents("train")
    if paths:
        corpus = build_corpus(list(paths))
        check_enough(corpus)
        documents = corpus.train
    samples = _first_samples(documents, builder)
    packs = pack_trees(
        (build_prefix_tree(run) for run in split_samples(samples, recipe.tokens_per_step)),
        recipe.tokens_per_step,
    )
    tokens = sum(len(sample.ids) for sample in samples)
    progress(0.0, "Training with packs")
    ours = _ours(model, recipe, packs)
    progress(0.3, "Training with transformers.Trainer")
    trainer = _trainer(model, recipe, samples)
    return {
        "ours_tokens_per_s": round(ours, 1),
        "trainer_tokens_per_s": round(trainer, 1),
        "ratio": round(ours / trainer, 2),
        "samples": len(samples),
        "sample_tokens": tokens,
        "computed_tokens": sum(len(pack.ids) for pack in packs),
    }


def _first_samples(documents: Sequence[Document], builder: SampleBuilder) -> list[Sample]:
    samples: list[Sample] = []
    for document in documents:
        samples += builder.samples(document, Random(0))  # noqa: S311 - reproducible, not secret
        if len(samples) >= _MAX_SAMPLES:
            break
    return samples[:_MAX_SAMPLES]


def _ours(model: Any, recipe: Recipe, packs: Sequence[Pack]) -> float:
    """Return the tokens of samples per second, over one epoch after a step to warm up."""
    from jupyter_safecoder.finetune.training.loop import TrainingData, TrainingLoop
    from jupyter_safecoder.finetune.training.lora import add_adapter, choose_device, choose_dtype
    from jupyter_safecoder.finetune.training.packed_attention import NAME, PackedAttention
    from jupyter_safecoder.finetune.training.packed_model import PackedModel
    from jupyter_safecoder.finetune.training.torch_model import load_torch_model

    device = choose_device("")
    attention = PackedAttention()
    attention.register()
    torch_model = load_torch_model(model, NAME, dtype=choose_dtype(device)).to(device)
    packed = PackedModel(add_adapter(torch_model, model, recipe), attention)
    data = TrainingData((packs[0], *packs), (), lambda: len(packs))
    recipe = replace(recipe, steps=len(packs) + 1, num_evals=1)
    with tempfile.TemporaryDirectory() as temporary:
        training = TrainingLoop(packed, recipe, data, Path(temporary))
        seconds: list[float] = []
        training.run(lambda state: seconds.append(state.seconds))
    return sum(pack.sample_tokens for pack in packs) / (seconds[-1] - seconds[0])


def _trainer(model: Any, recipe: Recipe, samples: Sequence[Sample]) -> float:
    """Return the tokens of samples per second, over one epoch without its first batch."""
    from transformers import (
        DataCollatorForSeq2Seq,
        PreTrainedTokenizerFast,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from jupyter_safecoder.finetune.training.lora import add_adapter
    from jupyter_safecoder.finetune.training.torch_model import load_torch_model

    peft_model = add_adapter(load_torch_model(model), model, recipe)
    tokenizer: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(model.tokenizer)
    )
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)
    rows = [
        {
            "input_ids": sample.ids,
            "labels": [
                id_ if weight else _IGNORED
                for id_, weight in zip(sample.ids, sample.weights, strict=True)
            ],
        }
        for sample in samples
    ]
    finished: list[float] = []
    pad = DataCollatorForSeq2Seq(tokenizer, padding=True)
    counts: list[int] = []

    def collate(batch: list[dict[str, Any]]) -> Any:
        counts.append(sum(len(row["input_ids"]) for row in batch))
        return pad(batch)

    class _Clock(TrainerCallback):
        def on_step_end(self, *arguments: Any, **others: Any) -> None:
            finished.append(time.monotonic())

    with tempfile.TemporaryDirectory() as temporary:
        arguments = TrainingArguments(
            output_dir=temporary,
            per_device_train_batch_size=_BATCH_SIZE,
            num_train_epochs=1,
            learning_rate=recipe.learning_rate,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = Trainer(
            model=peft_model,
            args=arguments,
            train_dataset=rows,
            data_collator=collate,
            callbacks=[_Clock()],
        )
        # The Trainer prints its own report.
        with redirect_stdout(sys.stderr):
            trainer.train()
    # A batch is fetched before the step of the one before it is finished.
    return sum(counts[1 : len(finished)]) / (finished[-1] - finished[0])
