"""The output of commands: lines, tables, progress, errors.

Names of files, adapters and models come from others: a terminal executes nothing of them, and they
are no markup of rich.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from jupyter_safecoder.invisible import is_invisible


@contextmanager
def progress_spinner(text: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with a text; yields a function that changes the text."""
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(printable(text))) as status:
        yield lambda text: status.update(Text(printable(text)))


@contextmanager
def progress_share(text: str) -> Iterator[Callable[[float, str], None]]:
    """Show progress as a share; yields a function of the share, 0 to 1, and of a text."""
    with progress_spinner(f"{text}…") as change:
        yield lambda share, step: change(f"{step} ({share:.0%})")


@contextmanager
def progress_bar(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yields a function of the number that is done, out of ``total``."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(printable(text), total=total)
        yield lambda done: bar.update(task, completed=done)


def print_report(content: dict[str, Any], as_json: bool) -> int:
    """Print a report as JSON or as lines; returns the exit status 0."""
    if as_json:
        print_line(json.dumps(content))
    else:
        _print_lines(content)
    return 0


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table, with a column for each key; missing values stay empty."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*(Column(column, overflow="fold") for column in columns))
    for row in rows:
        values = (row.get(column) for column in columns)
        table.add_row(*(Text("" if value is None else printable(str(value))) for value in values))
    Console().print(table)


def _print_lines(content: dict[str, Any], indent: str = "") -> None:
    for name, value in content.items():
        if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
            print_line(f"{indent}{name}")
            _print_lines(value, indent + "  ")
        elif isinstance(value, dict):
            print_line(f"{indent}{name}: " + ", ".join(f"{k} {v}" for k, v in value.items()))
        else:
            print_line(f"{indent}{name}: {value}")


def print_line(text: str) -> None:
    """Print a line."""
    sys.stdout.write(printable(text) + "\n")


def print_error(reason: str, remedy: str = "") -> None:
    """Print a reason and a remedy as one line on standard error."""
    sys.stderr.write(printable(f"{reason} {remedy}".strip()) + "\n")


def printable(text: str) -> str:
    """Return a text with invisible characters escaped, such as those that control a terminal."""
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode() if is_invisible(character) else character
        for character in text
    )
