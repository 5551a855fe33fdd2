"""``jupyter safecoder corpus | finetune | job | adapter``."""

from __future__ import annotations

import argparse
import getpass
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.settings import RuntimeSettings

from .options import add_command, add_engine_arguments, settings
from .output import print_error, print_line, print_report, print_table, progress_share

_PATHS = "notebooks, Python files, and directories of them"


def add_finetune_commands(commands: Any) -> None:
    """Add the commands that make and manage adapters."""
    corpus = add_command(commands, "corpus", _corpus, "what would be learned, and what is left out")
    corpus.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=_PATHS)

    finetune = add_command(commands, "finetune", _finetune, "train an adapter on your notebooks")
    finetune.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=_PATHS)
    finetune.add_argument("--name", required=True, help="of the adapter")
    how = finetune.add_mutually_exclusive_group()
    how.add_argument("--wait", action="store_true", help="until it is done: show the scores")
    how.add_argument(
        "--hold", action="store_true", help="start nothing: 'accelerate launch' does, see the docs"
    )
    finetune.add_argument(
        "--processes", type=int, default=1, help="that train together, one for each GPU (1)"
    )
    _recipe_options(finetune)
    _model_options(finetune)

    job = commands.add_parser("job", help="list, follow, stop and resume training")
    job = job.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _model_options(add_command(job, "list", _jobs, "what trains, and what has"))
    for name, run, what in (
        ("show", _job_show, "where a job stands"),
        ("wait", _job_wait, "wait until a job is over"),
        ("stop", _job_stop, "write a checkpoint and stop"),
        ("resume", _job_resume, "go on from the last checkpoint"),
        ("delete", _job_delete, "delete a job, and the adapter that it made"),
    ):
        parser = add_command(job, name, run, what)
        parser.add_argument("name", metavar="NAME")
        _model_options(parser)

    adapter = commands.add_parser("adapter", help="list, use, check, export and import adapters")
    adapter = adapter.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _model_options(add_command(adapter, "list", _adapters, "the adapters that there are"))
    for name, run, what in (
        ("show", _adapter_show, "the card of an adapter"),
        ("use", _adapter_use, "serve the model with an adapter; '--base': without one"),
        ("verify", _adapter_verify, "check an adapter's files"),
        ("remove", _adapter_remove, "delete an adapter"),
        ("export", _adapter_export, "write an adapter as other servers load it"),
        ("import", _adapter_import, "take an adapter that was exported, or that PEFT wrote"),
    ):
        parser = add_command(adapter, name, run, what)
        if name == "import":
            parser.add_argument("source", type=Path, metavar="DIRECTORY")
            parser.add_argument("--name", help="that it shall have here (the one on its card)")
        elif name == "use":
            chosen = parser.add_mutually_exclusive_group(required=True)
            chosen.add_argument("name", nargs="?", metavar="NAME")
            chosen.add_argument("--base", action="store_true", help="the model as it is")
            chosen.add_argument("--back", action="store_true", help="what was in use before")
        else:
            parser.add_argument("name", metavar="NAME")
        if name == "export":
            parser.add_argument("target", type=Path, metavar="DIRECTORY")
        _model_options(parser)


def _recipe_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipe", type=Path, metavar="FILE.toml", help="settings of the training")
    for name, kind, what in (
        ("--minutes", float, "for the whole run, evaluation included; 0: no bound (9)"),
        ("--steps", int, "exactly so many steps"),
        ("--epochs", int, "most passes over the corpus (6)"),
        ("--rank", int, "of the adapter (16)"),
        ("--seed", int, "of cuts, order and adapter (0)"),
    ):
        parser.add_argument(name, type=kind, help=what)


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="the base model (the embedded one)")
    add_engine_arguments(parser)


def _corpus(options: argparse.Namespace) -> int:
    from jupyter_safecoder.errors import FinetuneError
    from jupyter_safecoder.finetune.corpus.corpus import build_corpus, check_enough

    with progress_share("Reading") as progress:
        corpus = build_corpus(options.paths, progress)
    report = corpus.report()
    if options.json:
        return print_report(report, as_json=True)
    for title, rows in report.items():
        if rows:
            print_line(f"{title.replace('_', ' ')}: {len(rows)}")
            print_table(rows)
    try:
        check_enough(corpus)
    except FinetuneError as problem:
        print_error(problem.reason, problem.remedy)
        return 1
    return 0


def _finetune(options: argparse.Namespace) -> int:
    from jupyter_safecoder.finetune.recipe import wished_settings

    with progress_share("Reading") as progress:
        job = _trainer(options).start(
            options.name,
            options.paths,
            wished_settings(options),
            processes=options.processes,
            hold=options.hold,
            progress=progress,
        )
    if options.hold:
        return print_report({"job": job.name, "directory": str(job.directory)}, options.json)
    if options.wait:
        return _follow(job, options)
    return print_report({"job": job.name, "state": job.status().state}, options.json)


def _trainer(options: argparse.Namespace) -> Any:
    """Return the Hub's, unless the options name a model of this machine."""
    from jupyter_safecoder.backends import training_backend
    from jupyter_safecoder.finetune.jobs.backends import LocalTrainingBackend

    wished = settings(options)
    return (
        LocalTrainingBackend(wished)
        if wished != RuntimeSettings()
        else training_backend(lambda: wished)
    )


def _follow(job: Any, options: argparse.Namespace) -> int:
    with progress_share("Training") as progress:

        def news(status: Any) -> None:
            text = status.phase
            if status.total:
                text += f", step {status.step} of {status.total}"
            if status.held_out:
                text += f", held-out loss {status.held_out[-1][1]:.3f}"
            if status.eta_s is not None:
                text += f", {status.eta_s / 60:.1f} min left"
            progress(status.share, text)

        status = job.wait(news)
    if status.state != "done":
        print_error(status.reason, status.remedy)
        return 1
    result = dict(status.result)
    if options.json:
        return print_report(result, as_json=True)
    examples = result.pop("examples")
    print_report(result, as_json=False)
    print_table(examples)
    return 0


def _jobs(options: argparse.Namespace) -> int:
    rows = [
        {
            "job": status.name,
            "state": status.state,
            "phase": status.phase,
            "step": status.step,
            "of": status.total,
            "reason": status.reason,
        }
        for status in _trainer(options).jobs()
    ]
    if options.json:
        return print_report({"jobs": rows}, as_json=True)
    print_table(rows)
    return 0


def _job_show(options: argparse.Namespace) -> int:
    return print_report(asdict(_trainer(options).job(options.name).status()), options.json)


def _job_wait(options: argparse.Namespace) -> int:
    return _follow(_trainer(options).job(options.name), options)


def _job_stop(options: argparse.Namespace) -> int:
    job = _trainer(options).job(options.name)
    job.stop()
    with progress_share("Writing a checkpoint"):
        status = job.wait()
    return print_report(
        {"job": job.name, "state": status.state, "reason": status.reason}, options.json
    )


def _job_resume(options: argparse.Namespace) -> int:
    job = _trainer(options).job(options.name)
    job.resume()
    return print_report({"job": job.name, "state": job.status().state}, options.json)


def _job_delete(options: argparse.Namespace) -> int:
    _trainer(options).delete(options.name)
    return print_report({"deleted": options.name}, options.json)


def _registry(options: argparse.Namespace) -> Any:
    from jupyter_safecoder.adapters.registry import Registry

    return Registry(settings(options).cache)


def _adapters(options: argparse.Namespace) -> int:
    rows = [
        {
            "adapter": offer.card.name,
            "base": offer.card.base,
            "offered": offer.card.offered,
            "in_use": offer.in_use,
            "made": offer.card.made,
            "by": offer.card.by,
            "reason": offer.card.reason,
        }
        for offer in _trainer(options).adapters()
    ]
    if options.json:
        return print_report({"adapters": rows}, as_json=True)
    print_table(rows)
    return 0


def _adapter_show(options: argparse.Namespace) -> int:
    card = asdict(_trainer(options).card(options.name))
    if options.json:
        return print_report(card, as_json=True)
    curves = card.pop("curves")
    print_report(card, as_json=False)
    print_line(f"held-out loss: {json.dumps(curves.get('held_out', []))}")
    return 0


def _adapter_use(options: argparse.Namespace) -> int:
    with progress_share("Switching") as progress:
        report = _trainer(options).use(options.name or "", back=options.back, progress=progress)
    return print_report(report, options.json)


def _adapter_verify(options: argparse.Namespace) -> int:
    adapter = _registry(options).find(options.name)
    adapter.verify()
    return print_report(
        {"adapter": adapter.name, "ok": True, "files": len(adapter.card.files)}, options.json
    )


def _adapter_remove(options: argparse.Namespace) -> int:
    from jupyter_safecoder.finetune.jobs.backends import delete_adapter

    delete_adapter(settings(options).cache, options.name)
    return print_report({"removed": options.name}, options.json)


def _adapter_export(options: argparse.Namespace) -> int:
    from jupyter_safecoder.adapters.registry import export

    export(_registry(options).find(options.name), options.target)
    return print_report({"adapter": options.name, "directory": str(options.target)}, options.json)


def _adapter_import(options: argparse.Namespace) -> int:
    from jupyter_safecoder.adapters.registry import read_card

    registry, card = _registry(options), read_card(options.source)
    if card is not None and options.name:
        card = replace(card, name=options.name)
    if card is None and options.name:
        from jupyter_safecoder.adapters.peft_import import card_for_peft_adapter
        from jupyter_safecoder.runtime.loading import resolve_base_model

        model = resolve_base_model(settings(options))
        base = registry.base_hash(model)
        card = card_for_peft_adapter(options.source, options.name, model, base, getpass.getuser())
    adapter = registry.import_(options.source, card)
    return print_report(
        {"adapter": adapter.name, "directory": str(adapter.directory)}, options.json
    )
