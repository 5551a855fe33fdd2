"""Runs the benchmarks of the command line: each function takes the parsed arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from jupyter_safecoder.cli.bench import read_tasks_of
from jupyter_safecoder.cli.output import (
    print_line,
    print_report,
    print_table,
    progress_bar,
    progress_share,
    progress_spinner,
)
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.option import as_arguments, given_arguments
from jupyter_safecoder.settings import RuntimeSettings


def run_attribution(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks attribution``."""
    from benchmarks.attribution import bench_attribution

    with progress_share("Reading") as progress:
        report = bench_attribution(
            arguments.source, arguments.megabytes, arguments.samples, progress
        )
    return print_report(report, arguments.json)


def run_gateway(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks gateway``."""
    from benchmarks.gateway import bench_gateway

    with progress_bar("Requesting", arguments.requests) as advance:
        report = bench_gateway(arguments.requests, advance)
    return print_report(report, arguments.json)


def run_engines(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks engines``."""
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


def run_hub(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks hub``."""
    from benchmarks.hub.attack_benchmark import bench_attacks
    from benchmarks.hub.benchmark import HubBench, bench_hub

    steady_s = arguments.seconds if arguments.minutes is None else 60 * arguments.minutes
    options = HubBench(arguments.users, arguments.seconds, steady_s)
    bench = bench_attacks if arguments.attack else bench_hub
    with progress_spinner("Measuring…") as show:
        report = bench(options, read_tasks_of(None), show)
    return print_report(report, arguments.json)


def run_capacity(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks capacity``."""
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


def run_imports(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks imports``."""
    from benchmarks.imports import bench_imports

    return print_report(bench_imports(arguments.runs), arguments.json)


def run_lookup(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks lookup``."""
    from benchmarks.lookup import bench_lookup

    tasks = read_tasks_of(arguments.file)
    model, engine = arguments.model or EMBEDDED, arguments.engine or "openvino"
    with progress_bar("Completing", len(tasks)) as advance:
        report = bench_lookup(model, engine, tasks, progress=advance)
    return print_report(report, arguments.json)


def run_train(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks train``."""
    from benchmarks.train import bench_train
    from jupyter_safecoder.telemetry import silence_telemetry

    silence_telemetry()
    with progress_share("Measuring") as progress:
        report: dict[str, Any] = bench_train(arguments.model, arguments.paths, progress)
    return print_report(report, arguments.json)


def run_soak(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks soak``."""
    from benchmarks.soak.benchmark import bench_soak

    with progress_bar("Requesting", arguments.requests) as advance:
        report = bench_soak(arguments.requests, arguments.embedded_share, advance)
    return print_report(report, arguments.json)


def run_secrets(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks secrets``."""
    from benchmarks.secrets.benchmark import bench_secrets

    with progress_share("Searching") as progress:
        report = bench_secrets(arguments.seed, lambda share: progress(share, "Searching"))
    return print_report(report, arguments.json)


def run_context_tasks(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks context-tasks``."""
    from benchmarks.context.make import make_sets

    names = ["packages", "team"] if arguments.set == "both" else [arguments.set]
    with progress_share("Making tasks") as progress:
        report = make_sets(names, arguments.work_dir, arguments.target, progress)
    return print_report(report, arguments.json)


def run_browser(arguments: argparse.Namespace) -> int:
    """Run ``python -m benchmarks browser``."""
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
