"""``jupyter safecoder hub`` and ``jupyter safecoder audit``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

from ..terminal import command, complain, engine_options, remote_options, say
from .names import DATABASE_VARIABLE, TOKEN_VARIABLE


def hub_commands(commands: Any) -> None:
    """Add the commands."""
    hub = command(commands, "hub", _hub, "serve a whole JupyterHub", json_output=False)
    hub.add_argument("--policy", type=Path, required=True, metavar="FILE.toml", help="who may what")
    hub.add_argument(
        "--state", type=Path, metavar="DIRECTORY", help="for counts and the audit log (.)"
    )
    hub.add_argument(
        "--database",
        metavar="URL",
        default=os.environ.get(DATABASE_VARIABLE),
        help=f"for counts (${DATABASE_VARIABLE}, or SQLite in the state directory)",
    )
    hub.add_argument("--events", type=Path, metavar="FILE.jsonl", help="to write events to")
    hub.add_argument("--certificate", type=Path, metavar="FILE.pem", help="to serve by TLS")
    hub.add_argument("--key", type=Path, metavar="FILE.pem", help="of that certificate")
    hub.add_argument(
        "--end-with-parent",
        action="store_true",
        help="end when the process that started this one has ended, as a killed Hub",
    )
    hub.add_argument(
        "--token-cache",
        type=int,
        default=30,
        metavar="SECONDS",
        help="how long the Hub's word on a token counts, and a revoked one still works (30)",
    )
    hub.add_argument(
        "--max-running", type=int, metavar="N", help="requests that all runtimes work on at once"
    )
    hub.add_argument("--max-waiting", type=int, metavar="N", help="requests that may wait")
    hub.add_argument("--model", help="the model (the embedded one)")
    engine_options(hub)
    remote_options(hub)

    policy = commands.add_parser("policy", help="look at the policy of 'hub'")
    actions = policy.add_subparsers(title="actions", required=True, metavar="ACTION")
    check = command(actions, "check", _check, "say whether a policy can be used")
    check.add_argument("file", type=Path, metavar="FILE.toml")

    audit = commands.add_parser("audit", help="look at the audit log of 'hub'")
    actions = audit.add_subparsers(title="actions", required=True, metavar="ACTION")
    verify = command(actions, "verify", _verify, "check that the chain is whole")
    verify.add_argument("directory", type=Path, metavar="DIRECTORY")


def _hub(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # JupyterHub's client notes sessions and names there.
    for noisy in ("alembic", "httpx", "tornado.access", "tornado.application"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Without its name no token would open its door: the Hub's scopes are by name.
    needed = (TOKEN_VARIABLE, "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_NAME")
    if missing := [name for name in needed if not os.environ.get(name)]:
        complain(
            f"{' and '.join(missing)} must be set: a Hub sets them for a service that it starts.",
            "See 'Set it up' in docs/hub.md.",
        )
        return 1
    try:
        from .database import DatabaseProblem
        from .serving import serve

        return asyncio.run(serve(options))
    except ImportError as error:
        complain(
            f"{error.name} is not installed here.",
            "Install the service with: pip install 'jupyter-safecoder[hub,local]'.",
        )
    except OSError as error:
        complain(f"The service cannot start: {error.strerror or error}.", "Mend that, try again.")
    except DatabaseProblem as problem:
        complain(str(problem), "--database names it; docs/hub.md says how.")
    return 1


def _check(options: argparse.Namespace) -> int:
    from .policy import PolicyProblem, parse_policy

    problem, groups = "", list[str]()
    try:
        groups = list(parse_policy(options.file.read_text("utf-8")).groups)
    except (OSError, UnicodeDecodeError, PolicyProblem) as error:
        problem = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if options.json:
        say(json.dumps({"ok": not problem, "problem": problem, "groups": groups}))
    elif problem:
        complain(f"{options.file} cannot be used: {problem}")
    else:
        say(f"It can be used; in this order it names {', '.join(map(repr, groups))}.")
    return 1 if problem else 0


def _verify(options: argparse.Namespace) -> int:
    from .audit_chain import verify

    if not options.directory.is_dir():
        complain(f"{options.directory} is no directory.", "Name that of the audit log.")
        return 1
    verdict = verify(options.directory)
    if options.json:
        say(json.dumps({"ok": not verdict.problem, **vars(verdict)}))
    elif verdict.problem:
        complain(verdict.problem, f"{verdict.lines:,} lines before it are whole.")
    else:
        say(f"Whole: {verdict.lines:,} lines, the last is {verdict.last}.")
    return 1 if verdict.problem else 0
