"""The magic itself: arguments in, a display out."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from jupyter_safecoder.backends import training_backend
from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.clients.discovery import own_runtime, running_runtime
from jupyter_safecoder.errors import (
    EngineError,
    FinetuneError,
    InvalidArguments,
    ModelError,
    NotebookError,
    RuntimeRequestError,
)
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo, TrainingBackend
from jupyter_safecoder.finetune.jobs.job import JobStatus
from jupyter_safecoder.finetune.recipe import wished_settings
from jupyter_safecoder.protocol import Cell, CompletionRequest
from jupyter_safecoder.settings import RuntimeSettings

from . import display as show
from .arguments import complete_words, make_parser, parse
from .job_widget import show_job

#: Cells of the session that a completion sees.
_SEEN_CELLS = 40


@magics_class
class SafeCoderMagics(Magics):
    """``%safecoder`` and ``%%safecoder``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell
        self._parser = make_parser()
        self._own = ExitStack()
        self._client: CompletionClient | None = None

    @line_cell_magic
    def safecoder(self, line: str, cell: str | None = None) -> None:
        """The private code assistant; ``%safecoder --help`` tells what it can do."""
        try:
            if cell is not None:
                self._complete(cell.rstrip("\n"), as_next_cell=True)
                return
            options = parse(line, self._parser)
            getattr(self, f"_run_{options.command or 'state'}")(options)
        except SystemExit:
            return  # the help was shown
        except InvalidArguments as error:
            raise UsageError(str(error)) from None
        except NotebookError as problem:
            raise UsageError(str(problem)) from None
        except (FinetuneError, ModelError, EngineError, RuntimeRequestError) as problem:
            raise UsageError(f"{problem.reason} {problem.remedy}".strip()) from None

    def close(self) -> None:
        """End the runtime that was started here."""
        self._own.close()
        self._client = None

    def complete(self, event: Any) -> list[str]:
        """Return what tab offers behind ``%safecoder``."""
        words = event.line.split()[1:]
        if not event.line.endswith(" "):
            words = words[:-1]
        if not words:
            return complete_words([""], [], [])
        offers, jobs = self._seen()
        return complete_words(
            [*words, ""], [job.name for job in jobs], [offer.card.name for offer in offers]
        )

    def _seen(self) -> tuple[list[AdapterInfo], list[JobStatus]]:
        """Return the adapters and jobs that there are for whoever types this."""
        trainer = self._trainer()
        try:
            return trainer.adapters(), trainer.jobs()
        except FinetuneError:
            # Who may not train on a Hub has none.
            return [], []

    def _trainer(self) -> TrainingBackend:
        return training_backend(self._settings)

    def _settings(self) -> RuntimeSettings:
        """Return the settings of the model that people here are served with."""
        if self._client is not None:
            return self._client.settings()
        with running_runtime() as client:
            return client.settings() if client is not None else RuntimeSettings()

    @contextmanager
    def _runtime(self) -> Iterator[CompletionClient]:
        """Yield a client: of the Jupyter server's runtime, or of one of our own from now on."""
        if self._client is None:
            with running_runtime() as running:
                if running is not None:
                    running.wait_until_ready()
                    yield running
                    return
            show.text("No runtime runs here: one is started for this session.")
            self._client = self._own.enter_context(own_runtime(RuntimeSettings()))
        self._client.wait_until_ready()
        yield self._client

    def _run_state(self, options: argparse.Namespace) -> None:
        with running_runtime() as client:
            status = (self._client or client or _NoRuntime()).status()
        show.state(status, *self._seen())

    def _run_complete(self, options: argparse.Namespace) -> None:
        self._complete(" ".join(options.code), as_next_cell=False)

    def _complete(self, code: str, *, as_next_cell: bool) -> None:
        history = [source for source in self._shell.user_ns.get("In", [])[1:-1] if source.strip()]
        before = tuple(
            Cell("code", source)
            for source in history[-_SEEN_CELLS:]
            if not source.lstrip().startswith(("%safecoder", "%%safecoder", "get_ipython()"))
        )
        # Jupyter tells its kernels so which notebook they were started for.
        path = os.environ.get("JPY_SESSION_NAME", "")
        request = CompletionRequest(code, "", before, path=path)
        with self._runtime() as client:
            done = client.complete(request)
        if not done.text:
            show.text(f"No suggestion here ({done.finish_reason}).")
            return
        show.code(code + done.text)
        if as_next_cell:
            self._shell.set_next_input(code + done.text)

    def _run_corpus(self, options: argparse.Namespace) -> None:
        from jupyter_safecoder.finetune.corpus.corpus import build_corpus

        corpus = build_corpus([Path(path).expanduser() for path in options.paths])
        show.corpus(corpus.report())

    def _run_finetune(self, options: argparse.Namespace) -> None:
        job = self._trainer().start(
            options.name,
            [Path(path).expanduser() for path in options.paths],
            wished_settings(options),
            processes=options.processes,
        )
        show_job(job, wait=options.wait)

    def _run_jobs(self, options: argparse.Namespace) -> None:
        show.jobs(self._trainer().jobs())

    def _run_stop(self, options: argparse.Namespace) -> None:
        job = self._trainer().job(options.name)
        job.stop()
        show.text(job.wait().reason)

    def _run_resume(self, options: argparse.Namespace) -> None:
        job = self._trainer().job(options.name)
        job.resume()
        show_job(job, wait=False)

    def _run_delete(self, options: argparse.Namespace) -> None:
        self._trainer().delete(options.name)
        show.text(f"{options.name} is deleted.")

    def _run_adapters(self, options: argparse.Namespace) -> None:
        show.adapters(self._trainer().adapters())

    def _run_use(self, options: argparse.Namespace) -> None:
        report = self._trainer().use(options.name or "", back=options.back)
        now = report["adapter"] or "the model as it is"
        when = "now" if report["switched"] else "from the next start of the runtime on"
        show.text(f"Completions come from {now}, {when}. Back: %safecoder use --back")
        if report["warning"]:
            show.text(f"It was not offered: {report['warning']}")

    def _run_evaluate(self, options: argparse.Namespace) -> None:
        from jupyter_safecoder.evaluation.infill import infill
        from jupyter_safecoder.finetune.corpus.corpus import build_corpus
        from jupyter_safecoder.finetune.evaluation.evaluate import eval_examples, example_task
        from jupyter_safecoder.protocol import CompletionOptions

        corpus = build_corpus([Path(path).expanduser() for path in options.paths])
        places = eval_examples([*corpus.held_out, *corpus.train], 40)
        if not places:
            raise FinetuneError("There is no line to complete in these notebooks.")
        with self._runtime() as client:
            report = infill(
                client, [example_task(place) for place in places], CompletionOptions(raw=True)
            )
        show.scores(report)

    def _run_report(self, options: argparse.Namespace) -> None:
        show.report(self._trainer().card(options.name))


class _NoRuntime:
    def status(self) -> Any:
        from jupyter_safecoder.protocol import Status

        return Status("off", "No runtime runs here; '%safecoder complete' starts one.")


def register(shell: Any) -> SafeCoderMagics:
    """Add the magic to a shell, with what tab offers."""
    magics = SafeCoderMagics(shell)
    shell.register_magics(magics)
    shell.set_hook(
        "complete_command", lambda _, event: magics.complete(event), str_key="%safecoder"
    )
    return magics
