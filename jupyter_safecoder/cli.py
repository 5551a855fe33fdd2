"""``jupyter safecoder``: the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from . import __version__
from .bench.commands import bench_commands
from .finetune.commands import finetune_commands
from .hub.commands import hub_commands
from .model_commands import model_commands
from .prompt import LAYOUTS
from .protocol import Options
from .terminal import (
    command,
    complain,
    progress,
    runtime,
    runtime_options,
    say,
    settings,
    show,
    spinner,
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that lacks a character shows a question mark instead of a traceback.
            stream.reconfigure(errors="replace")
    parser = _parser()
    options = parser.parse_args(arguments)
    from .engines import EngineProblem
    from .finetune.problem import FinetuneProblem
    from .models import ModelProblem
    from .notebook_file import CursorProblem
    from .runtime.client import RuntimeProblem

    try:
        return int(options.run(options) or 0)
    except CursorProblem as problem:
        complain(str(problem))
    except (RuntimeProblem, ModelProblem, EngineProblem, FinetuneProblem) as problem:
        complain(problem.reason, problem.remedy)
    except KeyboardInterrupt:
        complain("Interrupted.")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jupyter safecoder", description="The private code assistant for Jupyter."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    complete = command(commands, "complete", _complete, "complete at a cursor in a notebook file")
    complete.add_argument("file", type=Path, metavar="FILE.ipynb")
    for name, what in (("cell", "cell"), ("line", "line of the cell"), ("column", "column")):
        complete.add_argument(f"--{name}", type=int, required=True, help=f"{what}, counted from 0")
    _generation_options(complete)
    runtime_options(complete)

    infill = command(commands, "infill", _infill, "score completions on infilling tasks")
    infill.add_argument("file", type=Path, metavar="TASKS.jsonl")
    _generation_options(infill)
    runtime_options(infill)

    model_commands(commands)
    finetune_commands(commands)
    bench_commands(commands)
    hub_commands(commands)

    for name, run, what in (
        ("doctor", _doctor, "check the installation and say how to mend it"),
        ("serve", _serve, "run the runtime in the foreground"),
    ):
        runtime_options(command(commands, name, run, what, json_output=run is not _serve))
    return parser


def _generation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layout", choices=tuple(LAYOUTS), help="FIM layout (the model's own choice)"
    )
    parser.add_argument("--max-tokens", type=int, help="most tokens to write")
    parser.add_argument("--mode", choices=("auto", "line", "block"), default="auto")
    parser.add_argument("--raw", action="store_true", help="no stop rules, no filters")


def _options(options: argparse.Namespace, *, raw: bool) -> Options:
    return Options(options.layout, options.max_tokens, options.mode, raw, rules=not options.raw)


def _complete(options: argparse.Namespace) -> int:
    from .notebook_file import read_cells, request_at

    cells, language = read_cells(options.file)
    request = request_at(
        cells, language, options.cell, options.line, options.column, _options(options, raw=False)
    )
    with runtime(options) as client:
        done = client.complete(request)
    report = {
        "text": done.text,
        "ttft_ms": done.ttft_ms,
        "total_ms": done.total_ms,
        "prompt_tokens": done.prompt_tokens,
        "completion_tokens": done.completion_tokens,
        "finish_reason": done.finish_reason,
        "layout": done.layout,
    }
    if not done.text and not options.json:
        complain(f"No suggestion here ({done.finish_reason}).")
    say(json.dumps(report) if options.json else done.text)
    return 0


def _infill(options: argparse.Namespace) -> int:
    from .bench.infill import infill
    from .notebook_file import read_tasks

    tasks = read_tasks(options.file)
    with runtime(options) as client, progress("Infilling", len(tasks)) as advance:
        report = infill(client, tasks, _options(options, raw=True), advance)
    return show(report, options.json)


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import examine

    with spinner("Examining the installation…"):
        report = examine(settings(options))
    if options.json:
        say(json.dumps(report))
    else:
        for check in report["checks"]:
            say(f"{'ok ' if check['ok'] else 'BAD'} {check['name']}: {check['detail']}")
            if check["remedy"]:
                say(f"    → {check['remedy']}")
    return 0 if report["ok"] else 1


def _serve(options: argparse.Namespace) -> NoReturn:
    from .runtime.huge_pages import begin_with_huge_pages
    from .runtime.process import run_and_exit, serve, silence_telemetry

    begin_with_huge_pages()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("jupyter_safecoder").setLevel(logging.INFO)
    wished = settings(options)
    silence_telemetry(offline=not wished.allow_downloads)

    async def run() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await serve(
            wished,
            lambda path, connection: say(f"Connection file: {path} (Ctrl-C ends the runtime)"),
            stop,
        )

    run_and_exit(run())


if __name__ == "__main__":
    sys.exit(main())
