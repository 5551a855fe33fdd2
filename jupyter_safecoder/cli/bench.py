"""``jupyter safecoder bench``: measures the speed of completions on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import InvalidArguments
from jupyter_safecoder.evaluation.replay.replay import KEY_MS, Typing, bench_replay
from jupyter_safecoder.option import add_arguments
from jupyter_safecoder.protocol import ModelInfo
from jupyter_safecoder.settings import RuntimeSettings

from .options import (
    add_command,
    add_runtime_arguments,
    add_sources_argument,
    runtime,
    settings,
    wait_until_ready,
)
from .output import print_report, progress_bar, progress_spinner

#: Benchmarks that were part of version 0.1.
_MOVED = ("engines", "gateway", "hub", "lookup", "train")


def check_moved(words: Sequence[str]) -> None:
    """Refuse benchmarks of version 0.1 that are not part of the package any more.

    Parameters
    ----------
    words
        The arguments of the command line.

    Raises
    ------
    InvalidArguments
        If they name one.
    """
    if words[:1] == ["bench"] and words[1:2] and words[1] in _MOVED:
        raise InvalidArguments(
            f"'bench {words[1]}' was moved out of the package.",
            f"Run 'python -m benchmarks {words[1]}' in a clone of the project.",
        )


def add_bench_commands(commands: Any) -> None:
    """Add ``bench typing``, ``bench replay`` and ``bench load``."""
    bench = commands.add_parser("bench", help="measure speed on this machine").add_subparsers(
        title="benchmarks", required=True, metavar="BENCHMARK"
    )
    typing = add_command(bench, "typing", _typing, "time to first token while a user types")
    add_tasks_argument(typing)
    typing.add_argument(
        "--notebooks", type=int, default=6, help="number of notebooks to type into (default: 6)"
    )
    add_sources_argument(typing, "measure what the prompts have besides the cell")
    add_runtime_arguments(typing)
    _add_replay(bench)
    load = add_command(
        bench, "load", _load, "throughput and latency with several users who type at once"
    )
    add_tasks_argument(load)
    load.add_argument(
        "--users", type=int, default=8, help="number of users who type at once (default: 8)"
    )
    load.add_argument(
        "--seconds", type=float, default=30.0, help="seconds of each measurement (default: 30)"
    )
    add_runtime_arguments(load)


def _add_replay(bench: Any) -> None:
    replay = add_command(
        bench, "replay", _replay, "what suggestions save a user who types notebooks"
    )
    replay.add_argument(
        "files",
        type=Path,
        nargs="*",
        metavar="NOTEBOOK",
        help="notebooks to type, or infilling tasks (.jsonl) whose notebooks are typed "
        "(default: a sample notebook)",
    )
    replay.add_argument(
        "--accept",
        choices=("line", "word"),
        default="line",
        help="what one key takes from a suggestion: its first line, or its next word "
        "(default: line)",
    )
    replay.add_argument(
        "--lines",
        type=int,
        default=100,
        help="number of lines to type, drawn at random (default: 100)",
    )
    replay.add_argument("--seed", type=int, default=0, help="seed of the choice (default: 0)")
    replay.add_argument(
        "--key-ms",
        type=float,
        default=KEY_MS,
        help=f"milliseconds between two keys (default: {KEY_MS:.0f}, 52 words a minute)",
    )
    replay.add_argument(
        "--close-brackets",
        action="store_true",
        help="as with Lab's setting Auto Closing Brackets",
    )
    add_arguments(replay, RuntimeSettings, ("suggestions",))
    add_runtime_arguments(replay)


def add_tasks_argument(parser: argparse.ArgumentParser) -> None:
    """Add the file whose tasks or cells are typed."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="infilling tasks (.jsonl) or a notebook to type (default: a sample notebook)",
    )


def read_tasks_of(file: Path | None) -> list[dict[str, Any]]:
    """Return the tasks of a file or a notebook; ``None``: of the sample notebook."""
    from jupyter_safecoder.evaluation.tasks import SAMPLE, notebook_tasks, read_tasks

    path = file or SAMPLE
    return notebook_tasks(path) if path.suffix == ".ipynb" else read_tasks(path)


def _typing(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.evaluation.typing_latency import bench_typing, choose_tasks

    chosen = choose_tasks(read_tasks_of(arguments.file), arguments.notebooks)
    if arguments.sources:
        return _typing_by_sources(arguments, chosen)
    with runtime(arguments) as client:
        layouts = _compared_layouts(client.status().model)
        with progress_bar("Typing", len(chosen) * len(layouts)) as advance:
            report = bench_typing(client, chosen, layouts, lambda done, total: advance(done))
    return print_report(report, arguments.json)


def _typing_by_sources(arguments: argparse.Namespace, tasks: Sequence[dict[str, Any]]) -> int:
    from jupyter_safecoder.evaluation.infill import source_sets
    from jupyter_safecoder.evaluation.source_latency import bench_sources

    total = len(tasks) * len(source_sets(arguments.sources))
    with runtime(arguments) as client, progress_bar("Typing", total) as advance:
        report = bench_sources(client, tasks, arguments.sources, lambda done, total: advance(done))
    return print_report(report, arguments.json)


def _compared_layouts(model: ModelInfo | None) -> list[str]:
    """Return SPM and PSM, as far as the model has them, else its default layout."""
    assert model is not None
    both = [layout for layout in model.layouts if layout in ("spm", "psm")]
    return both or [model.default_layout]


def _replay(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.evaluation.replay.passages import draw_passages, read_notebooks
    from jupyter_safecoder.evaluation.replay.typist import count_characters
    from jupyter_safecoder.evaluation.tasks import SAMPLE

    notebooks = read_notebooks(arguments.files or [SAMPLE])
    passages = draw_passages(notebooks, arguments.lines, arguments.seed)
    typing = Typing(arguments.accept, arguments.key_ms, arguments.close_brackets)
    with runtime(arguments) as client:
        total = sum(count_characters(passage.text) for passage in passages)
        with progress_bar("Typing", total) as advance:
            report = bench_replay(client, passages, typing, advance)
    return print_report(report, arguments.json)


def _load(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.clients.discovery import own_runtime
    from jupyter_safecoder.evaluation.load import bench_load

    tasks = read_tasks_of(arguments.file)
    with own_runtime(settings(arguments)) as client:
        wait_until_ready(client)
        with progress_spinner("Measuring…") as show:
            report = bench_load(client, tasks, arguments.users, arguments.seconds, show)
    return print_report(report, arguments.json)
