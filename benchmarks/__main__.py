"""``python -m benchmarks NAME``: runs a benchmark for developers, from a clone."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path
from typing import Any

from jupyter_safecoder.cli.bench import add_tasks_argument, read_tasks_of
from jupyter_safecoder.cli.options import (
    add_command,
    add_engine_arguments,
    add_runtime_arguments,
)
from jupyter_safecoder.cli.output import (
    print_error,
    print_line,
    print_report,
    print_table,
    progress_bar,
    progress_share,
    progress_spinner,
)
from jupyter_safecoder.errors import SafeCoderError
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.models.random_weights import SHAPES
from jupyter_safecoder.option import add_arguments, as_arguments, given_arguments
from jupyter_safecoder.settings import RuntimeSettings


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
        commands, "gateway", _gateway, "latency that everything but the model adds to a request"
    )
    parser.add_argument(
        "--requests", type=int, default=300, help="number of requests (default: 300)"
    )


def _add_engines(commands: Any) -> None:
    parser = add_command(
        commands, "engines", _engines, "speed of our engines, llama.cpp and vLLM on the same model"
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
    parser = add_command(commands, "hub", _hub, "overhead and fairness of the JupyterHub service")
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
        _capacity,
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
        commands, "imports", _imports, "time that the extension adds to the start of a server"
    )
    parser.add_argument("--runs", type=int, default=9, help="number of processes (default: 9)")


def _add_lookup(commands: Any) -> None:
    parser = add_command(commands, "lookup", _lookup, "speed with and without prompt lookup")
    add_tasks_argument(parser)
    add_runtime_arguments(parser)


def _add_train(commands: Any) -> None:
    parser = add_command(
        commands, "train", _train, "speed of our training and of transformers.Trainer"
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
        commands, "attribution", _attribution, "indexes of code: size, speed, what is found"
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


def _attribution(arguments: argparse.Namespace) -> int:
    from benchmarks.attribution import bench_attribution

    with progress_share("Reading") as progress:
        report = bench_attribution(
            arguments.source, arguments.megabytes, arguments.samples, progress
        )
    return print_report(report, arguments.json)


def _add_secrets(commands: Any) -> None:
    parser = add_command(
        commands,
        "secrets",
        _secrets,
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
        _context_tasks,
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
        commands, "soak", _soak, "whether memory, descriptors or files grow over many requests"
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
        _browser,
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


def _gateway(arguments: argparse.Namespace) -> int:
    from benchmarks.gateway import bench_gateway

    with progress_bar("Requesting", arguments.requests) as advance:
        report = bench_gateway(arguments.requests, advance)
    return print_report(report, arguments.json)


def _engines(arguments: argparse.Namespace) -> int:
    from benchmarks.engines.benchmark import EnginesOptions, bench_engines

    names = [name.strip() for name in arguments.engines.split(",") if name.strip()]
    options = EnginesOptions(names, arguments.peers, arguments.context, arguments.work_dir)
    with progress_spinner("Measuring…") as show:
        report = bench_engines(arguments.models, options, show)
    if arguments.json:
        return print_report(report, as_json=True)
    print_line(f"Read bandwidth: {report['read_bandwidth_gb_s']} GB/s")
    print_table(report["rows"])
    return 0


def _hub(arguments: argparse.Namespace) -> int:
    from benchmarks.hub.attack_benchmark import bench_attacks
    from benchmarks.hub.benchmark import HubBench, bench_hub

    steady_s = arguments.seconds if arguments.minutes is None else 60 * arguments.minutes
    options = HubBench(arguments.users, arguments.seconds, steady_s)
    bench = bench_attacks if arguments.attack else bench_hub
    with progress_spinner("Measuring…") as show:
        report = bench(options, read_tasks_of(None), show)
    return print_report(report, arguments.json)


def _capacity(arguments: argparse.Namespace) -> int:
    from benchmarks.hub.capacity import CapacityBench, bench_capacity

    model = Path(arguments.model)
    # The service runs in another directory.
    arguments.model = str(model.absolute()) if model.exists() else arguments.model
    options = CapacityBench(
        arguments.model,
        as_arguments(given_arguments(arguments, RuntimeSettings)),
        arguments.users,
        arguments.seconds,
        arguments.peers,
    )
    with progress_spinner("Measuring…") as show:
        report = bench_capacity(options, read_tasks_of(None), show)
    return print_report(report, arguments.json)


def _imports(arguments: argparse.Namespace) -> int:
    from benchmarks.imports import bench_imports

    return print_report(bench_imports(arguments.runs), arguments.json)


def _lookup(arguments: argparse.Namespace) -> int:
    from benchmarks.lookup import bench_lookup

    tasks = read_tasks_of(arguments.file)
    model, engine = arguments.model or EMBEDDED, arguments.engine or "openvino"
    with progress_bar("Completing", len(tasks)) as advance:
        report = bench_lookup(model, engine, tasks, progress=advance)
    return print_report(report, arguments.json)


def _train(arguments: argparse.Namespace) -> int:
    from benchmarks.train import bench_train
    from jupyter_safecoder.telemetry import silence_telemetry

    silence_telemetry()
    with progress_share("Measuring") as progress:
        report: dict[str, Any] = bench_train(arguments.model, arguments.paths, progress)
    return print_report(report, arguments.json)


def _soak(arguments: argparse.Namespace) -> int:
    from benchmarks.soak.benchmark import bench_soak

    with progress_bar("Requesting", arguments.requests) as advance:
        report = bench_soak(arguments.requests, arguments.embedded_share, advance)
    return print_report(report, arguments.json)


def _secrets(arguments: argparse.Namespace) -> int:
    from benchmarks.secrets.benchmark import bench_secrets

    with progress_share("Searching") as progress:
        report = bench_secrets(arguments.seed, lambda share: progress(share, "Searching"))
    return print_report(report, arguments.json)


def _context_tasks(arguments: argparse.Namespace) -> int:
    from benchmarks.context.make import make_sets

    names = ["packages", "team"] if arguments.set == "both" else [arguments.set]
    with progress_share("Making tasks") as progress:
        report = make_sets(names, arguments.work_dir, arguments.target, progress)
    return print_report(report, arguments.json)


def _browser(arguments: argparse.Namespace) -> int:
    from benchmarks.browser.benchmark import BrowserBench, bench_browser

    options = BrowserBench(
        arguments.files,
        arguments.keys,
        arguments.first_keys,
        arguments.cells,
        arguments.seed,
        given_arguments(arguments, RuntimeSettings),
    )
    with progress_spinner("Starting…") as show:
        report = bench_browser(options, show)
    return print_report(report, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
