"""``jupyter safecoder audit``: creates the key of an audit log, and verifies the log."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .options import add_command
from .output import print_error, print_line


def add_audit_commands(commands: Any) -> None:
    """Add the commands."""
    audit = commands.add_parser("audit", help="verify the audit log of 'hub'")
    actions = audit.add_subparsers(title="actions", required=True, metavar="ACTION")
    verify = add_command(actions, "verify", _verify, "verify an audit log")
    verify.add_argument(
        "directory", type=Path, metavar="DIRECTORY", help="directory of the audit log"
    )
    verify.add_argument(
        "--hash",
        action="append",
        default=[],
        metavar="HASH",
        help="hash that 'audit verify', the dashboard or the service's log has shown before: it "
        "must be on the chain (may be repeated)",
    )
    verify.add_argument(
        "--key", type=Path, metavar="FILE", help="first key of the log, from 'audit key'"
    )
    key = add_command(
        actions, "key", _create_key, "create the key of an audit log", json_output=False
    )
    key.add_argument("directory", type=Path, metavar="DIRECTORY", help="directory of the audit log")
    key.add_argument(
        "file", type=Path, metavar="FILE", help="new file for the key; keep it on another machine"
    )


def _verify(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.hub.accounting.audit_key import read_key
    from jupyter_safecoder.hub.accounting.audit_verification import verify

    if not _is_directory(arguments.directory):
        return 1
    try:
        key = read_key(arguments.key) if arguments.key else None
        result = verify(arguments.directory, arguments.hash, key)
    except OSError as error:
        print_error(f"{error.filename} cannot be used: {error.strerror}.")
        return 1
    if arguments.json:
        print_line(json.dumps({"ok": not result.error, **vars(result)}))
    elif result.error:
        print_error(result.error, f"The {result.lines:,} lines before it are valid.")
    else:
        proved = " Its lines have the codes of the key." if key else ""
        print_line(
            f"The chain is valid: {result.lines:,} lines, the last hash is {result.last}.{proved}"
        )
        for one, where in result.found.items():
            print_line(f"The hash {one} is on it: {where}.")
    return 1 if result.error else 0


def _create_key(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.hub.accounting.audit_key import create_key
    from jupyter_safecoder.hub.accounting.audit_log import acquire_lock

    if not _is_directory(arguments.directory):
        return 1
    try:
        lock = acquire_lock(arguments.directory)
        try:
            create_key(arguments.directory, arguments.file)
        finally:
            lock.release()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print_error(
            f"The key cannot be created: {where}{error.strerror}.",
            "Stop the service first. A log that has a key keeps it.",
        )
        return 1
    print_line(
        f"The service uses the key from its next start. Move {arguments.file} to another machine: "
        "'audit verify --key' needs it, and with it the log can be rewritten."
    )
    return 0


def _is_directory(path: Path) -> bool:
    if path.is_dir():
        return True
    print_error(f"{path} is not a directory.", "Name the directory of the audit log.")
    return False
