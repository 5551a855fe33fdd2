"""The magic ``%safecoder``: runs a command, and displays its output."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from jupyter_safecoder.backends import training_backend
from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.clients.discovery import own_runtime, running_runtime, running_settings
from jupyter_safecoder.errors import FinetuneError, SafeCoderError
from jupyter_safecoder.finetune.arguments import recipe_settings
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo, TrainingBackend
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.protocol import Cell, CompletionOptions, CompletionRequest, Status
from jupyter_safecoder.settings import RuntimeSettings

from . import display
from .arguments import MagicArguments
from .job_widget import show_job

#: Maximum cells of the session in the context of a completion.
_MAX_CONTEXT_CELLS = 40
#: Maximum lines that ``evaluate`` completes.
_MAX_EVALUATED = 40
_NO_RUNTIME = Status("off", "No runtime runs here; '%safecoder complete' starts one.")


@magics_class
class SafeCoderMagics(Magics):
    """``%safecoder`` and ``%%safecoder``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell
        self._arguments = MagicArguments()
        self._own_runtime = ExitStack()
        self._client: CompletionClient | None = None

    @line_cell_magic
    def safecoder(self, line: str, cell: str | None = None) -> None:
        """The private code assistant; ``%safecoder --help`` lists its commands."""
        try:
            if cell is not None:
                self._complete_code(cell.rstrip("\n"), as_next_cell=True)
                return
            arguments = self._arguments.parse(line)
            getattr(self, f"_run_{arguments.command or 'state'}")(arguments)
        except SystemExit:
            return  # the help was printed
        except SafeCoderError as error:
            raise UsageError(f"{error.reason} {error.remedy}".strip()) from None

    def close(self) -> None:
        """Stop the runtime that was started for this session."""
        self._own_runtime.close()
        self._client = None

    def complete(self, event: Any) -> list[str]:
        """Return the completions of Tab after ``%safecoder``."""
        words = event.line.split()[1:]
        if not event.line.endswith(" "):
            words = words[:-1]
        if not words:
            return self._arguments.complete("")
        adapters, jobs = self._adapters_and_jobs()
        return self._arguments.complete(
            words[0], [job.name for job in jobs], [info.card.name for info in adapters]
        )

    def _adapters_and_jobs(self) -> tuple[list[AdapterInfo], list[JobStatus]]:
        """Return the user's adapters and jobs."""
        backend = self._backend()
        try:
            return backend.adapters(), backend.jobs()
        except FinetuneError:
            # Users of a Hub who are not allowed to train have none.
            return [], []

    def _backend(self) -> TrainingBackend:
        return training_backend(self._settings)

    def _settings(self) -> RuntimeSettings:
        """Return the settings of the runtime that serves this user."""
        return self._client.settings() if self._client is not None else running_settings()

    @contextmanager
    def _runtime(self) -> Iterator[CompletionClient]:
        """Yield a client of the server's runtime, or of one that is started for this session."""
        if self._client is None:
            with running_runtime() as running:
                if running is not None:
                    running.wait_until_ready()
                    yield running
                    return
            display.text("No runtime runs here: one is started for this session.")
            self._client = self._own_runtime.enter_context(own_runtime(RuntimeSettings()))
        self._client.wait_until_ready()
        yield self._client

    def _run_state(self, arguments: argparse.Namespace) -> None:
        with running_runtime() as running:
            client = self._client or running
            status = client.status() if client is not None else _NO_RUNTIME
        display.state(status, *self._adapters_and_jobs())

    def _run_complete(self, arguments: argparse.Namespace) -> None:
        self._complete_code(" ".join(arguments.code), as_next_cell=False)

    def _complete_code(self, code: str, *, as_next_cell: bool) -> None:
        history = [source for source in self._shell.user_ns.get("In", [])[1:-1] if source.strip()]
        before = tuple(
            Cell("code", source)
            for source in history[-_MAX_CONTEXT_CELLS:]
            if not source.lstrip().startswith(("%safecoder", "%%safecoder", "get_ipython()"))
        )
        # Jupyter sets this variable to the notebook that a kernel is started for.
        path = os.environ.get("JPY_SESSION_NAME", "")
        request = CompletionRequest(code, "", before, path=path)
        with self._runtime() as client:
            completion = client.complete(request)
        if not completion.text:
            display.text(f"No completion here ({completion.finish_reason}).")
            return
        display.code(code + completion.text)
        if as_next_cell:
            self._shell.set_next_input(code + completion.text)

    def _run_corpus(self, arguments: argparse.Namespace) -> None:
        from jupyter_safecoder.attribution.optout import OptOutList
        from jupyter_safecoder.finetune.arguments import corpus_rules
        from jupyter_safecoder.finetune.corpus.corpus import build_corpus

        rules, optout = corpus_rules(arguments), OptOutList(RuntimeSettings().cache)
        display.corpus(build_corpus(arguments.paths, rules=rules, optout=optout).report())

    def _run_finetune(self, arguments: argparse.Namespace) -> None:
        job = self._backend().start(
            arguments.name,
            arguments.paths,
            recipe_settings(arguments),
            processes=arguments.processes,
            launch=not arguments.no_start,
            announce=display.plan,
        )
        if arguments.no_start:
            assert isinstance(job, LocalJob)  # the Hub's service starts its jobs itself
            display.text(f"'accelerate launch' starts the job in {job.directory}.")
        else:
            show_job(job, wait=arguments.wait)

    def _run_jobs(self, arguments: argparse.Namespace) -> None:
        display.jobs(self._backend().jobs())

    def _run_stop(self, arguments: argparse.Namespace) -> None:
        job = self._backend().job(arguments.name)
        job.stop()
        display.text(job.wait().reason)

    def _run_resume(self, arguments: argparse.Namespace) -> None:
        job = self._backend().job(arguments.name)
        job.resume()
        show_job(job, wait=False)

    def _run_delete(self, arguments: argparse.Namespace) -> None:
        self._backend().delete(arguments.name)
        display.text(f"{arguments.name} is deleted.")

    def _run_adapters(self, arguments: argparse.Namespace) -> None:
        display.adapters(self._backend().adapters())

    def _run_use(self, arguments: argparse.Namespace) -> None:
        report = self._backend().use(arguments.name or "", previous=arguments.previous)
        source = report["adapter"] or "the base model"
        when = "now" if report["switched"] else "from the next start of the runtime on"
        display.text(
            f"Completions come from {source}, {when}. To go back: %safecoder use --previous"
        )
        if report["warning"]:
            display.text(f"Warning: {report['warning']}")

    def _run_evaluate(self, arguments: argparse.Namespace) -> None:
        from jupyter_safecoder.evaluation.infill import infill
        from jupyter_safecoder.finetune.arguments import corpus_rules
        from jupyter_safecoder.finetune.corpus.corpus import build_corpus
        from jupyter_safecoder.finetune.evaluation.evaluate import eval_examples, example_task

        corpus = build_corpus(arguments.paths, rules=corpus_rules(arguments))
        examples = eval_examples([*corpus.held_out, *corpus.train], _MAX_EVALUATED)
        if not examples:
            raise FinetuneError("There is no line to complete in these notebooks.")
        tasks = [example_task(example) for example in examples]
        with self._runtime() as client:
            display.scores(infill(client, tasks, CompletionOptions(raw=True)))

    def _run_report(self, arguments: argparse.Namespace) -> None:
        display.report(self._backend().card(arguments.name))


def register(shell: Any) -> SafeCoderMagics:
    """Add the magic and its completions to a shell."""
    magics = SafeCoderMagics(shell)
    shell.register_magics(magics)
    shell.set_hook(
        "complete_command", lambda _, event: magics.complete(event), str_key="%safecoder"
    )
    return magics
