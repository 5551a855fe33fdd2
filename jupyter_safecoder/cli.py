"""``jupyter safecoder``: the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .models import EMBEDDED
from .protocol import Options, Status
from .runtime.settings import RuntimeSettings

_LAYOUTS = ("spm", "psm", "context")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that lacks a character shows a question mark instead of a traceback.
            stream.reconfigure(errors="replace")
    parser = _parser()
    options = parser.parse_args(arguments)
    from .notebook_file import CursorProblem
    from .runtime.client import RuntimeProblem

    try:
        return int(options.run(options) or 0)
    except CursorProblem as problem:
        _complain(str(problem))
    except RuntimeProblem as problem:
        _complain(problem.reason, problem.remedy)
    except KeyboardInterrupt:
        _complain("Interrupted.")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jupyter safecoder", description="The private code assistant for Jupyter."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    complete = _command(commands, "complete", _complete, "complete at a cursor in a notebook file")
    complete.add_argument("file", type=Path, metavar="FILE.ipynb")
    for name, what in (("cell", "cell"), ("line", "line of the cell"), ("column", "column")):
        complete.add_argument(f"--{name}", type=int, required=True, help=f"{what}, counted from 0")
    _generation_options(complete)

    infill = _command(commands, "infill", _infill, "score completions on infilling tasks")
    infill.add_argument("file", type=Path, metavar="TASKS.jsonl")
    _generation_options(infill)

    bench = commands.add_parser("bench", help="measure speed").add_subparsers(
        title="benchmarks", required=True, metavar="BENCHMARK"
    )
    typing = _command(bench, "typing", _bench_typing, "time to first token while somebody types")
    typing.add_argument(
        "file", type=Path, nargs="?", metavar="TASKS.jsonl", help="tasks or a notebook to type"
    )
    typing.add_argument("--notebooks", type=int, default=6, help="how many to type (6)")
    gateway = _command(
        bench, "gateway", _bench_gateway, "what the way to the engine and back takes"
    )
    gateway.add_argument("--requests", type=int, default=300, help="how many to send (300)")

    _command(commands, "doctor", _doctor, "check the installation and say how to mend it")
    _command(commands, "serve", _serve, "run the runtime in the foreground", json_output=False)
    return parser


def _command(
    commands: Any, name: str, run: Callable[[Any], int | None], help: str, json_output: bool = True
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run)
    parser.add_argument(
        "--model", help=f"a model, for a runtime of this command's own ({EMBEDDED})"
    )
    parser.add_argument("--engine", help="an engine, for a runtime of this command's own (auto)")
    if json_output:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _generation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--layout", choices=_LAYOUTS, help="FIM layout (the model's own choice)")
    parser.add_argument("--max-tokens", type=int, help="most tokens to write")
    parser.add_argument("--mode", choices=("auto", "line", "block"), default="auto")
    parser.add_argument("--raw", action="store_true", help="no stop rules, no filters")


def _settings(options: argparse.Namespace) -> RuntimeSettings:
    given = {n: v for n in ("model", "engine") if (v := getattr(options, n)) is not None}
    return RuntimeSettings(**given)


def _options(options: argparse.Namespace, *, raw: bool) -> Options:
    return Options(options.layout, options.max_tokens, options.mode, raw, rules=not options.raw)


def _complete(options: argparse.Namespace) -> int:
    from .notebook_file import read_cells, request_at

    cells, language = read_cells(options.file)
    request = request_at(
        cells, language, options.cell, options.line, options.column, _options(options, raw=False)
    )
    with _runtime(options) as client:
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
        _complain(f"No suggestion here ({done.finish_reason}).")
    _print(json.dumps(report) if options.json else done.text)
    return 0


def _infill(options: argparse.Namespace) -> int:
    from .bench.infill import infill
    from .notebook_file import read_tasks

    tasks = read_tasks(options.file)
    with _runtime(options) as client, _progress("Infilling", len(tasks)) as advance:
        report = infill(client, tasks, _options(options, raw=True), advance)
    return _report(report, options.json)


def _bench_typing(options: argparse.Namespace) -> int:
    from .bench.typing import SAMPLE, bench_typing, choose_tasks
    from .notebook_file import notebook_tasks, read_tasks

    path = options.file or SAMPLE
    tasks = notebook_tasks(path) if path.suffix == ".ipynb" else read_tasks(path)
    chosen = choose_tasks(tasks, options.notebooks)
    layouts = ("spm", "psm")
    with _runtime(options) as client, _progress("Typing", len(chosen) * len(layouts)) as advance:
        report = bench_typing(client, chosen, layouts, lambda done, total: advance(done))
    return _report(report, options.json)


def _bench_gateway(options: argparse.Namespace) -> int:
    from .bench.gateway import bench_gateway

    with _progress("Asking", options.requests) as advance:
        report = bench_gateway(options.requests, advance)
    return _report(report, options.json)


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import examine

    with _spinner("Examining the installation…"):
        report = examine(_settings(options))
    if options.json:
        _print(json.dumps(report))
    else:
        for check in report["checks"]:
            _print(f"{'ok ' if check['ok'] else 'BAD'} {check['name']}: {check['detail']}")
            if check["remedy"]:
                _print(f"    → {check['remedy']}")
    return 0 if report["ok"] else 1


def _serve(options: argparse.Namespace) -> NoReturn:
    from .runtime.process import run_and_exit, serve, silence_telemetry

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("jupyter_safecoder").setLevel(logging.INFO)
    silence_telemetry()

    async def run() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await serve(
            _settings(options),
            lambda path, connection: _print(f"Connection file: {path} (Ctrl-C ends the runtime)"),
            stop,
        )

    run_and_exit(run())


@contextmanager
def _runtime(options: argparse.Namespace) -> Iterator[Any]:
    """Yield a client of a runtime that is ready: one that runs, or else one of our own."""
    from .runtime.client import own_runtime, running_runtime

    with running_runtime() as running:
        if running is not None and options.model is None and options.engine is None:
            _wait(running)
            yield running
            return
    with own_runtime(_settings(options)) as own:
        _wait(own)
        yield own


def _wait(client: Any) -> None:
    with _spinner("Waiting for the runtime…") as say:

        def news(status: Status) -> None:
            share = "" if status.progress is None else f" {status.progress:.0%}"
            say(f"{status.state}{share}: {status.reason}")

        client.wait_until_ready(news)


@contextmanager
def _spinner(text: str) -> Iterator[Callable[[str], None]]:
    from rich.console import Console

    with Console(stderr=True).status(text) as status:
        yield status.update


@contextmanager
def _progress(text: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(text, total=total)
        yield lambda done: progress.update(task, completed=done)


def _report(report: dict[str, Any], as_json: bool) -> int:
    if as_json:
        _print(json.dumps(report))
    else:
        _print_lines(report)
    return 0


def _print_lines(report: dict[str, Any], indent: str = "") -> None:
    for name, value in report.items():
        if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
            _print(f"{indent}{name}")
            _print_lines(value, indent + "  ")
        elif isinstance(value, dict):
            _print(f"{indent}{name}: " + ", ".join(f"{k} {v}" for k, v in value.items()))
        else:
            _print(f"{indent}{name}: {value}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(reason: str, remedy: str = "") -> None:
    sys.stderr.write(f"{reason} {remedy}".strip() + "\n")


if __name__ == "__main__":
    sys.exit(main())
