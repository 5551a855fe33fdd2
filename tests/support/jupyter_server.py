"""Starts a real Jupyter server with a configuration of its own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_START_S = 60.0
#: Extensions that a server without pages does not need; loading them takes longer than the rest.
_PAGES = ("jupyter_lsp", "jupyter_server_terminals", "jupyterlab", "notebook", "notebook_shim")


@dataclass(frozen=True)
class JupyterServer:
    """A running server: its URL, its token, its process."""

    url: str
    token: str
    process: subprocess.Popen[bytes]


@contextmanager
def jupyter_server(
    directory: Path,
    config: Mapping[str, object],
    *,
    app: str = "jupyter_server",
    arguments: Sequence[str] = (),
    log: Path | None = None,
) -> Iterator[JupyterServer]:
    """Yield a Jupyter server, which stops with the context.

    Parameters
    ----------
    directory
        Gets the server's notebooks, configuration and runtime files.
    config
        Traits of the SafeCoder extension.
    app
        The module to run: ``jupyter_server``, ``jupyterlab`` or ``notebook``.
    arguments
        Further arguments of the command line.
    log
        File for the server's output; ``None``: it is dropped.
    """
    token = secrets.token_hex(16)
    port = free_port()
    (directory / "notebooks").mkdir(parents=True, exist_ok=True)
    settings = directory / "config" / "jupyter_server_config.json"
    settings.parent.mkdir(exist_ok=True)
    traits: dict[str, object] = {"SafeCoder": dict(config)}
    if app == "jupyter_server":
        traits["ServerApp"] = {"jpserver_extensions": dict.fromkeys(_PAGES, False)}
    settings.write_text(json.dumps(traits), "utf-8")
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(directory / "runtime"),
        "JUPYTER_CONFIG_DIR": str(settings.parent),
    }
    command = [
        *(sys.executable, "-m", app, "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"),
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={directory / 'notebooks'}",
        *arguments,
    ]
    with open(log or os.devnull, "ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        server = JupyterServer(f"http://127.0.0.1:{port}", token, process)
        _wait_until_up(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(server: JupyterServer) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise RuntimeError(f"The Jupyter server exited with {server.process.returncode}.")
        try:
            if httpx.get(f"{server.url}/api", timeout=2, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"The Jupyter server did not answer within {_START_S:.0f} s.")


def free_port() -> int:
    """Return a port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
