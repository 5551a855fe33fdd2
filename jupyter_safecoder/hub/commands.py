"""``jupyter safecoder hub`` and ``jupyter safecoder audit``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..terminal import command, complain, engine_options, say, settings
from .names import TOKEN_VARIABLE


def hub_commands(commands: Any) -> None:
    """Add the commands."""
    hub = command(commands, "hub", _hub, "serve a whole JupyterHub", json_output=False)
    hub.add_argument("--policy", type=Path, required=True, metavar="FILE.toml", help="who may what")
    hub.add_argument(
        "--state", type=Path, metavar="DIRECTORY", help="for counts and the audit log (.)"
    )
    hub.add_argument("--database", metavar="URL", help="for counts (SQLite in the state directory)")
    hub.add_argument("--certificate", type=Path, metavar="FILE.pem", help="to serve by TLS")
    hub.add_argument("--key", type=Path, metavar="FILE.pem", help="of that certificate")
    hub.add_argument("--model", help="the model (the embedded one)")
    engine_options(hub)

    audit = commands.add_parser("audit", help="look at the audit log of 'hub'")
    actions = audit.add_subparsers(title="actions", required=True, metavar="ACTION")
    verify = command(actions, "verify", _verify, "check that the chain is whole")
    verify.add_argument("directory", type=Path, metavar="DIRECTORY")


def _hub(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "tornado.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    needed = (TOKEN_VARIABLE, "JUPYTERHUB_API_URL")
    if missing := [name for name in needed if not os.environ.get(name)]:
        complain(
            f"{' and '.join(missing)} must be set: a Hub sets them for a service that it starts.",
            "See 'Set it up' in docs/hub.md.",
        )
        return 1
    try:
        return asyncio.run(_serve(options))
    except ImportError as error:
        complain(
            f"{error.name} is not installed here.",
            "Install the service with: pip install 'jupyter-safecoder[hub,local]'.",
        )
    except OSError as error:
        complain(f"The service cannot start: {error.strerror or error}.", "Mend that, try again.")
    return 1


async def _serve(options: argparse.Namespace) -> int:
    import ssl

    from tornado.httpserver import HTTPServer

    from .audit import AuditLog
    from .database import Database
    from .handlers import make_app
    from .identity import Identity
    from .policy_file import PolicyFile
    from .registry import Teams
    from .service import Service
    from .training import Training
    from .training_handlers import training_doors
    from .usage import Usages

    state = (options.state or Path.cwd()).absolute()
    state.mkdir(parents=True, exist_ok=True)
    wished = settings(options)
    policy = PolicyFile(options.policy.absolute())
    policy.current()
    database = Database(options.database or f"sqlite:///{state / 'safecoder.sqlite'}")
    usages, teams = Usages(database), Teams(database)
    service = Service(wished, policy, usages, AuditLog(state / "audit"), teams.chosen)
    training = Training(service, policy, teams, wished)
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/safecoder/")
    address = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:8765"))
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    server = HTTPServer(
        make_app(
            *(prefix, service, Identity(), wished.max_request_bytes), training_doors(training)
        ),
        ssl_options=context,
        max_body_size=4 * wished.max_request_bytes,
        idle_connection_timeout=120,
        body_timeout=20,
    )
    server.listen(address.port or 8765, address.hostname or "127.0.0.1")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logging.getLogger(__name__).info("Serving at %s.", address.geturl())
    tending = asyncio.ensure_future(training.tender.tend())
    await stop.wait()
    tending.cancel()
    server.stop()
    await service.close()
    return 0


def _verify(options: argparse.Namespace) -> int:
    from .audit import verify

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
