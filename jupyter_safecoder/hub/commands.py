"""``jupyter safecoder hub`` and ``jupyter safecoder audit``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ..terminal import command, complain, engine_options, remote_options, say
from .names import DATABASE_VARIABLE, TOKEN_VARIABLE

if TYPE_CHECKING:
    from .board import Board
    from .figures import Figures

#: A connection that says nothing, and a body that does not come, are given up after so long.
_IDLE_S, _BODY_S = 60, 10
#: Between two looks at whether the Hub lives, in seconds.
_PARENT_S = 1.0
#: Lines of the audit log that are read before somebody else has a turn: some milliseconds.
_AT_ONCE = 200


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

    audit = commands.add_parser("audit", help="look at the audit log of 'hub'")
    actions = audit.add_subparsers(title="actions", required=True, metavar="ACTION")
    verify = command(actions, "verify", _verify, "check that the chain is whole")
    verify.add_argument("directory", type=Path, metavar="DIRECTORY")


def _hub(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # JupyterHub's client notes sessions and names in the third.
    for noisy in ("alembic", "httpx", "tornado.application", "tornado.access"):
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


async def _serve(options: argparse.Namespace) -> int:
    parent = os.getppid()

    import ssl

    from tornado.httpserver import HTTPServer

    from .administrators import cookie_secret, hub_oauth
    from .handlers import make_app
    from .identity import Identity
    from .metrics import Metrics, metrics_doors
    from .page import page_doors
    from .record import utc_text

    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    board = _board(options)
    service, figures, metrics = board.service, board.figures, Metrics(board.policy)
    service.listeners += [figures.take, metrics.take]
    if options.events:
        from .events import Events

        service.listeners.append(Events(options.events).take)
    remembering = asyncio.create_task(_remember(figures, board.ledger.directory, utc_text()))
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/safecoder/")
    address = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:8765"))
    auth = hub_oauth(prefix, options.token_cache)
    doors = [*page_doors(prefix, board, auth), *metrics_doors(prefix, board, metrics, auth)]
    identity, most = Identity(options.token_cache), RuntimeSettings.max_request_bytes
    server = HTTPServer(
        make_app(prefix, service, identity, most, doors, cookie_secret=cookie_secret()),
        ssl_options=context,
        max_body_size=4 * most,
        idle_connection_timeout=_IDLE_S,
        body_timeout=_BODY_S,
    )
    server.listen(address.port or 8765, address.hostname or "127.0.0.1")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logging.getLogger(__name__).info("Serving at %s.", address.geturl())
    while not stop.is_set():
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_S)
        if options.end_with_parent and os.getppid() != parent:
            break
    remembering.cancel()
    server.stop()
    await service.close()
    return 0


async def _remember(figures: Figures, directory: Path, end: str) -> None:
    """Count the last day of the audit log, a little at a time: others are answered meanwhile."""
    from .audit_chain import entries_since
    from .figures import DAY_MINUTES
    from .record import utc_text

    entries = entries_since(directory, utc_text(-60 * DAY_MINUTES))
    try:
        while some := list(islice(entries, _AT_ONCE)):
            figures.rebuild(entry for entry in some if entry["time"] < end)
            await asyncio.sleep(0)
    except OSError as error:
        logging.getLogger(__name__).warning(
            "The page does not know the last day: the audit log cannot be read (%s).",
            error.strerror,
        )


def _board(options: argparse.Namespace) -> Board:
    from ..models.cache import cache_directory
    from .audit import AuditLog
    from .board import Board
    from .database import Database
    from .figures import Figures
    from .ledger import Ledger
    from .limits import Limits
    from .policy_file import PolicyFile
    from .recorded import Pseudonyms
    from .service import Service
    from .usage import Usages

    state = (options.state or Path.cwd()).absolute()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    policy = PolicyFile(options.policy.absolute())
    policy.current()

    def keep_days() -> int:
        return policy.in_force.record.keep_days if policy.in_force else 0

    usages = Usages(Database(options.database or f"sqlite:///{state / 'safecoder.sqlite'}"))
    ledger = Ledger(AuditLog(state / "audit"), usages, keep_days)
    bounds = {n: v for n in ("max_running", "max_waiting") if (v := getattr(options, n))}
    settings = replace(wished(options), **bounds)
    pseudonyms = Pseudonyms(state / "pseudonyms.key")
    service = Service(settings, policy, Limits(usages.tokens_today), ledger, pseudonyms)
    cache = Path(settings.cache_dir) if settings.cache_dir else cache_directory()
    return Board(service, policy, usages, ledger, Figures(), cache)


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
