"""``jupyter safecoder bench …``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..models import EMBEDDED
from ..models.random_weights import SHAPES
from ..protocol import ModelInfo
from ..terminal import (
    command,
    complain,
    engine_options,
    given_arguments,
    progress,
    runtime,
    runtime_options,
    say,
    settings,
    show,
    show_table,
    spinner,
    wait_until_ready,
    work,
)


def bench_commands(commands: Any) -> None:
    """Add ``bench`` and its benchmarks to the commands."""
    bench = commands.add_parser("bench", help="measure speed").add_subparsers(
        title="benchmarks", required=True, metavar="BENCHMARK"
    )
    typing = command(bench, "typing", _typing, "time to first token while somebody types")
    typing.add_argument(
        "file", type=Path, nargs="?", metavar="TASKS.jsonl", help="tasks or a notebook to type"
    )
    typing.add_argument("--notebooks", type=int, default=6, help="how many to type (6)")
    runtime_options(typing)

    gateway = command(bench, "gateway", _gateway, "what the way to the engine and back takes")
    gateway.add_argument("--requests", type=int, default=300, help="how many to send (300)")

    engines = command(bench, "engines", _engines, "our engines and others side by side")
    engines.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help=f"a model, or random weights in a shape: {', '.join(SHAPES)}",
    )
    engines.add_argument("--engines", default="", metavar="A,B", help="only these rows")
    engines.add_argument(
        "--peers", type=Path, default=Path(".venvs"), help="where 'make peers' put them (.venvs)"
    )
    engines.add_argument(
        "--context", type=int, default=1000, help="least tokens of context in a prompt (1000)"
    )
    engines.add_argument(
        "--work", type=Path, help="keep random weights and what is prepared here, for another run"
    )

    load = command(bench, "load", _load, "several people who type at once, and one alone")
    load.add_argument(
        "file", type=Path, nargs="?", metavar="TASKS.jsonl", help="tasks or a notebook to type"
    )
    load.add_argument("--users", type=int, default=8, help="how many type at once (8)")
    load.add_argument("--seconds", type=float, default=30.0, help="how long to measure each (30)")
    runtime_options(load)

    hub = command(bench, "hub", _hub, "what a Hub's service costs, how fair it is")
    hub.add_argument("--users", type=int, default=50, help="how many type (50)")
    hub.add_argument(
        "--seconds", type=float, default=30.0, help="how long to measure each figure (30)"
    )
    hub.add_argument(
        "--minutes", type=float, help="type so long before one floods: does memory stay flat"
    )
    hub.add_argument(
        "--peers", type=Path, default=Path(".venvs"), help="where 'make peers' put them (.venvs)"
    )
    hub.add_argument(
        "--model", help="instead: how many people a model carries here, ours and llama.cpp"
    )
    engine_options(hub)

    lookup = command(bench, "lookup", _lookup, "what prompt lookup is worth")
    lookup.add_argument(
        "file", type=Path, nargs="?", metavar="TASKS.jsonl", help="tasks or a notebook to complete"
    )
    runtime_options(lookup)

    train = command(bench, "train", _train, "our training next to transformers.Trainer")
    train.add_argument(
        "paths", type=Path, nargs="*", metavar="PATH", help="a corpus (Python's own library)"
    )
    train.add_argument("--model", default=EMBEDDED, help=f"the base model ({EMBEDDED})")


def _typing(options: argparse.Namespace) -> int:
    from .typing import bench_typing, choose_tasks

    chosen = choose_tasks(_tasks(options.file), options.notebooks)
    with runtime(options) as client:
        layouts = _compared_layouts(client.status().model)
        with progress("Typing", len(chosen) * len(layouts)) as advance:
            report = bench_typing(client, chosen, layouts, lambda done, total: advance(done))
    return show(report, options.json)


def _compared_layouts(model: ModelInfo | None) -> list[str]:
    """Return the two orders that are worth comparing, or the model's own where it has not both."""
    assert model is not None
    both = [layout for layout in model.layouts if layout in ("spm", "psm")]
    return both or [model.default_layout]


def _gateway(options: argparse.Namespace) -> int:
    from .gateway import bench_gateway

    with progress("Asking", options.requests) as advance:
        report = bench_gateway(options.requests, advance)
    return show(report, options.json)


def _engines(options: argparse.Namespace) -> int:
    from .engines import EnginesOptions, bench_engines

    wanted = [name.strip() for name in options.engines.split(",") if name.strip()]
    what = EnginesOptions(wanted, options.peers, options.context, options.work)
    with spinner("Measuring…") as say_now:
        report = bench_engines(options.models, what, say_now)
    if options.json:
        return show(report, as_json=True)
    say(f"Read bandwidth: {report['read_bandwidth_gb_s']} GB/s")
    show_table(report["rows"])
    return 0


def _load(options: argparse.Namespace) -> int:
    from ..runtime.client import own_runtime
    from .load import bench_load

    tasks = _tasks(options.file)
    with own_runtime(settings(options)) as client:
        wait_until_ready(client)
        with spinner("Measuring…") as say_now:
            report = bench_load(client, tasks, options.users, options.seconds, say_now)
    return show(report, options.json)


def _hub(options: argparse.Namespace) -> int:
    if options.model:
        return _carried(options)
    from .hub import HubBench, bench_hub

    steady_s = options.seconds if options.minutes is None else 60 * options.minutes
    what = HubBench(options.users, options.seconds, steady_s)
    with spinner("Measuring…") as say_now:
        report = bench_hub(what, _tasks(None), say_now)
    return show(report, options.json)


def _carried(options: argparse.Namespace) -> int:
    from .hub_carried import CarriedBench, bench_carried

    model = Path(options.model)
    # The service runs in another directory.
    options.model = str(model.absolute()) if model.exists() else options.model
    what = CarriedBench(
        options.model, given_arguments(options), options.users, options.seconds, options.peers
    )
    with spinner("Measuring…") as say_now:
        report = bench_carried(what, _tasks(None), say_now)
    return show(report, options.json)


def _lookup(options: argparse.Namespace) -> int:
    from .driving import DriverProblem
    from .lookup import bench_lookup

    tasks = _tasks(options.file)
    model, engine = options.model or EMBEDDED, options.engine or "openvino"
    try:
        with progress("Completing", len(tasks)) as advance:
            report = bench_lookup(model, engine, tasks, progress=advance)
    except DriverProblem as problem:
        complain(str(problem))
        return 1
    return show(report, options.json)


def _train(options: argparse.Namespace) -> int:
    from ..runtime.process import silence_telemetry

    silence_telemetry()
    from .train import bench_train

    with work("Measuring") as progress:
        report = bench_train(options.model, options.paths, progress)
    return show(report, options.json)


def _tasks(file: Path | None) -> list[dict[str, Any]]:
    """Return the tasks of a file, of a notebook, or of our own notebook if none is named."""
    from ..notebook_file import notebook_tasks, read_tasks
    from .typing import SAMPLE

    path = file or SAMPLE
    return notebook_tasks(path) if path.suffix == ".ipynb" else read_tasks(path)
