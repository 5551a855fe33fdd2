"""TrainingLoop throughput: our packs against a plain ``transformers.Trainer`` on the same samples.

Tokens are those of the samples, padding not counted, and what samples share counted for each of
them: both sides learn the same samples with the same adapter, so the ratio is that of their times.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from jupyter_safecoder.finetune.corpus.corpus import build_corpus, check_enough
from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import Batches
from jupyter_safecoder.finetune.samples.packing import (
    Pack,
    build_prefix_tree,
    pack_trees,
    split_samples,
)
from jupyter_safecoder.finetune.samples.samples import Sample, SampleBuilder
from jupyter_safecoder.finetune.training.assembly import make_builder
from jupyter_safecoder.models import resolve_model

#: Samples that both sides learn, and of how many a padded batch of the Trainer has.
_SAMPLES, _BATCH = 32, 4
_IGNORED = -100


def bench_train(
    name: str,
    paths: Sequence[Path],
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> dict[str, Any]:
    """Train for a minute or two on either side.

    Parameters
    ----------
    name
        Of the base model.
    paths
        Of a corpus; empty: Python's own library.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    dict
        ``ours_tokens_per_s``, ``trainer_tokens_per_s`` and their ``ratio``; ``samples``,
        ``sample_tokens`` and ``computed_tokens``, which are fewer because samples share.

    Raises
    ------
    FinetuneError, ModelError
        If the corpus or the model cannot be trained.
    """
    model, recipe = resolve_model(name), Recipe()
    builder = make_builder(model, recipe)
    documents: Sequence[Document] = stdlib_documents(judging=False)
    if paths:
        corpus = build_corpus(list(paths))
        check_enough(corpus)
        documents = corpus.train
    samples = _some(documents, builder)
    packs = pack_trees(
        (build_prefix_tree(run) for run in split_samples(samples, recipe.tokens_per_step)),
        recipe.tokens_per_step,
    )
    tokens = sum(len(sample.ids) for sample in samples)
    progress(0.0, "TrainingLoop with packs")
    ours = _ours(model, recipe, packs)
    progress(0.3, "TrainingLoop with transformers.Trainer")
    trainer = _trainer(model, recipe, samples)
    return {
        "ours_tokens_per_s": round(ours, 1),
        "trainer_tokens_per_s": round(trainer, 1),
        "ratio": round(ours / trainer, 2),
        "samples": len(samples),
        "sample_tokens": tokens,
        "computed_tokens": sum(len(pack.ids) for pack in packs),
    }


def _some(documents: Sequence[Document], builder: SampleBuilder) -> list[Sample]:
    samples: list[Sample] = []
    for document in documents:
        samples += builder.samples(document, Random(0))  # noqa: S311 - to be repeated
        if len(samples) >= _SAMPLES:
            break
    return samples[:_SAMPLES]


def _ours(model: Any, recipe: Recipe, packs: Sequence[Pack]) -> float:
    """Return the tokens of samples in a second, over one pass after a step to warm up."""
    from jupyter_safecoder.adapters.network import load_network
    from jupyter_safecoder.finetune.training.loop import TrainingLoop
    from jupyter_safecoder.finetune.training.lora import adapt, choose_device, choose_dtype
    from jupyter_safecoder.finetune.training.packed_attention import NAME, PackedAttention

    device = choose_device("")
    attention = PackedAttention()
    attention.register()
    network = load_network(model, NAME, dtype=choose_dtype(device)).to(device)
    network = adapt(network, model, recipe)

    class _Once(Batches):
        def epoch(self, number: int) -> Iterator[Pack]:
            yield from (packs[0], *packs)

    batches = _Once((), (), None, 0, 0.0, 0)  # type: ignore[arg-type]
    steps = replace(recipe, steps=len(packs) + 1, evaluations=1)
    with tempfile.TemporaryDirectory() as temporary:
        training = TrainingLoop(network, attention, steps, batches, (), Path(temporary))
        marks: list[float] = []
        training.run(lambda told: marks.append(told.seconds))
    return sum(pack.sample_tokens for pack in packs) / (marks[-1] - marks[0])


def _trainer(model: Any, recipe: Recipe, samples: Sequence[Sample]) -> float:
    """Return the tokens of samples in a second, over one epoch without its first batch."""
    from transformers import (
        DataCollatorForSeq2Seq,
        PreTrainedTokenizerFast,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from jupyter_safecoder.adapters.network import load_network
    from jupyter_safecoder.finetune.training.lora import adapt

    network = adapt(load_network(model), model, recipe)
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
    marks: list[float] = []
    pad = DataCollatorForSeq2Seq(tokenizer, padding=True)
    counts: list[int] = []

    def collate(batch: list[dict[str, Any]]) -> Any:
        counts.append(sum(len(row["input_ids"]) for row in batch))
        return pad(batch)

    class _Clock(TrainerCallback):
        def on_step_end(self, *told: Any, **more: Any) -> None:
            marks.append(time.monotonic())

    with tempfile.TemporaryDirectory() as temporary:
        arguments = TrainingArguments(
            output_dir=temporary,
            per_device_train_batch_size=_BATCH,
            num_train_epochs=1,
            learning_rate=recipe.learning_rate,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = Trainer(
            model=network,
            args=arguments,
            train_dataset=rows,
            data_collator=collate,
            callbacks=[_Clock()],
        )
        # It prints its own figures.
        with redirect_stdout(sys.stderr):
            trainer.train()
    # Batches are fetched one ahead of the steps that they are for.
    return sum(counts[1 : len(marks)]) / (marks[-1] - marks[0])
