"""``jupyter safecoder corpus | finetune | job``."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.extras import CORPUS, require_extra
from jupyter_safecoder.models import AUTO_MODEL
from jupyter_safecoder.option import given_arguments
from jupyter_safecoder.settings import RuntimeSettings

from .options import add_command, add_engine_arguments, settings
from .output import print_error, print_line, print_report, print_table, progress_share

if TYPE_CHECKING:
    from jupyter_safecoder.finetune.jobs.backends import TrainingBackend
    from jupyter_safecoder.finetune.jobs.job import Job
    from jupyter_safecoder.finetune.jobs.status import JobStatus


def add_finetune_commands(commands: Any) -> None:
    """Add the commands that train adapters."""
    from jupyter_safecoder.finetune.arguments import add_corpus_arguments, add_finetune_arguments

    corpus = add_command(
        commands, "corpus", _corpus, "show what would be learned, and what is left out"
    )
    add_corpus_arguments(corpus)
    finetune = add_command(commands, "finetune", _finetune, "train an adapter on notebooks")
    add_finetune_arguments(finetune)
    add_base_arguments(finetune)
    _add_job_commands(commands)


def _add_job_commands(commands: Any) -> None:
    job = commands.add_parser("job", help="list, show, stop, resume and delete training jobs")
    job = job.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_base_arguments(add_command(job, "list", _list_jobs, "list training jobs"))
    for name, run, text in (
        ("show", _show_job, "show the status of a job"),
        ("wait", _wait_for_job, "wait until a job is over"),
        ("stop", _stop_job, "write a checkpoint and stop a job"),
        ("resume", _resume_job, "continue a job from its last checkpoint"),
        ("delete", _delete_job, "delete a job and its adapter"),
    ):
        parser = add_command(job, name, run, text)
        parser.add_argument("name", metavar="NAME", help="name of the job")
        add_base_arguments(parser)


def add_base_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the base model."""
    parser.add_argument("--model", help="base model (default: auto, the one that is served)")
    add_engine_arguments(parser)


def training_backend_for(arguments: argparse.Namespace) -> TrainingBackend:
    """Return the Hub's backend on a Hub, unless the arguments name a model of this machine."""
    from jupyter_safecoder.backends import training_backend
    from jupyter_safecoder.finetune.jobs.backends import LocalTrainingBackend

    if settings(arguments) != RuntimeSettings():
        return LocalTrainingBackend(base_settings(arguments))
    return training_backend(lambda: base_settings(arguments))


def base_settings(arguments: argparse.Namespace) -> RuntimeSettings:
    """Return the settings of the base model.

    They are those of the runtime that runs, with the options of the arguments; options that name a
    model or a cache directory stand alone.
    """
    from jupyter_safecoder.clients.discovery import running_settings

    given = given_arguments(arguments, RuntimeSettings)
    stand_alone = given.get("model", AUTO_MODEL) != AUTO_MODEL or "cache_dir" in given
    return replace(RuntimeSettings() if stand_alone else running_settings(), **given)


def _corpus(arguments: argparse.Namespace) -> int:
    require_extra(*CORPUS)
    from jupyter_safecoder.attribution.optout import OptOutList
    from jupyter_safecoder.errors import FinetuneError
    from jupyter_safecoder.finetune.arguments import corpus_rules
    from jupyter_safecoder.finetune.corpus.corpus import build_corpus
    from jupyter_safecoder.finetune.corpus.scan import check_enough

    with progress_share("Reading") as progress:
        optout = OptOutList(RuntimeSettings().cache)
        corpus = build_corpus(arguments.paths, progress, corpus_rules(arguments), optout)
    report = corpus.report()
    if arguments.json:
        return print_report(report, as_json=True)
    for title, rows in report.items():
        if rows:
            print_line(f"{title.replace('_', ' ')}: {len(rows)}")
            print_table(rows)
    try:
        check_enough(corpus)
    except FinetuneError as error:
        print_error(error.reason, error.remedy)
        return 1
    return 0


def _finetune(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.finetune.arguments import recipe_settings
    from jupyter_safecoder.finetune.jobs.job import LocalJob
    from jupyter_safecoder.finetune.jobs.status import describe_plan

    def announce(status: JobStatus) -> None:
        if not arguments.json:
            stop = f"Stop it at any time: 'jupyter safecoder job stop {status.name}'."
            print_line(f"{describe_plan(status)} {stop}")

    with progress_share("Reading") as progress:
        job = training_backend_for(arguments).start(
            arguments.name,
            arguments.paths,
            recipe_settings(arguments),
            processes=arguments.processes,
            launch=not arguments.no_start,
            progress=progress,
            announce=announce,
        )
    if arguments.wait:
        return _follow(job, arguments)
    status = job.status()
    report = {"job": job.name, "state": status.state}
    if arguments.no_start:
        assert isinstance(job, LocalJob)  # the Hub's service starts its jobs itself
        report = {"job": job.name, "directory": str(job.directory)}
    # As text, the plan was announced.
    plan = status.plan | status.memory
    return print_report(report | plan if arguments.json else report, arguments.json)


def _follow(job: Job, arguments: argparse.Namespace) -> int:
    with progress_share("Training") as progress:

        def on_status(status: JobStatus) -> None:
            text = status.phase
            if status.total_steps:
                text += f", step {status.step} of {status.total_steps}"
            if status.val_curve:
                text += f", validation loss {status.val_curve[-1][1]:.3f}"
            if status.eta_s is not None:
                text += f", {status.eta_s / 60:.1f} min left"
            progress(status.progress, text)

        status = job.wait(on_status)
    if status.state != "done" or status.result is None:
        print_error(status.reason, status.remedy)
        return 1
    result = dict(status.result)
    if arguments.json:
        return print_report(result, as_json=True)
    examples = result.pop("examples")
    print_report(result, as_json=False)
    print_table(examples)
    return 0


def _list_jobs(arguments: argparse.Namespace) -> int:
    rows = [
        {
            "job": status.name,
            "state": status.state,
            "phase": status.phase,
            "step": status.step,
            "total_steps": status.total_steps,
            "reason": status.reason,
        }
        for status in training_backend_for(arguments).jobs()
    ]
    if arguments.json:
        return print_report({"jobs": rows}, as_json=True)
    print_table(rows)
    return 0


def _show_job(arguments: argparse.Namespace) -> int:
    status = training_backend_for(arguments).job(arguments.name).status()
    return print_report(asdict(status), arguments.json)


def _wait_for_job(arguments: argparse.Namespace) -> int:
    return _follow(training_backend_for(arguments).job(arguments.name), arguments)


def _stop_job(arguments: argparse.Namespace) -> int:
    job = training_backend_for(arguments).job(arguments.name)
    job.stop()
    with progress_share("Writing a checkpoint"):
        status = job.wait()
    return print_report(
        {"job": job.name, "state": status.state, "reason": status.reason}, arguments.json
    )


def _resume_job(arguments: argparse.Namespace) -> int:
    job = training_backend_for(arguments).job(arguments.name)
    job.resume()
    return print_report({"job": job.name, "state": job.status().state}, arguments.json)


def _delete_job(arguments: argparse.Namespace) -> int:
    training_backend_for(arguments).delete(arguments.name)
    return print_report({"deleted": arguments.name}, arguments.json)
