"""The process of a job: corpus, base's scores, training, adapter's scores, card."""

from __future__ import annotations

import errno
import gc
import importlib.metadata
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_safecoder.adapters.merge import merged
from jupyter_safecoder.adapters.registry import Adapter, Card, Registry
from jupyter_safecoder.errors import EngineError, FinetuneError, ModelError
from jupyter_safecoder.finetune.corpus.corpus import (
    Corpus,
    build_corpus,
    check_enough,
    count_samples,
)
from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents
from jupyter_safecoder.finetune.evaluation.acceptance import judge
from jupyter_safecoder.finetune.evaluation.comparison import before_and_after
from jupyter_safecoder.finetune.evaluation.evaluate import (
    ExampleCompletion,
    complete_examples,
    eval_examples,
    scores,
)
from jupyter_safecoder.finetune.evaluation.memorization import (
    memorization_examples,
    score_memorization,
)
from jupyter_safecoder.finetune.model_build.base_model import prepare_base
from jupyter_safecoder.finetune.model_build.export_model import write_model, write_report
from jupyter_safecoder.finetune.model_build.fetch import fetch_packages
from jupyter_safecoder.finetune.model_build.manifest import Manifest, read_manifest
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import eval_packs
from jupyter_safecoder.finetune.samples.samples import FimExample
from jupyter_safecoder.finetune.training.assembly import make_builder, make_training_loop
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.runtime.loading import load_model, resolve_base_model
from jupyter_safecoder.telemetry import silence_telemetry

from .job import JobRequest, JobStatus, LocalJob, recipe_of

#: Between two notes of where it stands, in seconds.
_TELL_S = 0.5
#: Most cursors on general code that the adapter is judged by.
_GENERAL = 50
#: Nats that a token of general code may cost more than before.
_FORGOTTEN = 0.3
#: Scaling, merging and preparing take about so many seconds for each GB of weights, and at least.
_MERGE_S, _LEAST_MERGE_S = 60.0, 80.0
#: The disk, the share of it that one may have, or the size that a file may have.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PACKAGES = ("jupyter_safecoder", "peft", "torch", "transformers")


if TYPE_CHECKING:
    from jupyter_safecoder.finetune.training.loop import TrainingLoop


class _Stopped(Exception):
    """Somebody asked for it; a checkpoint is written."""


def main(directory: Path) -> int:
    """Work on a job; returns the exit status."""
    job = LocalJob(directory.parent.parent, directory.name)
    silence_telemetry()
    _yield_to_completions()
    if os.environ.get("RANK", "0") != "0":
        # The first of several processes does everything; the others help it to train.
        JobRunner(job, JobStatus(job.name)).help()
        return 0
    with job.lock().acquire(timeout=10):
        job.note("process", str(os.getpid()))
        status = job.status() if (directory / "status.json").exists() else JobStatus(job.name)
        status.state, status.reason, status.remedy = "running", "", ""
        try:
            job.reserve()
            JobRunner(job, status).run()
            job.write_last(status)
            return 0
        except _Stopped:
            status.state, status.reason = "stopped", f"Stopped at step {status.step}."
            status.remedy = "Resume it: it goes on from there."
        except (FinetuneError, ModelError, EngineError) as problem:
            status.state, status.reason, status.remedy = "failed", problem.reason, problem.remedy
        except OSError as error:
            status.state = "failed"
            if error.errno in _FULL:
                status.reason = "The disk is full."
                status.remedy = (
                    "Free some space and resume it: it goes on from its last checkpoint."
                )
            else:
                status.reason = f"{error.filename or 'A file'} cannot be used: {error.strerror}."
                status.remedy = "Mend that and resume it: it goes on from its last checkpoint."
        except MemoryError:
            status.state, status.reason = "failed", "The memory ran out."
            status.remedy = "Choose a smaller model, or less tokens_per_step in a recipe."
        except Exception as error:
            status.state = "failed"
            status.reason = f"TrainingLoop ended with an error ({type(error).__name__})."
            status.remedy = f"{directory / 'log'} has the details."
            job.write_last(status)
            raise
        job.write_last(status)
        return 1


def _yield_to_completions() -> None:
    """Take what processor time nobody else wants: people are typing meanwhile."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif hasattr(os, "nice"):
        os.nice(19)


class JobRunner:
    def __init__(self, job: LocalJob, status: JobStatus) -> None:
        self._job, self._status = job, status
        self._request: JobRequest = job.request()
        self._recipe: Recipe = recipe_of(self._request)
        self._settings = self._request.runtime_settings()
        self._cache = self._settings.cache
        self._registry = Registry(self._cache)
        self._began = time.monotonic()
        self._told = 0.0
        self._tells = True
        self._scale = 1.0
        self._facts: dict[str, float] = {}
        sources = self._recipe.sources
        self._manifest = read_manifest(Path(sources)) if sources else None
        self._paths = [Path(path) for path in self._request.paths]

    def help(self) -> None:
        """Train with the first of several processes, which does and tells everything else."""
        self._tells = False
        self._assemble(resolve_base_model(self._settings), self._corpus(), math.inf).run(
            stop=self._job.stop_wished
        )

    def run(self) -> None:
        manifest = self._manifest
        corpus = self._corpus()
        check_enough(corpus)
        model = resolve_base_model(self._settings)
        base_hash = self._check_same(model, corpus)
        places = eval_examples(corpus.held_out, self._recipe.judged)
        general_number = min(_GENERAL, self._recipe.judged)
        general = eval_examples(stdlib_documents(judging=True), general_number)
        asked = time.monotonic()
        self._say("Asking the model as it is", 0.05)
        before = self._ask(model, [*places, *general], 0.05, 0.15)
        asking_s = time.monotonic() - asked
        left = self._seconds_left(model, asking_s)
        with self._registry.staging(self._job.name) as partial:
            losses = self._train(model, corpus, partial, left)
            draft = self._card(model, base_hash, corpus)
            self._say("Merging the adapter", 0.8)
            candidate = Adapter(_with_files(draft, partial), partial)
            tuned = merged(model, candidate, self._cache)
            if manifest:
                made = self._cache / "made" / self._job.name
                tuned = write_model(tuned.weights, model.tokenizer, manifest, made)
            self._say("Asking the tuned model", 0.85)
            probes = memorization_examples(corpus)
            after = self._ask(tuned, [*places, *general, *probes], 0.85, 0.99)
            both, number = len(places) + len(general), len(places)
            result = {
                "held_out": {
                    "base": scores(before[:number], losses["held_out"][0]),
                    "tuned": scores(after[:number], losses["held_out"][1]),
                },
                "general": {
                    "base": scores(before[number:], losses["general"][0]),
                    "tuned": scores(after[number:both], losses["general"][1]),
                },
            }
            probe = score_memorization(after[both:], corpus)
            offered, reason = judge(result["held_out"], result["general"], probe)
            card = Card(
                **{
                    **vars(draft),
                    "scores": result,
                    "probe": probe,
                    "offered": offered,
                    "reason": reason,
                    "curves": {"train": self._status.curve, "held_out": self._status.held_out},
                }
            )
            self._registry.keep(partial, card)
            if manifest:
                write_report(made, card, manifest, self._facts)
        self._status.result = {
            "adapter": card.name,
            "steps": self._status.step,
            "tokens_per_s": round(self._status.tokens_per_s, 1),
            "seconds": round(time.monotonic() - self._began, 1),
            **result,
            **({"model": str(made)} if manifest else {}),
            "probe": probe,
            "offered": offered,
            "reason": reason,
            "examples": before_and_after(before[:number], after[:number]),
        }
        self._status.state, self._status.reason = "done", reason
        self._say("Done", 1.0, force=True)

    def _corpus(self) -> Corpus:
        if self._manifest:
            self._gather(self._manifest)
        self._say("Reading the corpus", 0.02)
        return build_corpus(self._paths)

    def _gather(self, manifest: Manifest) -> None:
        """Fetch what a manifest names; its base is the model then, or what to start from."""
        start = self._recipe.start
        if not start:
            self._say("Fetching the base", 0.0)
            start = str(prepare_base(manifest.base, self._cache).weights.parent)
        self._settings = replace(self._settings, model=start)
        self._paths = fetch_packages(
            manifest,
            self._cache,
            self._recipe.modules,
            lambda share, text: self._say(text, 0.02 * share),
        )

    def _check_same(self, model: ModelDescription, corpus: Corpus) -> str:
        """Return the base's hash; refuse to go on with another base or corpus than before."""
        base_hash = self._registry.base_hash(model)
        note = self._job.directory / "inputs"
        inputs = f"{base_hash} {corpus.manifest}"
        if note.exists() and note.read_text() != inputs:
            raise FinetuneError(
                "The base model or the notebooks have changed since this job began.",
                "Start it anew: a run goes on only with what it began with.",
            )
        self._job.note(note.name, inputs)
        return base_hash

    def _seconds_left(self, model: ModelDescription, asking_s: float) -> float:
        if self._recipe.steps or not self._recipe.minutes:
            return math.inf
        merge_s = max(_LEAST_MERGE_S, _MERGE_S * model.weights_bytes / 1e9)
        spent = time.monotonic() - self._began
        return max(10.0, 60 * self._recipe.minutes - spent - 1.2 * asking_s - merge_s)

    def _ask(
        self, model: ModelDescription, places: Sequence[FimExample], first: float, last: float
    ) -> list[ExampleCompletion]:
        """Return a model's answers, on the engine that would serve it."""
        loaded = load_model(model, self._settings, lambda state, reason, **changes: None)
        answers = complete_examples(
            loaded.model,
            loaded.engine,
            places,
            lambda share: self._say(self._status.phase, first + share * (last - first)),
        )
        # Its memory is needed by what comes next.
        del loaded
        gc.collect()
        return answers

    def _assemble(self, model: ModelDescription, corpus: Corpus, seconds: float) -> TrainingLoop:
        return make_training_loop(
            *(model, corpus, self._recipe, self._job.directory),
            device=self._settings.device,
            paths=self._paths,
            seconds=seconds,
        )

    def _train(
        self, model: ModelDescription, corpus: Corpus, partial: Path, seconds: float
    ) -> dict[str, tuple[float, float]]:
        from jupyter_safecoder.finetune.training.loop import Progress

        self._say("Loading the model for training", 0.15)
        training = self._assemble(model, corpus, seconds)
        forgetting = eval_packs(
            stdlib_documents(judging=True),
            make_builder(model, self._recipe),
            self._recipe.tokens_per_step,
        )
        forgotten = training.loss_of(forgetting, adapted=False)

        def news(progress: Progress) -> None:
            status = self._status
            status.step, status.total = progress.step, progress.total
            status.tokens_per_s = progress.tokens_per_s
            status.curve = [list(point) for point in progress.curve]
            status.held_out = [list(point) for point in progress.held_out]
            share = progress.step / progress.total if progress.total else 0.0
            status.eta_s = None
            if progress.total:
                pace = progress.seconds / progress.step
                status.eta_s = round(pace * (progress.total - progress.step))
            self._say("TrainingLoop", 0.2 + 0.6 * share)

        if not training.run(news, self._job.stop_wished):
            raise _Stopped
        self._status.eta_s = None
        self._facts = {
            name: getattr(training.progress, name)
            for name in ("sample_tokens", "computed_tokens", "seconds")
        } | {"steps": training.progress.step}
        self._scale = training.temper(forgetting, forgotten + _FORGOTTEN)
        training.write_adapter(partial)
        # The adapter began at nothing: the first held-out loss is the base's.
        base = training.progress.held_out[0][1]
        return {
            "held_out": (base, training.loss_of()),
            "general": (forgotten, training.loss_of(forgetting)),
        }

    def _card(self, model: ModelDescription, base_hash: str, corpus: Corpus) -> Card:
        return Card(
            name=self._job.name,
            base=model.name,
            base_sha256=base_hash,
            corpus_sha256=corpus.manifest,
            counts={
                "trained_on": len(corpus.train),
                "held_out": len(corpus.held_out),
                "left_out": len(corpus.left_out),
                "secrets": len(corpus.secrets),
                "samples": sum(map(count_samples, corpus.train)),
            },
            recipe={
                **self._recipe.as_dict(),
                # Where it lies on this machine is nobody else's business.
                "sources": Path(self._recipe.sources).name,
                "scale": self._scale,
            },
            curves={},
            scores={},
            probe={},
            offered=False,
            reason="",
            made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            by=self._request.by,
            versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        )

    def _say(self, phase: str, share: float, *, force: bool = False) -> None:
        if not self._tells:
            return
        now = time.monotonic()
        if phase != self._status.phase or force or now - self._told > _TELL_S:
            self._told = now
            self._status.phase, self._status.share = phase, round(share, 3)
            self._job.write(self._status)
        # While it trains, a checkpoint is written first.
        if phase not in ("TrainingLoop", "Done") and self._job.stop_wished():
            raise _Stopped


def _with_files(card: Card, directory: Path) -> Card:
    from jupyter_safecoder.adapters.registry import CONFIG, WEIGHTS
    from jupyter_safecoder.models.fingerprint import hash_file

    return Card(
        **{**vars(card), "files": {name: hash_file(directory / name) for name in (WEIGHTS, CONFIG)}}
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
