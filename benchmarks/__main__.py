"""``python -m benchmarks NAME``: runs a benchmark for developers, from a clone."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path
from typing import Any

from jupyter_safecoder.cli.bench import add_tasks_argument
from jupyter_safecoder.cli.options import (
    add_command,
    add_engine_arguments,
    add_runtime_arguments,
)
from jupyter_safecoder.cli.output import (
    print_error,
)
from jupyter_safecoder.errors import SafeCoderError
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.models.random_weights import SHAPES
from jupyter_safecoder.option import add_arguments
from jupyter_safecoder.settings import RuntimeSettings

from .commands import (
    run_attribution,
    run_browser,
    run_capacity,
    run_context_tasks,
    run_engines,
    run_gateway,
    run_hub,
    run_imports,
    run_lookup,
    run_secrets,
    run_soak,
    run_train,
)


def main(arguments: list[str] | None = None) -> int:
    """Run a benchmark; returns the exit status."""
    parsed = build_parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed) or 0)
    except SafeCoderError as error:
        print_error(error.reason, error.remedy)
    except KeyboardInterrupt:
        print_error("Interrupted.")
    return 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all benchmarks."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Benchmarks of jupyter_safecoder."
    )
    commands = parser.add_subparsers(title="benchmarks", required=True, metavar="NAME")
    for add in (
        _add_gateway,
        _add_engines,
        _add_hub,
        _add_capacity,
        _add_imports,
        _add_lookup,
        _add_train,
        _add_secrets,
        _add_attribution,
        _add_context_tasks,
        _add_soak,
        _add_browser,
    ):
        add(commands)
    return parser


def _add_gateway(commands: Any) -> None:
    parser = add_command(
        commands, "gateway", run_gateway, "latency that everything but the model adds to a request"
    )
    parser.add_argument(
        "--requests", type=int, default=300, help="number of requests (default: 300)"
    )


def _add_engines(commands: Any) -> None:
    parser = add_command(
        commands,
        "engines",
        run_engines,
        "speed of our engines, llama.cpp and vLLM on the same model",
    )
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help=f"name of a model, or random weights in a shape: {', '.join(SHAPES)}",
    )
    parser.add_argument(
        "--engines", default="", metavar="A,B", help="engines to measure (default: all)"
    )
    _add_peers_argument(parser)
    parser.add_argument(
        "--context",
        type=int,
        default=1000,
        help="minimum number of context tokens in a prompt (default: 1000)",
    )
    parser.add_argument(
        "--work-dir",
        type=Path,
        metavar="DIRECTORY",
        help="keep random weights and converted models here for another run",
    )


def _add_hub(commands: Any) -> None:
    parser = add_command(
        commands, "hub", run_hub, "overhead and fairness of the JupyterHub service"
    )
    parser.add_argument("--users", type=int, default=50, help="number of users (default: 50)")
    _add_seconds_argument(parser)
    parser.add_argument(
        "--minutes",
        type=float,
        help="minutes of typing before one user floods the service, to see whether its memory "
        "grows (default: the duration of a measurement)",
    )
    parser.add_argument(
        "--attack",
        action="store_true",
        help="measure instead how much one hostile user delays the others, attack by attack",
    )


def _add_capacity(commands: Any) -> None:
    parser = add_command(
        commands,
        "capacity",
        run_capacity,
        "number of users that our service and llama.cpp can serve on this machine",
    )
    parser.add_argument("--model", required=True, help="name of the model")
    parser.add_argument(
        "--users", type=int, default=50, help="maximum number of users to try (default: 50)"
    )
    _add_seconds_argument(parser)
    _add_peers_argument(parser)
    add_engine_arguments(parser)


def _add_imports(commands: Any) -> None:
    parser = add_command(
        commands, "imports", run_imports, "time that the extension adds to the start of a server"
    )
    parser.add_argument("--runs", type=int, default=9, help="number of processes (default: 9)")


def _add_lookup(commands: Any) -> None:
    parser = add_command(commands, "lookup", run_lookup, "speed with and without prompt lookup")
    add_tasks_argument(parser)
    add_runtime_arguments(parser)


def _add_train(commands: Any) -> None:
    parser = add_command(
        commands, "train", run_train, "speed of our training and of transformers.Trainer"
    )
    parser.add_argument(
        "paths",
        type=Path,
        nargs="*",
        metavar="PATH",
        help="notebooks to train on (default: Python's standard library)",
    )
    parser.add_argument(
        "--model", default=EMBEDDED, help=f"name of the base model (default: {EMBEDDED})"
    )


def _add_attribution(commands: Any) -> None:
    parser = add_command(
        commands, "attribution", run_attribution, "indexes of code: size, speed, what is found"
    )
    parser.add_argument(
        *("source",),
        type=Path,
        nargs="?",
        default=Path(sysconfig.get_paths()["purelib"]),
        help="folder of packages (default: the installed ones)",
    )
    parser.add_argument(
        "--megabytes", type=int, default=0, help="maximum size of the packages (default: all)"
    )
    parser.add_argument(
        "--samples", type=int, default=1000, help="number of copies and texts (default: 1000)"
    )


def _add_secrets(commands: Any) -> None:
    parser = add_command(
        commands,
        "secrets",
        run_secrets,
        "how many secrets the detection finds, and what it takes for one",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the secrets and of the other lines (default: 0)",
    )


def _add_context_tasks(commands: Any) -> None:
    parser = add_command(
        commands,
        "context-tasks",
        run_context_tasks,
        "make the tasks that measure the sources of context, by executing notebooks",
    )
    parser.add_argument(
        "set",
        nargs="?",
        choices=("packages", "team", "both"),
        default="both",
        help="'packages': notebooks of packages, which must be installed with "
        "benchmarks/context/requirements.txt; 'team': notebooks/team (default: both)",
    )
    parser.add_argument(
        "--work-dir",
        type=Path,
        default=Path(".cache/context"),
        metavar="DIRECTORY",
        help="fetch the packages to here (default: .cache/context)",
    )
    parser.add_argument(
        "--target",
        type=Path,
        default=Path("benchmarks/context"),
        metavar="DIRECTORY",
        help="where to write the sets (default: benchmarks/context)",
    )


def _add_soak(commands: Any) -> None:
    parser = add_command(
        commands, "soak", run_soak, "whether memory, descriptors or files grow over many requests"
    )
    parser.add_argument(
        "--requests", type=int, default=50_000, help="number of requests (default: 50000)"
    )
    parser.add_argument(
        "--embedded-share",
        type=float,
        default=0.02,
        metavar="SHARE",
        help="share of them that the embedded model answers (default: 0.02)",
    )


def _add_browser(commands: Any) -> None:
    parser = add_command(
        commands,
        "browser",
        run_browser,
        "what a user who types in JupyterLab gets, in Chromium",
    )
    parser.add_argument(
        "files",
        type=Path,
        nargs="*",
        metavar="NOTEBOOK",
        help="notebooks to type (default: a sample notebook)",
    )
    parser.add_argument("--keys", type=int, default=300, help="number of keys (default: 300)")
    parser.add_argument(
        "--first-keys",
        type=int,
        default=10,
        help="number of notebooks that are opened for one key (default: 10)",
    )
    parser.add_argument(
        "--cells",
        type=int,
        default=0,
        help="minimum number of cells of a notebook; those above are repeated (default: 0)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the text and of the rhythm (default: 0)"
    )
    add_arguments(parser, RuntimeSettings, ("suggestions",))
    add_runtime_arguments(parser)


def _add_seconds_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="duration of each measurement (default: 30)"
    )


def _add_peers_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--peers",
        type=Path,
        default=Path(".venvs"),
        metavar="DIRECTORY",
        help="directory with the environments that 'make peers' creates (default: .venvs)",
    )


if __name__ == "__main__":
    sys.exit(main())
