"""``jupyter safecoder privacy``: where data could go from this machine."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.cli.options import add_command
from jupyter_safecoder.cli.output import print_line, progress_spinner

from .secrets import add_scan_command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_safecoder.privacy import Destination


def add_privacy_commands(commands: Any) -> None:
    """Add ``privacy`` and ``privacy scan``."""
    parser = add_command(
        commands, "privacy", _privacy, "show every place that data could go to, and its state here"
    )
    add_scan_command(parser.add_subparsers(title="commands", metavar="COMMAND"))


def _privacy(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.privacy import read_machine, survey

    with progress_spinner("Reading settings…"):
        destinations = survey(read_machine())
    if arguments.json:
        safe = all(one.safe for one in destinations)
        report = {"safe": safe, "destinations": [asdict(one) for one in destinations]}
        print_line(json.dumps(report))
    else:
        _print_destinations(destinations)
    return 0


def _print_destinations(destinations: Iterable[Destination]) -> None:
    leaving = 0
    for one in destinations:
        leaving += not one.safe
        where = f" ({one.to})" if one.to else ""
        print_line(f"{'ok ' if one.safe else 'OUT'} {one.id}: {one.state}{where}")
        if not one.safe:
            print_line(f"    sends: {one.sends}")
            print_line(f"    → {one.change}")
    print_line(f"{leaving} of these send to another machine.")
