"""Arguments that several commands share, and the settings and runtime that they describe."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.option import add_arguments, given_arguments
from jupyter_safecoder.protocol import SOURCES, Status
from jupyter_safecoder.settings import RuntimeSettings

from .output import progress_spinner

#: Options for finding a model and running it.
ENGINE_ARGUMENTS = (
    *("engine", "device", "precision", "revision", "allow_downloads", "catalogues", "cache_dir"),
)
_REMOTE_ARGUMENTS = (
    *("remote_url", "remote_model", "remote_key_file", "remote_ca_file"),
    *("remote_certificate_file", "remote_certificate_key_file"),
)


def add_command(
    commands: Any, name: str, run: Callable[[Any], int | None], help: str, json_output: bool = True
) -> argparse.ArgumentParser:
    """Add a command; returns its parser.

    Parameters
    ----------
    commands
        The subparsers to add it to.
    name, help
        As ``--help`` shows them.
    run
        Called with the parsed arguments; returns the exit status.
    json_output
        Whether the command has the option ``--json``.
    """
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run)
    if json_output:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def add_sources_argument(parser: argparse.ArgumentParser, help: str) -> None:
    """Add ``--sources``, which takes names of what a prompt has besides the current cell.

    Parameters
    ----------
    parser
        The parser of the command.
    help
        What the command does with them.
    """
    parser.add_argument(
        "--sources",
        type=_sources,
        metavar="SOURCE,SOURCE",
        help=f"{help}: of {', '.join(SOURCES)}",
    )


def _sources(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in SOURCES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SOURCES)}")
    return names


def add_runtime_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that :func:`runtime` reads."""
    add_arguments(parser, RuntimeSettings, ("model", *ENGINE_ARGUMENTS))


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for finding a model and running it."""
    add_arguments(parser, RuntimeSettings, ENGINE_ARGUMENTS)


def add_remote_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a completion server that runs the model."""
    add_arguments(parser, RuntimeSettings, _REMOTE_ARGUMENTS)


def add_editor_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of requests of other editors."""
    add_arguments(parser, RuntimeSettings, ("strict_model_names",))


def settings(arguments: argparse.Namespace) -> RuntimeSettings:
    """Return the settings of the arguments; other options have their defaults."""
    return RuntimeSettings(**given_arguments(arguments, RuntimeSettings))


@contextmanager
def runtime(
    arguments: argparse.Namespace, deadline_s: float | None = None
) -> Iterator[CompletionClient]:
    """Yield a client of a runtime that is ready: the running one, or a new one.

    A new runtime is started if none runs, or if the arguments have options of a runtime.

    Parameters
    ----------
    arguments
        The command's.
    deadline_s
        Seconds after which a completion of a new runtime ends; ``None``: the default.
    """
    from jupyter_safecoder.clients.discovery import own_runtime, running_runtime

    with running_runtime() as running:
        if running is not None and not given_arguments(arguments, RuntimeSettings):
            wait_until_ready(running)
            yield running
            return
    chosen = settings(arguments)
    if deadline_s is not None:
        chosen = replace(chosen, deadline_s=deadline_s)
    with own_runtime(chosen) as own:
        wait_until_ready(own)
        yield own


def wait_until_ready(client: CompletionClient) -> None:
    """Wait until a runtime is ready, and show its status meanwhile."""
    with progress_spinner("Waiting for the runtime…") as show:

        def on_status(status: Status) -> None:
            share = "" if status.progress is None else f" {status.progress:.0%}"
            show(f"{status.state}{share}: {status.reason}")

        client.wait_until_ready(on_status)
