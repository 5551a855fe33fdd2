"""``jupyter safecoder privacy``: what of a notebook a prompt does not have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .options import add_command
from .secrets import print_found


def add_privacy_commands(commands: Any) -> None:
    """Add ``privacy scan``."""
    parser = commands.add_parser("privacy", help="what leaves a notebook, and what does not")
    topics = parser.add_subparsers(required=True, metavar="COMMAND")
    scan = add_command(
        topics, "scan", _scan, "show which keys and passwords are masked in prompts, by cell"
    )
    scan.add_argument("files", type=Path, nargs="+", metavar="NOTEBOOK", help="notebook or script")


def _scan(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.secrets import MASKED

    from .secret_files import scan_file

    print_found([scan_file(path, MASKED) for path in arguments.files], arguments.json)
    return 0
