"""Puts the service together, and serves until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tornado import web
from tornado.netutil import bind_unix_socket

from jupyter_safecoder.clients.socket_trust import check_directory
from jupyter_safecoder.hub.access.administrators import cookie_secret, hub_oauth
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.access.policy_gate import PolicyGate
from jupyter_safecoder.hub.accounting.audit_chain import entries_since
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.events import EventWriter
from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms
from jupyter_safecoder.hub.accounting.record import utc_timestamp
from jupyter_safecoder.hub.accounting.recorder import Recorder
from jupyter_safecoder.hub.accounting.suggestion_store import SuggestionStore
from jupyter_safecoder.hub.accounting.usage import UsageStore
from jupyter_safecoder.hub.dashboard.dashboard import Dashboard
from jupyter_safecoder.hub.dashboard.live_stats import DAY_MINUTES, LiveStats
from jupyter_safecoder.hub.dashboard.metrics import Metrics, metrics_routes
from jupyter_safecoder.hub.dashboard.page import page_routes
from jupyter_safecoder.hub.training.handlers import training_routes
from jupyter_safecoder.hub.training.service import TrainingService
from jupyter_safecoder.hub.training.submission import MAX_COMPRESSED_BYTES
from jupyter_safecoder.hub.training.training_store import TrainingStore
from jupyter_safecoder.settings import RuntimeSettings

from .connections import BoundedServer, Connections
from .dispatcher import Dispatcher
from .handlers import make_app
from .local_service import LOOPBACK_HOSTS
from .runtimes import Runtimes
from .service import CompletionService
from .suggestion_handlers import suggestion_routes

#: Seconds after which an idle connection is closed, and after which a body must have arrived.
_IDLE_TIMEOUT_S, _BODY_TIMEOUT_S = 60, 20
#: Seconds between two checks whether the parent process lives, and whether a runtime is unused.
_PARENT_POLL_S, _RETIRE_POLL_S = 1.0, 1.0
#: Entries of the audit log that are read before other tasks may run: some milliseconds.
_ENTRIES_AT_ONCE = 200
_DEFAULT_URL = "http://127.0.0.1:8765"
#: Less than a runtime of one user takes: the time for a body is that of all users. An editor sends
#: what is around the cursor, a tenth of this.
_MAX_REQUEST_BYTES = 2**20
#: Maximum number of open files, if the system allows it: each connection is one.
_MAX_OPEN_FILES = 8192
#: Tornado's limit. Up to there, a client that sends too much gets a response that says so.
_MAX_BODY_BYTES = 4 * MAX_COMPRESSED_BYTES
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceOptions:
    """Options of ``jupyter safecoder hub``.

    Parameters
    ----------
    settings
        Settings of the runtimes; ``max_running`` and ``max_waiting`` are for all of them together.
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
    socket
        Unix socket to listen on beside the port; ``None``: none. Every account can connect.
    end_with_parent
        Whether to stop when the process that started this one has stopped.
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
    socket: Path | None = None
    end_with_parent: bool = False
    token_cache_seconds: int = 30


async def serve(options: ServiceOptions) -> int:
    """Serve until a signal, or the end of the parent process; return the exit status.

    Raises
    ------
    DatabaseError, OSError, UntrustedSocket
        If the service cannot start.
    """
    parent = os.getppid()
    _allow_open_files()
    tls = _tls_context(options)
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/safecoder/")
    started = utc_timestamp()
    parts = _build(options)
    tasks = [
        asyncio.create_task(
            _rebuild_stats(parts.live_stats, parts.audit_writer.directory, before=started)
        ),
        asyncio.create_task(parts.training.scheduler.run()),
        asyncio.create_task(_retire_runtimes(parts.service)),
    ]
    connections = Connections()
    application = _application(parts, options, prefix, connections)
    servers = [_listen(application, connections, options, tls)]
    if options.socket is not None:
        servers.append(_listen_on_socket(application, connections, options.socket))
    await _wait_for_stop(parent if options.end_with_parent else None)
    for task in tasks:
        task.cancel()
    for server in servers:
        server.stop()
    if options.socket is not None:
        options.socket.unlink(missing_ok=True)
    await parts.service.close()
    return 0


def _listen(
    application: web.Application,
    connections: Connections,
    options: ServiceOptions,
    tls: ssl.SSLContext | None,
) -> BoundedServer:
    """Serve at the address that the Hub and its proxy know."""
    url = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", _DEFAULT_URL))
    server = _server(application, connections, tls)
    # The Hub that starts a service keeps the port for this account.
    reuse_port = options.end_with_parent and hasattr(socket, "SO_REUSEPORT")
    server.listen(url.port or 8765, url.hostname or "127.0.0.1", reuse_port=reuse_port)
    log.info("Serving at %s.", url.geturl())
    if tls is None and url.hostname not in LOOPBACK_HOSTS:
        log.warning(
            "Prompts and tokens cross the network unencrypted: use --certificate and --key, unless "
            "the network between this service and users' servers encrypts them."
        )
    return server


def _listen_on_socket(
    application: web.Application, connections: Connections, path: Path
) -> BoundedServer:
    """Serve at a Unix socket to which every account can connect; tokens decide who may what."""
    check_directory(path.absolute().parent)
    server = _server(application, connections)
    server.add_socket(bind_unix_socket(str(path), mode=0o666))
    log.info("Serving at %s.", path)
    return server


def _server(
    application: web.Application, connections: Connections, tls: ssl.SSLContext | None = None
) -> BoundedServer:
    return BoundedServer(
        application,
        connections,
        ssl_options=tls,
        max_body_size=_MAX_BODY_BYTES,
        idle_connection_timeout=_IDLE_TIMEOUT_S,
        body_timeout=_BODY_TIMEOUT_S,
    )


class _Parts(NamedTuple):
    audit_writer: AuditWriter
    live_stats: LiveStats
    metrics: Metrics
    service: CompletionService
    training: TrainingService
    dashboard: Dashboard
    suggestions: SuggestionStore


def _build(options: ServiceOptions) -> _Parts:
    settings = options.settings
    state = options.state.absolute()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    policy = PolicyFile(options.policy.absolute())
    policy.reload()
    database = Database(options.database or f"sqlite:///{state / 'safecoder.sqlite'}")
    audit, usage = AuditLog(state / "audit"), UsageStore(database)

    def retention_days() -> int:
        return policy.policy.audit.retention_days if policy.policy else 0

    audit_writer = AuditWriter(audit, usage, retention_days)
    store = TrainingStore(database, audit.name)
    gate = PolicyGate(policy, Limits(usage.tokens_today), store.active_adapter)
    recorder = Recorder(audit_writer, Pseudonyms(state / "pseudonyms.key"), policy)
    runtimes = Runtimes(settings)
    service = CompletionService(gate, Dispatcher(settings, runtimes), recorder, runtimes)
    training = TrainingService(service, policy, store, settings)
    live_stats = LiveStats()
    metrics = Metrics(policy, live_stats)
    recorder.listeners += [live_stats.observe, metrics.observe]
    if options.events:
        recorder.listeners.append(EventWriter(options.events).write)
    suggestions = SuggestionStore(database)
    dashboard = Dashboard(
        service,
        policy,
        usage,
        audit_writer,
        live_stats,
        settings.cache,
        training.jobs.unfinished,
        suggestions,
    )
    return _Parts(audit_writer, live_stats, metrics, service, training, dashboard, suggestions)


def _application(
    parts: _Parts, options: ServiceOptions, prefix: str, connections: Connections
) -> web.Application:
    auth = hub_oauth(prefix, options.token_cache_seconds)
    return make_app(
        prefix,
        parts.service,
        Authenticator(options.token_cache_seconds),
        _MAX_REQUEST_BYTES,
        [*training_routes(parts.training), *suggestion_routes(parts.suggestions)],
        [
            *page_routes(prefix, parts.dashboard, auth),
            *metrics_routes(prefix, parts.dashboard, parts.metrics, auth),
        ],
        connections,
        cookie_secret=cookie_secret(),
    )


def _tls_context(options: ServiceOptions) -> ssl.SSLContext | None:
    if options.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate, options.key)
    return context


def _allow_open_files() -> None:
    """Raise the limit of open files, which for many processes is a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(_MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _wait_for_stop(parent: int | None) -> None:
    """Return after a signal, or when the parent process has stopped."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set() and parent in (None, os.getppid()):
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_POLL_S)


async def _retire_runtimes(service: CompletionService) -> None:
    """Stop runtimes that are no longer assigned, until cancelled."""
    while True:
        service.retire_runtimes()
        await asyncio.sleep(_RETIRE_POLL_S)


async def _rebuild_stats(stats: LiveStats, directory: Path, *, before: str) -> None:
    """Count the last day of the audit log in small steps: requests are served meanwhile."""
    entries = entries_since(directory, utc_timestamp(-60 * DAY_MINUTES))
    try:
        while some := list(islice(entries, _ENTRIES_AT_ONCE)):
            stats.rebuild(entry for entry in some if entry["time"] < before)
            await asyncio.sleep(0)
    except OSError as error:
        log.warning(
            "The dashboard lacks the last 24 hours: the audit log cannot be read (%s).",
            error.strerror,
        )
