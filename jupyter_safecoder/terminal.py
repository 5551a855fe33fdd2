"""What all commands share: options, a runtime to ask, progress, and how a report is printed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .models import EMBEDDED
from .protocol import Status
from .runtime.settings import RuntimeSettings

#: Settings that are options of the same name.
_SETTINGS = (
    *("model", "engine", "device", "precision", "revision", "allow_downloads", "cache_dir"),
    *("remote_url", "remote_model", "remote_key_file", "remote_ca_file"),
    *("remote_certificate_file", "remote_certificate_key_file"),
)


def command(
    commands: Any, name: str, run: Callable[[Any], int | None], help: str, json_output: bool = True
) -> argparse.ArgumentParser:
    """Add a command; ``run`` gets its options and returns the exit status."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run)
    if json_output:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def runtime_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`settings` reads."""
    parser.add_argument(
        "--model", help=f"a model, for a runtime of this command's own ({EMBEDDED})"
    )
    engine_options(parser)


def engine_options(parser: argparse.ArgumentParser) -> None:
    """Add how to run a model, and where to look for it."""
    parser.add_argument("--engine", help="what runs the model (auto)")
    parser.add_argument("--device", help="the device, by the engine's name of it")
    parser.add_argument(
        "--precision",
        choices=("fp32", "bf16", "fp16", "int8", "int4"),
        help="precision of the weights (what suits the device)",
    )
    parser.add_argument("--revision", help="revision of a model from a hub")
    parser.add_argument(
        "--allow-downloads", action="store_true", default=None, help="download it if need be"
    )
    parser.add_argument("--cache-dir", help="where prepared models are kept")


def remote_options(parser: argparse.ArgumentParser) -> None:
    """Add which server computes instead, and how it is trusted."""
    for name, metavar, what in (
        ("url", "URL", "the completion server that computes, for instance a vLLM"),
        ("model", "NAME", "the server's name of the model (its only one)"),
        ("key-file", "FILE", "has the key that the server asks for"),
        ("ca-file", "FILE.pem", "the authorities that it is trusted by (the system's)"),
        ("certificate-file", "FILE.pem", "our certificate, if the server asks for one"),
        ("certificate-key-file", "FILE.pem", "the key of that certificate"),
    ):
        parser.add_argument(f"--remote-{name}", metavar=metavar, help=what)


def settings(options: argparse.Namespace) -> RuntimeSettings:
    """Return the settings that a command's options ask for."""
    return RuntimeSettings(**_given(options))


def _given(options: argparse.Namespace) -> dict[str, Any]:
    return {name: v for name in _SETTINGS if (v := getattr(options, name, None)) is not None}


def given_arguments(options: argparse.Namespace) -> list[str]:
    """Return the options that :func:`settings` reads as arguments for another command."""
    return [
        f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}")
        for name, value in _given(options).items()
    ]


@contextmanager
def runtime(options: argparse.Namespace) -> Iterator[Any]:
    """Yield a client of a runtime that is ready: one that runs, or else one of our own."""
    from .runtime.client import own_runtime, running_runtime

    with running_runtime() as running:
        if running is not None and not _given(options):
            wait_until_ready(running)
            yield running
            return
    with own_runtime(settings(options)) as own:
        wait_until_ready(own)
        yield own


def wait_until_ready(client: Any) -> None:
    """Wait for a runtime, and show its states on the way."""
    with spinner("Waiting for the runtime…") as say:

        def news(status: Status) -> None:
            share = "" if status.progress is None else f" {status.progress:.0%}"
            say(f"{status.state}{share}: {status.reason}")

        client.wait_until_ready(news)


@contextmanager
def spinner(text: str) -> Iterator[Callable[[str], None]]:
    """Show that something goes on; yields a function that changes the text."""
    from rich.console import Console

    with Console(stderr=True).status(text) as status:
        yield status.update


@contextmanager
def work(text: str) -> Iterator[Callable[[float, str], None]]:
    """Show work as a share; yields a function that takes it, 0 to 1, and what is being done."""
    with spinner(f"{text}…") as change:
        yield lambda share, what: change(f"{what} ({share:.0%})")


@contextmanager
def progress(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar; yields a function that takes how many of ``total`` are done."""
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
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done: bar.update(task, completed=done)


def show(content: dict[str, Any], as_json: bool) -> int:
    """Print a report for programs, or for people; returns the exit status."""
    if as_json:
        say(json.dumps(content))
    else:
        _say_lines(content)
    return 0


def show_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows that have the same keys as a table; what a row has no value for stays empty."""
    from rich.console import Console
    from rich.table import Column, Table

    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*(Column(column, overflow="fold") for column in columns))
    for row in rows:
        values = (row.get(column) for column in columns)
        table.add_row(*("" if value is None else str(value) for value in values))
    Console().print(table)


def _say_lines(content: dict[str, Any], indent: str = "") -> None:
    for name, value in content.items():
        if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
            say(f"{indent}{name}")
            _say_lines(value, indent + "  ")
        elif isinstance(value, dict):
            say(f"{indent}{name}: " + ", ".join(f"{k} {v}" for k, v in value.items()))
        else:
            say(f"{indent}{name}: {value}")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


def complain(reason: str, remedy: str = "") -> None:
    """Print what went wrong, and what to do about it, as one line on standard error."""
    sys.stderr.write(f"{reason} {remedy}".strip() + "\n")
