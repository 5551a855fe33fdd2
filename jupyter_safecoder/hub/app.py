"""Puts a service together, and serves until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer

from jupyter_safecoder.hub.access.administrators import cookie_secret, hub_oauth
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.accounting.audit_chain import entries_since
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.events import Events
from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms
from jupyter_safecoder.hub.accounting.record import utc_text
from jupyter_safecoder.hub.accounting.usage import UsageStore
from jupyter_safecoder.hub.dashboard.dashboard import Dashboard
from jupyter_safecoder.hub.dashboard.live_stats import DAY_MINUTES, LiveStats
from jupyter_safecoder.hub.dashboard.metrics import Metrics, metrics_routes
from jupyter_safecoder.hub.dashboard.page import page_routes
from jupyter_safecoder.hub.training.handlers import training_routes
from jupyter_safecoder.hub.training.job_scheduler import JobScheduler
from jupyter_safecoder.hub.training.service import TrainingService
from jupyter_safecoder.hub.training.training_store import TrainingStore
from jupyter_safecoder.settings import RuntimeSettings

from .handlers import ServiceHandler, make_app
from .service import CompletionService

#: A connection that says nothing, and a body that does not come, are given up after so long.
_IDLE_S, _BODY_S = 60, 20
#: Between two looks at whether the Hub lives, in seconds.
_PARENT_S = 1.0
#: Lines of the audit log that are read before somebody else has a turn: some milliseconds.
_AT_ONCE = 200
_MOST_BYTES = RuntimeSettings.max_request_bytes
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceOptions:
    """What ``jupyter safecoder hub`` is told; see its ``--help``.

    Parameters
    ----------
    settings
        Of the runtimes; ``max_running`` and ``max_waiting`` are for all of them together.
    policy
        The policy file.
    state
        Directory for the audit log and, by default, the database.
    database
        URL of the database; empty: SQLite in the state directory.
    events
        File for Jupyter events; ``None``: none are written.
    certificate, key
        TLS certificate and its private key; ``None``: no TLS.
    end_with_parent
        Whether to stop when the process that started this one has ended.
    token_cache_seconds
        Seconds for which the Hub's answer about a token is used again.
    """

    settings: RuntimeSettings
    policy: Path
    state: Path
    database: str = ""
    events: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    end_with_parent: bool = False
    token_cache_seconds: int = 30


async def serve(options: ServiceOptions) -> int:
    """Serve as the options of ``jupyter safecoder hub`` say; returns the exit status.

    Raises
    ------
    DatabaseError, OSError
        If it cannot start.
    """
    parent = os.getppid()
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/safecoder/")
    address = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:8765"))
    state = options.state.absolute()
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
            Authenticator(options.token_cache_seconds),
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
    service: CompletionService
    tender: JobScheduler
    board: Dashboard
    doors: list[tuple[str, type[ServiceHandler], dict[str, Any]]]
    pages: list[Any]


def _parts(options: ServiceOptions, state: Path, prefix: str) -> _Parts:
    policy = PolicyFile(options.policy.absolute())
    policy.current()

    def keep_days() -> int:
        return policy.in_force.record.keep_days if policy.in_force else 0

    database = Database(options.database or f"sqlite:///{state / 'safecoder.sqlite'}")
    audit, usages = AuditLog(state / "audit"), UsageStore(database)
    ledger, teams = AuditWriter(audit, usages, keep_days), TrainingStore(database, audit.name)
    settings = options.settings
    pseudonyms = Pseudonyms(state / "pseudonyms.key")
    limits = Limits(usages.tokens_today)
    service = CompletionService(settings, policy, limits, ledger, pseudonyms, teams.chosen)
    training = TrainingService(service, policy, teams, settings)
    figures, metrics = LiveStats(), Metrics(policy)
    service.listeners += [figures.take, metrics.take]
    if options.events:
        service.listeners.append(Events(options.events).take)
    board = Dashboard(service, policy, usages, ledger, figures, settings.cache, training.all_jobs)
    auth = hub_oauth(prefix, options.token_cache_seconds)
    return _Parts(
        service,
        training.tender,
        board,
        training_routes(training),
        [*page_routes(prefix, board, auth), *metrics_routes(prefix, board, metrics, auth)],
    )


async def _until_told(parent: int | None) -> None:
    """Return when a signal says so, or when a parent has ended."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set() and parent in (None, os.getppid()):
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_S)


async def _remember(figures: LiveStats, directory: Path, end: str) -> None:
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
