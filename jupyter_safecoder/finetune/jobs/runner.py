"""Runs a job: corpus, scores of the base model, training, scores of the adapter, card."""

from __future__ import annotations

import gc
import importlib.metadata
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.merge import delete_merged, merge_cached
from jupyter_safecoder.adapters.registry import Adapter, Registry, hash_files
from jupyter_safecoder.adapters.scale import scale_files
from jupyter_safecoder.attribution.optout import OptOutList
from jupyter_safecoder.attribution.store import ADAPTER_INDEX
from jupyter_safecoder.errors import FinetuneError, JobStopped
from jupyter_safecoder.finetune.corpus.corpus import Corpus, build_corpus, count_samples
from jupyter_safecoder.finetune.corpus.corpus_index import write_corpus_index
from jupyter_safecoder.finetune.corpus.rules import CorpusRules
from jupyter_safecoder.finetune.corpus.scan import check_enough
from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents
from jupyter_safecoder.finetune.evaluation.acceptance import accept_adapter, forgotten
from jupyter_safecoder.finetune.evaluation.comparison import before_and_after
from jupyter_safecoder.finetune.evaluation.evaluate import ExampleCompletion, complete_examples
from jupyter_safecoder.finetune.evaluation.memorization import score_memorization
from jupyter_safecoder.finetune.evaluation.suite import EvaluationSuite, Losses
from jupyter_safecoder.finetune.model_build.base_model import prepare_base
from jupyter_safecoder.finetune.model_build.export_model import (
    check_exportable,
    describe_tuned,
    write_model,
    write_report,
)
from jupyter_safecoder.finetune.model_build.fetch import fetch_packages
from jupyter_safecoder.finetune.model_build.manifest import Manifest, read_manifest
from jupyter_safecoder.finetune.samples.batches import validation_packs
from jupyter_safecoder.finetune.samples.samples import FimExample
from jupyter_safecoder.finetune.size_defaults import expected_minutes, with_size_defaults
from jupyter_safecoder.finetune.training.adapter_weights import smaller_scale
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.runtime.loading import load_model, resolve_base_model

from .job import LocalJob
from .job_files import JobFiles
from .limits import max_general_loss, training_seconds
from .reporter import DONE, TRAINING, StatusReporter
from .status import JobStatus

if TYPE_CHECKING:
    from jupyter_safecoder.finetune.training.loop import TrainingLoop
    from jupyter_safecoder.finetune.training.state import TrainingState

_PACKAGES = ("jupyter_safecoder", "peft", "torch", "transformers")


@dataclass(frozen=True)
class _Trained:
    """The outcome of a training.

    ``scale`` is that of the adapter, see ``scale_adapter``; ``facts`` are numbers for the model's
    report.
    """

    losses: Losses
    scale: float
    facts: dict[str, float]


def check_inputs(files: JobFiles, base_sha256: str, corpus: Corpus) -> None:
    """Refuse to resume a job with another base model or corpus than it was started with.

    Parameters
    ----------
    files
        The files of the job, which record its inputs.
    base_sha256
        SHA-256 of the base model's weights.
    corpus
        The corpus as it is now.

    Raises
    ------
    FinetuneError
        If one of them differs.
    """
    inputs = f"{base_sha256} {corpus.sha256}"
    earlier = files.read("inputs")
    if earlier is not None and earlier != inputs:
        raise FinetuneError(
            "The base model or the notebooks have changed since this job was started.",
            "Start it again: a job is resumed only with what it was started with.",
        )
    files.write("inputs", inputs)


def _staged_adapter(card: Card, staged: Path) -> Adapter:
    return Adapter(replace(card, files=hash_files(staged)), staged)


class JobRunner:
    """Runs a job in this process.

    Parameters
    ----------
    job
        The job.
    status
        Its status, which is updated.
    reports
        Whether this process writes the status.
    """

    def __init__(self, job: LocalJob, status: JobStatus, *, reports: bool = True) -> None:
        self._job = job
        self._status = status
        self._reporter = StatusReporter(job.files, status, enabled=reports)
        self._request = job.request()
        self._recipe = self._request.recipe
        self._settings = self._request.settings
        self._cache = self._settings.cache
        self._registry = Registry(self._cache)
        self._started = time.monotonic()
        self._manifest = read_manifest(Path(s)) if (s := self._recipe.sources) else None
        self._paths = [Path(path) for path in self._request.paths]

    def run_worker_rank(self) -> None:
        """Train together with the first of several processes, which does everything else."""
        corpus = self._build_corpus()
        base = resolve_base_model(self._settings)
        self._recipe = with_size_defaults(self._recipe, base)
        self._build_training(base, corpus, math.inf).run(should_stop=self._job.files.stop_requested)

    def run(self) -> None:
        """Run the job to its end; the status then has the result.

        Raises
        ------
        JobStopped
            If a user asked the job to stop.
        SafeCoderError
            If the job cannot be run.
        """
        corpus = self._build_corpus()
        check_enough(corpus)
        base = resolve_base_model(self._settings)
        if self._manifest:
            check_exportable(base)
        self._recipe = with_size_defaults(self._recipe, base)
        self._status.base, self._status.documents = base.name, len(corpus.documents)
        self._status.minutes = expected_minutes(self._recipe)
        base_sha256 = self._registry.base_hash(base)
        check_inputs(self._job.files, base_sha256, corpus)
        suite = EvaluationSuite.of(corpus, self._recipe.eval_samples)
        started = time.monotonic()
        self._reporter.report("Evaluating the base model", 0.05)
        before = self._complete(base, suite.all, 0.05, 0.15)
        spent_s, evaluation_s = time.monotonic() - self._started, time.monotonic() - started
        seconds = training_seconds(self._recipe, base, spent_s, evaluation_s)
        with self._registry.staging(self._job.name) as staged:
            trained = self._train(base, corpus, staged, seconds)
            write_corpus_index(corpus, staged / ADAPTER_INDEX, self._job.name)
            card = self._card(base, base_sha256, corpus, trained)
            while True:
                tuned = self._merge(base, card, staged)
                self._reporter.report("Evaluating the adapter", 0.85)
                after = self._complete(tuned, suite.all, 0.85, 0.99)
                scores = suite.scores(before, after, trained.losses)
                smaller = None if self._manifest else smaller_scale(card.recipe["scale"])
                if smaller is None or not forgotten(scores["general"]):
                    break
                delete_merged(self._cache, _staged_adapter(card, staged))
                scale_files(staged, smaller / card.recipe["scale"])
                card = replace(card, recipe={**card.recipe, "scale": smaller})
            compared = len(suite.compared)
            probe = score_memorization(before[compared:], after[compared:], corpus)
            card = self._registry.commit(staged, self._with_scores(card, scores, probe)).card
        if self._manifest:
            write_report(self._model_directory, card, self._manifest, trained.facts)
        self._finish(
            card, before_and_after(before[: len(suite.held_out)], after[: len(suite.held_out)])
        )

    def _build_corpus(self) -> Corpus:
        if self._manifest:
            self._fetch_sources(self._manifest)
        # Before each file and each cell, so that a job stops at once.
        return build_corpus(
            self._paths,
            lambda share, text: self._reporter.report("Reading the corpus", 0.02 + 0.03 * share),
            CorpusRules.of(self._recipe),
            OptOutList(self._cache),
        )

    def _fetch_sources(self, manifest: Manifest) -> None:
        """Fetch the packages of a manifest, and its base model unless the recipe has a start."""
        start = self._recipe.start
        if not start:
            self._reporter.report("Fetching the base model", 0.0)
            start = str(prepare_base(manifest.base, self._cache).weights.parent)
        self._settings = replace(self._settings, model=start)
        self._paths = fetch_packages(
            manifest,
            self._cache,
            self._recipe.max_modules,
            lambda share, text: self._reporter.report(text, 0.02 * share),
        )

    def _complete(
        self, model: ModelDescription, examples: Sequence[FimExample], start: float, stop: float
    ) -> list[ExampleCompletion]:
        """Return a model's completions from the engine that would serve it.

        ``start`` and ``stop`` are the progress of the job before and after it.
        """
        loaded = load_model(model, self._settings, lambda state, reason, **changes: None)
        completions = complete_examples(
            loaded.model,
            loaded.engine,
            examples,
            lambda share: self._reporter.report(self._status.phase, start + share * (stop - start)),
        )
        # The next phase needs its memory.
        del loaded
        gc.collect()
        return completions

    def _build_training(
        self, base: ModelDescription, corpus: Corpus, seconds: float
    ) -> TrainingLoop:
        from jupyter_safecoder.finetune.training.build import build_training_loop

        return build_training_loop(
            *(base, corpus, self._recipe, self._job.directory),
            device=self._settings.device,
            paths=self._paths,
            seconds=seconds,
        )

    def _train(
        self, base: ModelDescription, corpus: Corpus, staged: Path, seconds: float
    ) -> _Trained:
        """Train, and write the adapter to a directory."""
        from jupyter_safecoder.finetune.training.adapter_weights import scale_adapter
        from jupyter_safecoder.finetune.training.build import sample_builder

        self._reporter.report("Loading the model for training", 0.15)
        training = self._build_training(base, corpus, seconds)
        builder = sample_builder(base, self._recipe)
        general = validation_packs(stdlib_documents("eval"), builder, self._recipe)
        general_before = training.model.mean_loss(general, adapter=False)
        if not training.run(self._on_step, self._job.files.stop_requested):
            raise JobStopped
        self._status.eta_s = None
        scale = scale_adapter(
            training.weights,
            lambda: training.model.mean_loss(general),
            max_general_loss(general_before),
        )
        training.weights.save(staged)
        state = training.state
        # A new adapter changes nothing: the first validation loss is that of the base model.
        losses = Losses(
            held_out=(state.val_curve[0][1], training.val_loss()),
            general=(general_before, training.model.mean_loss(general)),
        )
        facts = {
            "steps": state.step,
            "sample_tokens": state.sample_tokens,
            "computed_tokens": state.computed_tokens,
            "seconds": state.seconds,
        }
        return _Trained(losses, scale, facts)

    def _on_step(self, state: TrainingState) -> None:
        status = self._status
        status.step, status.total_steps = state.step, state.total_steps
        status.tokens_per_s = state.tokens_per_s
        status.train_curve = [list(point) for point in state.train_curve]
        status.val_curve = [list(point) for point in state.val_curve]
        share, status.eta_s = 0.0, None
        if state.total_steps:
            share = state.step / state.total_steps
            step_s = state.seconds / state.step
            status.eta_s = round(step_s * (state.total_steps - state.step))
        self._reporter.report(TRAINING, 0.2 + 0.6 * share)

    @property
    def _model_directory(self) -> Path:
        """The directory of the model that is made of a manifest."""
        return self._cache / "made" / self._job.name

    def _merge(self, base: ModelDescription, card: Card, staged: Path) -> ModelDescription:
        """Return the model with the adapter; for a manifest, it is exported to be published."""
        self._reporter.report("Merging the adapter", 0.8)
        merged = merge_cached(base, _staged_adapter(card, staged), self._cache)
        if not self._manifest:
            return merged
        name = self._manifest.base.model["name"]
        if self._recipe.start and base.name != name:
            name = self._job.name
        description = describe_tuned(base, name, self._recipe.layout_shares)
        return write_model(merged.weights, base.tokenizer, description, self._model_directory)

    def _card(
        self, base: ModelDescription, base_sha256: str, corpus: Corpus, trained: _Trained
    ) -> Card:
        """Return the card of the adapter, without its scores."""
        return Card(
            name=self._job.name,
            base=base.name,
            base_sha256=base_sha256,
            corpus_sha256=corpus.sha256,
            counts={
                "trained_on": len(corpus.train),
                "held_out": len(corpus.held_out),
                "left_out": len(corpus.left_out),
                "secrets": len(corpus.secrets),
                "samples": sum(map(count_samples, corpus.train)),
            },
            recipe={
                **self._recipe.as_dict(),
                # The name alone: the card is published, and paths of this machine are private.
                "sources": Path(self._recipe.sources).name,
                "scale": trained.scale,
            },
            curves={"train": self._status.train_curve, "val": self._status.val_curve},
            scores={},
            probe={},
            accepted=False,
            reason="",
            made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            by=self._request.by,
            versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        )

    @staticmethod
    def _with_scores(card: Card, scores: dict[str, Any], probe: dict[str, Any]) -> Card:
        accepted, reason = accept_adapter(scores["held_out"], scores["general"], probe)
        return replace(card, scores=scores, probe=probe, accepted=accepted, reason=reason)

    def _finish(self, card: Card, examples: list[dict[str, object]]) -> None:
        """Write the result of the job."""
        self._status.result = {
            "adapter": card.name,
            **self._status.plan,
            "steps": self._status.step,
            "tokens_per_s": round(self._status.tokens_per_s, 1),
            "seconds": round(time.monotonic() - self._started, 1),
            **card.scores,
            **({"model": str(self._model_directory)} if self._manifest else {}),
            "probe": card.probe,
            "accepted": card.accepted,
            "reason": card.reason,
            "examples": examples,
        }
        self._status.state, self._status.reason = "done", card.reason
        self._reporter.report(DONE, 1.0, force=True)
