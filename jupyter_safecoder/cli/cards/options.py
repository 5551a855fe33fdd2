"""The command ``card``: a card as JSON, as Markdown, or as lines."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from jupyter_safecoder.cli.options import add_command
from jupyter_safecoder.cli.output import print_line, print_report
from jupyter_safecoder.models.cards import ModelCard, to_markdown

#: Fields for people who read Markdown.
_MARKDOWN_ALONE = ("sections",)


def add_card_command(
    commands: Any, run: Callable[[Any], int | None], help: str
) -> argparse.ArgumentParser:
    """Add the command ``card``; returns its parser.

    Parameters
    ----------
    commands
        The subparsers to add it to.
    run
        Called with the parsed arguments; returns the exit status.
    help
        As ``--help`` shows it.
    """
    parser = add_command(commands, "card", run, help, json_output=False)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument(
        "--markdown",
        action="store_true",
        help="print a model card of the Hugging Face Hub: Markdown with YAML front matter",
    )
    return parser


def print_card(card: ModelCard, arguments: argparse.Namespace) -> int:
    """Print a card in the form of the arguments; returns the exit status 0."""
    if arguments.markdown:
        print_line(to_markdown(card).rstrip("\n"))
        return 0
    content = card.to_json()
    if arguments.json:
        return print_report(content, as_json=True)
    known = {n: v for n, v in content.items() if n not in _MARKDOWN_ALONE}
    return print_report({n: "unknown" if v is None else v for n, v in known.items()}, as_json=False)
