"""Puts a service together, and serves until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import ssl
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer

from ..runtime.loading import cache_of
from ..runtime.settings import RuntimeSettings
from ..terminal import settings as wished
from .administrators import cookie_secret, hub_oauth
from .audit import AuditLog
from .audit_chain import entries_since
from .board import Board
from .database import Database
from .events import Events
from .figures import DAY_MINUTES, Figures
from .handlers import Door, make_app
from .identity import Identity
from .ledger import Ledger
from .limits import Limits
from .metrics import Metrics, metrics_doors
from .page import page_doors
from .policy_file import PolicyFile
from .record import utc_text
from .recorded import Pseudonyms
from .registry import Teams
from .service import Service
from .tending import Tender
from .training import Training
from .training_handlers import training_doors
from .usage import Usages

#: A connection that says nothing, and a body that does not come, are given up after so long.
_IDLE_S, _BODY_S = 60, 20
#: Between two looks at whether the Hub lives, in seconds.
_PARENT_S = 1.0
#: Lines of the audit log that are read before somebody else has a turn: some milliseconds.
_AT_ONCE = 200
_MOST_BYTES = RuntimeSettings.max_request_bytes
log = logging.getLogger(__name__)


async def serve(options: argparse.Namespace) -> int:
    """Serve as the options of ``jupyter safecoder hub`` say; returns the exit status.

    Raises
    ------
    DatabaseProblem, OSError
        If it cannot start.
    """
    parent = os.getppid()
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/safecoder/")
    address = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:8765"))
    state = (options.state or Path.cwd()).absolute()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    began = utc_text()
    parts = _parts(options, state, prefix)
    board = parts.board
    remembering = asyncio.create_task(_remember(board.figures, board.ledger.directory, began))
    tending = asyncio.create_task(parts.tender.tend())
    server = HTTPServer(
        make_app(
            prefix,
            parts.service,
            Identity(options.token_cache),
            _MOST_BYTES,
            parts.doors,
            parts.pages,
            cookie_secret=cookie_secret(),
        ),
        ssl_options=context,
        max_body_size=4 * _MOST_BYTES,
        idle_connection_timeout=_IDLE_S,
        body_timeout=_BODY_S,
    )
    server.listen(address.port or 8765, address.hostname or "127.0.0.1")
    log.info("Serving at %s.", address.geturl())
    await _until_told(parent if options.end_with_parent else None)
    remembering.cancel()
    tending.cancel()
    server.stop()
    await parts.service.close()
    return 0


class _Parts(NamedTuple):
    service: Service
    tender: Tender
    board: Board
    doors: list[tuple[str, type[Door], dict[str, Any]]]
    pages: list[Any]


def _parts(options: argparse.Namespace, state: Path, prefix: str) -> _Parts:
    policy = PolicyFile(options.policy.absolute())
    policy.current()

    def keep_days() -> int:
        return policy.in_force.record.keep_days if policy.in_force else 0

    database = Database(options.database or f"sqlite:///{state / 'safecoder.sqlite'}")
    audit, usages = AuditLog(state / "audit"), Usages(database)
    ledger, teams = Ledger(audit, usages, keep_days), Teams(database, audit.name)
    bounds = {n: v for n in ("max_running", "max_waiting") if (v := getattr(options, n))}
    settings = replace(wished(options), **bounds)
    pseudonyms = Pseudonyms(state / "pseudonyms.key")
    limits = Limits(usages.tokens_today)
    service = Service(settings, policy, limits, ledger, pseudonyms, teams.chosen)
    training = Training(service, policy, teams, settings)
    figures, metrics = Figures(), Metrics(policy)
    service.listeners += [figures.take, metrics.take]
    if options.events:
        service.listeners.append(Events(options.events).take)
    board = Board(service, policy, usages, ledger, figures, cache_of(settings), training.all_jobs)
    auth = hub_oauth(prefix, options.token_cache)
    return _Parts(
        service,
        training.tender,
        board,
        training_doors(training),
        [*page_doors(prefix, board, auth), *metrics_doors(prefix, board, metrics, auth)],
    )


async def _until_told(parent: int | None) -> None:
    """Return when a signal says so, or when a parent has ended."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set() and parent in (None, os.getppid()):
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_S)


async def _remember(figures: Figures, directory: Path, end: str) -> None:
    """Count the last day of the audit log, a little at a time: others are answered meanwhile."""
    entries = entries_since(directory, utc_text(-60 * DAY_MINUTES))
    try:
        while some := list(islice(entries, _AT_ONCE)):
            figures.rebuild(entry for entry in some if entry["time"] < end)
            await asyncio.sleep(0)
    except OSError as error:
        log.warning(
            "The page does not know the last day: the audit log cannot be read (%s).",
            error.strerror,
        )
