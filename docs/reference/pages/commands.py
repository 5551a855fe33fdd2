"""The pages of argument parsers: command line, benchmarks, magics."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jupyter_safecoder.cli.main import build_parser
from jupyter_safecoder.cli.options import ENGINE_ARGUMENTS
from jupyter_safecoder.magics.arguments import MagicArguments

from .benchmark_json_output import BENCHMARK_JSON_OUTPUT
from .json_output import JSON_OUTPUT
from .markdown import code, table


def cli_page() -> str:
    """Return the page of the command line."""
    parser = build_parser()
    return "\n\n".join(
        [
            "# Command line",
            "`jupyter safecoder COMMAND`, or `python -m jupyter_safecoder COMMAND`. A command that "
            "needs a model uses the running runtime of this user, or starts one for itself. Errors "
            "are one line on standard error, with exit status 1. With `--json` a command prints a "
            "JSON object on its standard output: times in milliseconds, sizes in MB (10^6 bytes), "
            "shares from 0 to 1.",
            _index(parser, "jupyter safecoder"),
            "## Engine arguments",
            "Commands that run a model take these arguments:",
            _arguments(_engine_actions(parser)),
            *_command_sections(parser, JSON_OUTPUT),
        ]
    )


def benchmarks_page() -> str:
    """Return the page of ``python -m benchmarks``."""
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from benchmarks.__main__ import build_parser as build_benchmarks_parser

    parser = build_benchmarks_parser()
    return "\n\n".join(
        [
            "# Benchmarks",
            "`python -m benchmarks NAME` runs in a clone. "
            "[Measurements](../explanation/measurements.md) describes what a benchmark measures. "
            "With `--json` a benchmark prints one JSON object.",
            _index(parser, "python -m benchmarks"),
            *_command_sections(parser, BENCHMARK_JSON_OUTPUT, "cli.md"),
        ]
    )


def _index(parser: argparse.ArgumentParser, program: str) -> str:
    rows = [
        [f"[`{program} {name}`](#{name.replace(' ', '-')})", command.description]
        for name, command in _commands(parser, "")
    ]
    return table(["command", "purpose"], rows)


def _command_sections(
    parser: argparse.ArgumentParser, outputs: Mapping[str, Mapping[str, str]], page: str = ""
) -> Iterator[str]:
    """Yield the section of each command: purpose, arguments, JSON.

    Parameters
    ----------
    parser
        The parser of all commands.
    outputs
        Command to the fields of its JSON object.
    page
        The page that has the engine arguments; empty: this one.

    Raises
    ------
    SystemExit
        If a command with ``--json`` has no entry in ``outputs``, or the other way round.
    """
    commands = dict(_commands(parser, ""))
    with_json = {name for name, command in commands.items() if _takes_json(command)}
    if different := sorted(with_json.symmetric_difference(outputs)):
        raise SystemExit(
            f"JSON_OUTPUT and the commands with --json differ in: {', '.join(different)}."
        )
    for name, command in commands.items():
        engine = _engine_actions(command)
        own = [a for a in _actions(command) if a not in engine and "--json" not in a.option_strings]
        parts = [f"## {name}", command.description or "", _arguments(own)]
        if engine:
            parts.append(f"It also takes the [engine arguments]({page}#engine-arguments).")
        if name in outputs:
            fields = [
                [", ".join(f"`{field}`" for field in names.split(", ")), meaning]
                for names, meaning in outputs[name].items()
            ]
            parts += ["With `--json`:", table(["field", "meaning"], fields)]
        yield "\n\n".join(part for part in parts if part)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    left_out = (argparse._HelpAction, argparse._SubParsersAction)
    return [a for a in parser._actions if not isinstance(a, left_out)]


def _takes_json(parser: argparse.ArgumentParser) -> bool:
    return any("--json" in action.option_strings for action in _actions(parser))


def _engine_actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the engine arguments of a command, or of the first of its commands that has them."""
    for _, command in _commands(parser, ""):
        if found := [a for a in _actions(command) if a.dest in ENGINE_ARGUMENTS]:
            return found
    return []


def magics_page() -> str:
    """Return the page of ``%safecoder``."""
    parts = [
        "# %safecoder",
        "`%load_ext jupyter_safecoder` adds the magic. `%safecoder` alone shows the state of the "
        "runtime, the model, the adapters and the jobs. `%%safecoder` completes the cell below it.",
    ]
    for name, parser in _commands(MagicArguments().parser, "%safecoder"):
        parts.append(f"## {name}\n\n{parser.description or ''}\n\n{_arguments(_actions(parser))}")
    return "\n\n".join(parts)


def _commands(
    parser: argparse.ArgumentParser, name: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield each command that runs, with its full name."""
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups or parser.get_default("run"):
        yield name, parser
    for group in groups:
        for child, subparser in group.choices.items():
            yield from _commands(subparser, f"{name} {child}".strip())


def _arguments(actions: Sequence[argparse.Action]) -> str:
    rows = []
    for action in actions:
        value = action.metavar or (
            "" if action.nargs == 0 else "|".join(action.choices) if action.choices else ""
        )
        if not value and action.nargs != 0:
            value = action.dest.upper()
        name = f"{action.option_strings[-1]} {value}" if action.option_strings else str(value)
        help_text = (action.help or "").replace("%%", "%")
        if action.required and action.option_strings:
            help_text += " (required)"
        rows.append([code(name.strip()), help_text])
    return table(["argument", "meaning"], rows) if rows else "It has no arguments of its own."
