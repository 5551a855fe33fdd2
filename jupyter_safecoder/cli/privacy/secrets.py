"""``jupyter safecoder secrets`` and ``privacy scan``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.cli.options import add_command
from jupyter_safecoder.cli.output import print_line, print_report, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .secret_files import ScannedFile


def add_secrets_command(commands: Any) -> None:
    """Add the command that shows where files have secrets."""
    parser = add_command(
        commands, "secrets", _secrets, "show where notebooks and text files have secrets"
    )
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="notebook, script or text file"
    )
    parser.add_argument(
        "--fail", action="store_true", help="exit with status 1 if a secret was found"
    )


def add_scan_command(commands: Any) -> None:
    """Add ``privacy scan``."""
    scan = add_command(
        commands, "scan", _scan, "show which keys and passwords are masked in prompts, by cell"
    )
    scan.add_argument("files", type=Path, nargs="+", metavar="NOTEBOOK", help="notebook or script")


def _scan(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.secrets import MASKED

    from .secret_files import scan_file

    _print_found([scan_file(path, MASKED) for path in arguments.files], arguments.json)
    return 0


def _secrets(arguments: argparse.Namespace) -> int:
    from .secret_files import scan_file

    found = _print_found([scan_file(path) for path in arguments.files], arguments.json)
    return 1 if arguments.fail and found else 0


def _print_found(scanned: Sequence[ScannedFile], as_json: bool) -> int:
    """Print where files have secrets, as JSON or as tables; returns their number."""
    found = [{"path": str(one.path), **asdict(finding)} for one in scanned for finding in one.found]
    left_out = [
        {"path": str(one.path), "cell": cell, "reason": reason}
        for one in scanned
        for cell, reason in one.left_out
    ]
    lines = sum(one.lines for one in scanned)
    if as_json:
        print_report({"found": found, "lines": lines, "left_out": left_out}, as_json=True)
    else:
        for title, rows in (("found", found), ("left out", left_out)):
            if rows:
                print_line(f"{title}: {len(rows)}")
                print_table(rows)
        print_line(f"lines: {lines}, secrets: {len(found)}")
    return len(found)
