"""The Hub's service in this process, without a JupyterHub: its parts, put together for a test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.access.policy_gate import PolicyGate
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.recorder import Recorder
from jupyter_safecoder.hub.accounting.usage import UsageStore
from jupyter_safecoder.hub.dispatcher import Dispatcher
from jupyter_safecoder.hub.runtimes import Runtimes
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.settings import RuntimeSettings

ADA = User("ada", frozenset({"vision"}))
POLICY = "[groups.vision]\n"


@dataclass
class ServiceParts:
    """A service, its parts, and all records that it has made."""

    directory: Path
    settings: RuntimeSettings
    policy: PolicyFile
    database: Database
    usage: UsageStore
    audit_writer: AuditWriter
    recorder: Recorder
    service: CompletionService
    records: list[Record]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of the audit log."""
        return [
            json.loads(line)
            for path in sorted((self.directory / "audit").glob("*.jsonl"))
            for line in path.read_text().splitlines()
        ]


def make_service(
    directory: Path,
    policy: str = POLICY,
    *,
    script: dict[str, Any] | None = None,
    active_adapter: Callable[[str], str] = lambda group: "",
    **settings: Any,
) -> ServiceParts:
    """Return a service that keeps all its files in a directory.

    Parameters
    ----------
    directory
        Gets the policy, the audit log, the database and the model.
    policy
        Text of the policy file.
    script
        Of the scripted engine; ``None``: no model, for what starts no runtime.
    active_adapter
        Returns the adapter that a group has activated.
    **settings
        Settings of the runtimes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "policy.toml"
    path.write_text(policy)
    runtime_settings = RuntimeSettings(cache_dir=str(directory / "cache"), **settings)
    if script is not None:
        model = write_scripted_model(directory / "model", script)
        runtime_settings = replace(runtime_settings, model=str(model), engine="scripted")
    policy_file = PolicyFile(path)
    policy_file.reload()
    database = Database(f"sqlite:///{directory / 'safecoder.sqlite'}")
    usage = UsageStore(database)
    audit_writer = AuditWriter(AuditLog(directory / "audit"), usage, lambda: 0)
    recorder = Recorder(audit_writer, Pseudonyms(directory / "pseudonyms.key"), policy_file)
    gate = PolicyGate(policy_file, Limits(usage.tokens_today), active_adapter)
    runtimes = Runtimes(runtime_settings)
    dispatcher = Dispatcher(runtime_settings, runtimes)
    records: list[Record] = []
    recorder.listeners.append(records.append)
    return ServiceParts(
        directory,
        runtime_settings,
        policy_file,
        database,
        usage,
        audit_writer,
        recorder,
        CompletionService(gate, dispatcher, recorder, runtimes),
        records,
    )


@asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[str]:
    """Serve an application of this process, and yield its URL without a path."""
    listener, port = bind_unused_port()
    server = HTTPServer(application, max_body_size=64 * 2**20)
    server.add_socket(listener)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        await server.close_all_connections()
