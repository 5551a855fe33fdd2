"""``jupyter safecoder hub`` and ``policy``."""

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

from .options import (
    add_command,
    add_editor_arguments,
    add_engine_arguments,
    add_remote_arguments,
    settings,
)
from .output import print_error, print_line


def add_hub_commands(commands: Any) -> None:
    """Add the commands."""
    hub = add_command(commands, "hub", _hub, "run the service of a JupyterHub", json_output=False)
    hub.add_argument(
        "--policy", type=Path, required=True, metavar="FILE.toml", help="access policy (TOML)"
    )
    hub.add_argument(
        "--state",
        type=Path,
        metavar="DIRECTORY",
        help="directory for the audit log and the database (default: the current directory)",
    )
    hub.add_argument(
        "--database",
        metavar="URL",
        default=os.environ.get(DATABASE_VARIABLE),
        help="URL of the database for usage counts and training jobs (default: "
        f"${DATABASE_VARIABLE}, or SQLite in the state directory)",
    )
    hub.add_argument(
        "--events", type=Path, metavar="FILE.jsonl", help="file to write Jupyter events to"
    )
    hub.add_argument("--certificate", type=Path, metavar="FILE.pem", help="TLS certificate")
    hub.add_argument(
        "--key", type=Path, metavar="FILE.pem", help="private key of the TLS certificate"
    )
    hub.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help="Unix socket to listen on beside $JUPYTERHUB_SERVICE_URL; no other account may "
        "be able to write to its directory",
    )
    hub.add_argument("--allow-root", action="store_true", help="run even if this account is root")
    hub.add_argument(
        "--end-with-parent",
        action="store_true",
        help="stop when the process that started this one has stopped, even if it was killed",
    )
    hub.add_argument(
        "--token-cache-seconds",
        type=_cache_seconds,
        default=30,
        metavar="SECONDS",
        help="seconds for which JupyterHub's answer about a token is used again; a revoked token "
        "works for that long (at least 1; default: 30)",
    )
    hub.add_argument(
        "--max-running",
        type=int,
        metavar="N",
        help="maximum number of requests in progress, over all runtimes",
    )
    hub.add_argument(
        "--max-waiting", type=int, metavar="N", help="maximum number of requests in the queue"
    )
    hub.add_argument("--model", help="name of the model (default: the embedded model)")
    add_engine_arguments(hub)
    add_remote_arguments(hub)
    add_editor_arguments(hub)

    policy = commands.add_parser("policy", help="check the access policy of 'hub'")
    actions = policy.add_subparsers(title="actions", required=True, metavar="ACTION")
    check = add_command(actions, "check", _check_policy, "check whether a policy file is valid")
    check.add_argument("file", type=Path, metavar="FILE.toml", help="policy file")


def _cache_seconds(text: str) -> int:
    """Return a number of seconds; JupyterHub's client takes 0 and less for ever."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a number of seconds, at least 1")
    return int(text)


def _hub(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # JupyterHub's client logs sessions and names of users there.
    for noisy in ("alembic", "tornado.access", "tornado.application"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Scopes contain the service's name: without it no token would have access.
    required = (TOKEN_VARIABLE, "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_NAME")
    if missing := [name for name in required if not os.environ.get(name)]:
        print_error(
            f"{' and '.join(missing)} must be set: a JupyterHub sets them for a service that it "
            "starts.",
            "See 'Configure the Hub' in docs/how-to/jupyterhub.md.",
        )
        return 1
    if not arguments.allow_root and hasattr(os, "getuid") and os.getuid() == 0:
        print_error(
            "The service does not run as root, because it reads models and notebooks of users.",
            "Start it as an account of its own: 'user' of add_safecoder(), or User= of systemd. "
            "--allow-root lets it run as root all the same.",
        )
        return 1
    try:
        from jupyter_safecoder.confinement import (
            guard_connections,
            keep_memory_private,
            proxies_of,
            split_address,
        )
        from jupyter_safecoder.errors import DatabaseError, UntrustedSocket
        from jupyter_safecoder.hub.app import ServiceOptions, serve

        limits = {
            name: value
            for name in ("max_running", "max_waiting")
            if (value := getattr(arguments, name)) is not None
        }
        options = ServiceOptions(
            settings=replace(settings(arguments), **limits),
            policy=arguments.policy,
            state=arguments.state or Path.cwd(),
            database=arguments.database or "",
            events=arguments.events,
            certificate=arguments.certificate,
            key=arguments.key,
            socket=arguments.socket,
            end_with_parent=arguments.end_with_parent,
            token_cache_seconds=arguments.token_cache_seconds,
        )
        keep_memory_private()
        guard_connections(
            [
                *(
                    address
                    for url in (os.environ["JUPYTERHUB_API_URL"], options.database)
                    if (address := split_address(url)) is not None
                ),
                *proxies_of(),
            ]
        )
        return asyncio.run(serve(options))
    except ImportError as error:
        print_error(
            f"{error.name} is not installed here.", f"Install the service with: {INSTALL_HUB}."
        )
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print_error(
            f"The service cannot start: {error.strerror or error}{where}.",
            "Fix that and try again.",
        )
    except (DatabaseError, UntrustedSocket) as error:
        print_error(error.reason, error.remedy)
    return 1


def _check_policy(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.errors import PolicyError
    from jupyter_safecoder.hub.access.policy_parser import parse_policy

    reason, groups = "", list[str]()
    try:
        groups = list(parse_policy(arguments.file.read_text("utf-8")).groups)
    except (OSError, UnicodeDecodeError, PolicyError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if arguments.json:
        print_line(json.dumps({"ok": not reason, "error": reason, "groups": groups}))
    elif reason:
        print_error(f"{arguments.file} cannot be used: {reason}")
    else:
        names = ", ".join(map(repr, groups))
        print_line(f"The policy is valid. Its groups, the first that a user is in counts: {names}.")
    return 1 if reason else 0
