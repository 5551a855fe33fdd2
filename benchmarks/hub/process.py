"""Starts a JupyterHub with the service, users and their tokens, for a benchmark."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_safecoder.clients.connection import Connection, read_connection
from jupyter_safecoder.clients.hub_client import HubClient
from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused, RuntimeRequestError
from jupyter_safecoder.extras import INSTALL_HUB
from jupyter_safecoder.http.sync_client import SyncHttpClient
from jupyter_safecoder.hub.constants import SERVICE, TRAIN, access_scope
from jupyter_safecoder.protocol import Status
from tests.support.jupyter_server import free_port

#: Each user is in one of them; both have the same grant.
GROUPS = ("odd", "even")
_CONFIG = Path(__file__).with_name("jupyterhub_config.py")
_START_S, _STOP_S = 60.0, 20.0


@dataclass(frozen=True)
class BenchHub:
    """Where the service and its runtime are; ``tokens`` has a token for each user name."""

    service: str
    service_pid: int
    runtime: Connection
    tokens: dict[str, str]


@contextmanager
def bench_hub_process(
    directory: Path,
    users: int,
    arguments: Sequence[str],
    report_status: Callable[[str], None],
    policy_text: str = "".join(f"[groups.{group}]\n" for group in GROUPS),
) -> Iterator[BenchHub]:
    """Yield a JupyterHub that runs as long as the context, with a runtime that is ready.

    Parameters
    ----------
    directory
        Gets all files.
    users
        Number of users.
    arguments
        Further arguments of ``jupyter safecoder hub``.
    report_status
        Called with what is being done.
    policy_text
        The policy.

    Raises
    ------
    RuntimeRequestError
        If something is not installed, or does not start.
    """
    for module in ("jupyterhub", "sqlalchemy"):
        if find_spec(module) is None:
            raise RuntimeRequestError(
                f"{module} is not installed here.",
                f"Install it with: {INSTALL_HUB}.",
            )
    report_status("Starting a JupyterHub")
    port, token = free_port(), secrets.token_hex(16)
    service = f"http://127.0.0.1:{free_port()}"
    runtimes = directory / "runtime"
    policy = directory / "policy.toml"
    policy.write_text(policy_text, "utf-8")
    scopes = [access_scope(SERVICE), TRAIN]
    given = {
        "policy": str(policy),
        "groups": GROUPS,
        "service": service,
        # It has no users but those of the benchmark.
        "arguments": ["--state", str(directory / "state"), "--allow-root", *arguments],
        "environment": {**_safecoder_environment(), "JUPYTER_RUNTIME_DIR": str(runtimes)},
        "port": port,
        "token": token,
        "scopes": scopes,
    }
    service = f"{service}/services/{SERVICE}"
    with (
        _process(directory, given) as process,
        closing(
            SyncHttpClient(f"http://127.0.0.1:{port}/hub/api", {"Authorization": f"token {token}"})
        ) as api,
    ):
        _wait_until_up(process, api, service, directory / "log")
        names = [f"user-{number}" for number in range(1, users + 1)]
        tokens = _create_users(api, names, scopes)

        def news(status: Status) -> None:
            report_status(f"{status.state}: {status.reason}")

        with HubClient(service, tokens[names[0]]) as client:
            client.wait_until_ready(news)
        connections = map(read_connection, runtimes.glob("safecoder-*.json"))
        runtime = next(found for found in connections if found is not None)
        pid = _call(api, "GET", f"/services/{SERVICE}")["pid"]
        yield BenchHub(service, pid, runtime, tokens)


def _safecoder_environment() -> dict[str, str]:
    """Return the variables that say where models and adapters are."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("JUPYTER_") or name in ("HOME", "TMPDIR")
    }


@contextmanager
def _process(directory: Path, given: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTERHUB_")}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "jupyterhub", "-f", str(_CONFIG)],
            cwd=directory,
            env={**environment, "SAFECODER_BENCH_HUB": json.dumps(given)},
            stdout=log,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C ends the benchmark, which then stops the Hub.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(
    process: subprocess.Popen[bytes], api: SyncHttpClient, service: str, log: Path
) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        if _is_up(api, "/") and is_healthy(service):
            return
        time.sleep(0.1)
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    raise RuntimeRequestError("The JupyterHub did not start.", lines[-1] if lines else "")


def is_healthy(url: str) -> bool:
    """Return whether a server with an endpoint ``health`` is ready."""
    with closing(SyncHttpClient(url, {})) as client:
        return _is_up(client, "/health")


def _is_up(client: SyncHttpClient, path: str) -> bool:
    """Return whether a server answers."""
    try:
        return client.request("GET", path, timeout_s=5).status == HTTPStatus.OK
    except (ConnectionRefused, ConnectionLost):
        return False


def _create_users(
    api: SyncHttpClient, names: Sequence[str], scopes: Sequence[str]
) -> dict[str, str]:
    """Create users, and return a token of each, as their servers would have."""
    _call(api, "POST", "/users", {"usernames": names})
    for number, group in enumerate(GROUPS):
        members = {"users": names[number :: len(GROUPS)]}
        _call(api, "POST", f"/groups/{group}/users", members)
    return {
        name: _call(api, "POST", f"/users/{name}/tokens", {"scopes": scopes})["token"]
        for name in names
    }


def _call(api: SyncHttpClient, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Return the Hub's answer."""
    content = None if body is None else json.dumps(body).encode()
    response = api.request(method, path, content, timeout_s=_START_S)
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise RuntimeRequestError(f"The JupyterHub answered {response.status} to {path}.")
    return json.loads(response.content)
