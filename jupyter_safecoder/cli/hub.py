"""``jupyter safecoder hub`` and ``jupyter safecoder audit``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.clients.hub_environment import TOKEN_VARIABLE
from jupyter_safecoder.extras import INSTALL_HUB
from jupyter_safecoder.hub.constants import DATABASE_VARIABLE

from .options import add_command, add_engine_arguments, add_remote_arguments, settings
from .output import print_error, print_line


def add_hub_commands(commands: Any) -> None:
    """Add the commands."""
    hub = add_command(commands, "hub", _hub, "serve a whole JupyterHub", json_output=False)
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
        "--token-cache-seconds",
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
    add_engine_arguments(hub)
    add_remote_arguments(hub)

    policy = commands.add_parser("policy", help="look at the policy of 'hub'")
    actions = policy.add_subparsers(title="actions", required=True, metavar="ACTION")
    check = add_command(actions, "check", _check, "say whether a policy can be used")
    check.add_argument("file", type=Path, metavar="FILE.toml")

    audit = commands.add_parser("audit", help="look at the audit log of 'hub'")
    actions = audit.add_subparsers(title="actions", required=True, metavar="ACTION")
    verify = add_command(actions, "verify", _verify, "check that the chain is whole")
    verify.add_argument("directory", type=Path, metavar="DIRECTORY")


def _hub(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # JupyterHub's client notes sessions and names there.
    for noisy in ("alembic", "httpx", "tornado.access", "tornado.application"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Without its name no token would open its door: the Hub's scopes are by name.
    needed = (TOKEN_VARIABLE, "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_NAME")
    if missing := [name for name in needed if not os.environ.get(name)]:
        print_error(
            f"{' and '.join(missing)} must be set: a Hub sets them for a service that it starts.",
            "See 'Configure the Hub' in docs/how-to/jupyterhub.md.",
        )
        return 1
    try:
        from jupyter_safecoder.errors import DatabaseError
        from jupyter_safecoder.hub.app import ServiceOptions, serve

        bounds = {
            name: value
            for name in ("max_running", "max_waiting")
            if (value := getattr(arguments, name)) is not None
        }
        options = ServiceOptions(
            settings=replace(settings(arguments), **bounds),
            policy=arguments.policy,
            state=arguments.state or Path.cwd(),
            database=arguments.database or "",
            events=arguments.events,
            certificate=arguments.certificate,
            key=arguments.key,
            end_with_parent=arguments.end_with_parent,
            token_cache_seconds=arguments.token_cache_seconds,
        )
        return asyncio.run(serve(options))
    except ImportError as error:
        print_error(
            f"{error.name} is not installed here.",
            f"Install the service with: {INSTALL_HUB}.",
        )
    except OSError as error:
        print_error(
            f"The service cannot start: {error.strerror or error}.", "Mend that, try again."
        )
    except DatabaseError as problem:
        print_error(str(problem), "--database names it; docs/how-to/jupyterhub.md says how.")
    return 1


def _check(options: argparse.Namespace) -> int:
    from jupyter_safecoder.errors import PolicyError
    from jupyter_safecoder.hub.access.policy import parse_policy

    problem, groups = "", list[str]()
    try:
        groups = list(parse_policy(options.file.read_text("utf-8")).groups)
    except (OSError, UnicodeDecodeError, PolicyError) as error:
        problem = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if options.json:
        print_line(json.dumps({"ok": not problem, "problem": problem, "groups": groups}))
    elif problem:
        print_error(f"{options.file} cannot be used: {problem}")
    else:
        print_line(f"It can be used; in this order it names {', '.join(map(repr, groups))}.")
    return 1 if problem else 0


def _verify(options: argparse.Namespace) -> int:
    from jupyter_safecoder.hub.accounting.audit_chain import verify

    if not options.directory.is_dir():
        print_error(f"{options.directory} is no directory.", "Name that of the audit log.")
        return 1
    verdict = verify(options.directory)
    if options.json:
        print_line(json.dumps({"ok": not verdict.problem, **vars(verdict)}))
    elif verdict.problem:
        print_error(verdict.problem, f"{verdict.lines:,} lines before it are whole.")
    else:
        print_line(f"Whole: {verdict.lines:,} lines, the last is {verdict.last}.")
    return 1 if verdict.problem else 0
