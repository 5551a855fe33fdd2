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

    from jupyter_safecoder.privacy.destination import Destination
    from jupyter_safecoder.protocol import Network


def add_privacy_commands(commands: Any) -> None:
    """Add ``privacy`` and ``privacy scan``."""
    parser = add_command(
        commands, "privacy", _privacy, "show every place that data could go to, and its state here"
    )
    add_scan_command(parser.add_subparsers(title="commands", metavar="COMMAND"))


def _privacy(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.privacy.machine import read_machine
    from jupyter_safecoder.privacy.survey import survey

    with progress_spinner("Reading settings…"):
        destinations = survey(read_machine())
        network = _running_network()
    if arguments.json:
        report = {
            "safe": all(one.safe for one in destinations),
            "network": None if network is None else asdict(network),
            "destinations": [asdict(one) for one in destinations],
        }
        print_line(json.dumps(report))
    else:
        _print_destinations(destinations)
        if network is not None:
            print_line(f"The running runtime: {describe_network(network)}")
    return 0


def _running_network() -> Network | None:
    """Return what holds the running runtime; ``None`` if none runs."""
    from jupyter_safecoder.clients.discovery import running_runtime
    from jupyter_safecoder.errors import RuntimeRequestError

    try:
        with running_runtime() as client:
            return None if client is None else client.status().network
    except RuntimeRequestError:
        return None


def describe_network(network: Network | None) -> str:
    """Return what holds a runtime to its network, as a sentence."""
    if network is None or not network.guarded:
        return "nothing refuses connections."
    if network.denied:
        return "the system denies it all network."
    allowed = ", ".join(network.allowed) or "none"
    return (
        f"Python code is held to this machine and to: {allowed}; "
        f"{network.refused} connections were refused."
    )


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
