"""``jupyter safecoder complete`` and ``infill``: completions in notebook files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from jupyter_safecoder.ignore_files import IgnoredDocuments
from jupyter_safecoder.prompt import LAYOUTS
from jupyter_safecoder.protocol import CompletionOptions, Done

from .options import add_command, add_runtime_arguments, add_sources_argument, runtime
from .output import print_error, print_line, print_report, progress_bar

#: Seconds that a completion of an infilling task may take.
_INFILL_DEADLINE_S = 120.0


def add_complete_commands(commands: Any) -> None:
    """Add ``complete`` and ``infill``."""
    complete = add_command(
        commands, "complete", _complete, "complete code at a cursor in a notebook"
    )
    complete.add_argument("file", type=Path, metavar="FILE.ipynb", help="notebook")
    for name, what in (("cell", "cell"), ("line", "line of the cell"), ("column", "column")):
        complete.add_argument(
            f"--{name}", type=int, required=True, help=f"number of the {what}, counted from 0"
        )
    infill = add_command(commands, "infill", _infill, "score completions on infilling tasks")
    infill.add_argument("file", type=Path, metavar="TASKS.jsonl", help="infilling tasks")
    add_sources_argument(infill, "compare what the prompts have besides the cell")
    for parser in (complete, infill):
        _add_generation_arguments(parser)
        add_runtime_arguments(parser)


def _add_generation_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layout", choices=tuple(LAYOUTS), help="FIM layout of the prompt (default: the model's)"
    )
    parser.add_argument("--max-tokens", type=int, help="maximum number of tokens to generate")
    parser.add_argument(
        "--mode",
        choices=("auto", "line", "block"),
        default="auto",
        help="what to complete: the rest of the line, a block, or what fits the cursor (auto)",
    )
    parser.add_argument(
        "--raw", action="store_true", help="apply no stop rules and no filters to the model's text"
    )


def _completion_options(arguments: argparse.Namespace, *, raw: bool) -> CompletionOptions:
    return CompletionOptions(
        arguments.layout, arguments.max_tokens, arguments.mode, raw, rules=not arguments.raw
    )


def _complete(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.notebooks import OFF_TAG, read_tagged_cells, request_at

    tagged, language = read_tagged_cells(arguments.file)
    off = {number for number, (_, tags) in enumerate(tagged) if OFF_TAG in tags}
    cursor = (arguments.cell, arguments.line, arguments.column)
    options = _completion_options(arguments, raw=False)
    request = request_at([cell for cell, _ in tagged], language, *cursor, options, off)
    if arguments.cell in off or _is_ignored(arguments.file):
        done = Done("", "excluded", "", "", 0, 0, None, 0.0)
    else:
        with runtime(arguments) as client:
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
    if not done.text and not arguments.json:
        print_error(f"No completion here ({done.finish_reason}).")
    print_line(json.dumps(report) if arguments.json else done.text)
    return 0


def _is_ignored(file: Path) -> bool:
    return IgnoredDocuments(file.absolute().parent).exclusion(file.name) is not None


def _infill(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.evaluation.infill import compare_sources, infill, source_sets
    from jupyter_safecoder.evaluation.tasks import read_tasks

    tasks, options = read_tasks(arguments.file), _completion_options(arguments, raw=True)
    sources = arguments.sources
    total = len(tasks) * (len(source_sets(sources)) if sources else 1)
    # Scores are those of the model, however slow the machine is.
    with (
        runtime(arguments, _INFILL_DEADLINE_S) as client,
        progress_bar("Infilling", total) as advance,
    ):
        if sources:
            report = compare_sources(client, tasks, options, advance, sources)
        else:
            report = infill(client, tasks, options, advance)
    return print_report(report, arguments.json)
