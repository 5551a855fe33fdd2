"""No other account of the Hub's host can take the place of the service that the Hub starts."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from jupyter_safecoder.clients.hub_client import HubClient
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.clients.service_address import socket_url
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.jupyter_server import free_port
from tests.support.processes import until
from tests.support.real_hub import SCOPES, SOCKET, Hub, body, real_hub, server_environment

pytestmark = pytest.mark.timeout(240)
ACCOUNT, OTHER = "nobody", "daemon"


def service_process(hub: Hub) -> psutil.Process:
    """Return the process of the service."""
    [found] = [
        process
        for process in psutil.Process(hub.process.pid).children()
        if "--end-with-parent" in process.cmdline()
    ]
    return found


def as_account(name: str, code: str) -> str:
    """Return what Python code prints that runs as an account."""
    account = pwd.getpwnam(name)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        cwd="/",
    )
    return done.stdout.strip() or done.stderr


def has_accounts() -> bool:
    """Return whether other accounts can run this Python."""
    if os.getuid() != 0:
        return False
    try:
        return as_account(OTHER, "print(1)") == "1"
    except PermissionError:
        return False


def imposter_at_port(url: str) -> str:
    """Return code that listens at the service's port, in any of the ways there are."""
    return f"""
import socket
for options in ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,),
                (socket.SO_REUSEADDR, socket.SO_REUSEPORT)):
    for host in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as imposter:
            for option in options:
                imposter.setsockopt(socket.SOL_SOCKET, option, 1)
            try:
                imposter.bind((host, {urlsplit(url).port}))
                imposter.listen()
            except OSError:
                continue
            print("listens")
            raise SystemExit
print("refused")
"""


def imposter_at_socket(path: Path) -> str:
    """Return code that listens at the service's socket, or at one that it puts there."""
    return f"""
import os, pathlib, socket
path = pathlib.Path({str(path)!r})
done = []
for name, change in (
    ("remove", path.unlink),
    ("move", lambda: path.parent.rename(path.parent.parent / "old")),
    ("bind", lambda: socket.socket(socket.AF_UNIX).bind(str(path))),
    ("create", lambda: (path.parent / "x").touch()),
    ("replace", lambda: os.symlink("/tmp", path.parent.parent / "run2")),
):
    try:
        change()
        done.append(name)
    except OSError:
        pass
print(" ".join(done) or "refused")
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """Create a directory that all accounts can reach; pytest's are for one account."""
    path = Path(tempfile.mkdtemp(prefix="safecoder-hub-", dir="/tmp"))
    path.chmod(0o755)
    for name in ("state", "cache"):
        (path / name).mkdir(mode=0o700)
        shutil.chown(path / name, ACCOUNT)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.skipif(not has_accounts(), reason="no other account can run this Python")
def test_an_imposter_gets_no_place_while_the_service_is_away(directory: Path) -> None:
    with real_hub(directory, user=ACCOUNT) as hub:
        service = service_process(hub)
        assert service.username() == ACCOUNT
        hub.start_server("bob")
        environment = server_environment(hub, "bob")
        url, token = environment[URL_VARIABLE], environment[SERVICE_TOKEN_VARIABLE]
        path = directory / SOCKET
        assert url == socket_url(path, "/services/safecoder/")
        with HubClient(url, token) as client:
            assert client.wait_until_ready().state == "ready"
        # Any account reaches the socket: the token decides.
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r}); print(1)"
        assert as_account(OTHER, connect) == "1"
        assert [child.username() for child in service.children(recursive=True)] == [ACCOUNT]
        for present in (True, False):
            if not present:
                service.send_signal(signal.SIGKILL)
                until(lambda: not service.is_running() or service.status() == "zombie", 20)
            assert as_account(OTHER, imposter_at_port(hub.service)) == "refused"
            assert as_account(OTHER, imposter_at_socket(path)) == "refused"
        # JupyterHub restarts it, at the socket that the killed one left.
        with HubClient(url, token) as client:
            until(lambda: responds(client), 60)
        assert service_process(hub).username() == ACCOUNT


def responds(client: HubClient) -> bool:
    """Return whether the service responds."""
    try:
        client.status()
    except RuntimeRequestError:
        return False
    return True


def test_the_path_through_the_hub_and_the_socket_share_one_limit(tmp_path: Path) -> None:
    policy = "[groups.speech]\nrequests_per_minute = 3\n"
    with real_hub(tmp_path, policy=policy) as hub:
        token = hub.token("bob", SCOPES)
        until(lambda: hub.ready(token), 60)
        through = f"{hub.url}/services/safecoder"
        statuses = [_status(hub, where, token) for where in (through, hub.service) * 2]
        assert statuses == [200, 200, 200, 429]
        url = socket_url(tmp_path / SOCKET, "/services/safecoder/")
        with (
            HubClient(url, token) as client,
            pytest.raises(RuntimeRequestError, match="maximum of 3 requests per minute"),
        ):
            client.complete(CompletionRequest("hello", ""))


def _status(hub: Hub, where: str, token: str) -> int:
    headers = {"Authorization": f"token {token}"}
    return hub.client.post(f"{where}/completions", content=body(), headers=headers).status_code


def start_service(directory: Path, *arguments: str) -> str:
    """Start a service that must not run; return its message."""
    environment = {
        "JUPYTERHUB_API_TOKEN": "x" * 32,
        "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
        "JUPYTERHUB_SERVICE_NAME": "safecoder",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{free_port()}",
    }
    command = ("-m", "jupyter_safecoder", "hub", "--policy", "policy.toml", *arguments)
    done = subprocess.run(
        [sys.executable, *command],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="this account is not root")
def test_the_service_refuses_to_run_as_root(tmp_path: Path) -> None:
    message = start_service(tmp_path)
    assert "does not run as root" in message
    assert "'user' of add_safecoder()" in message
    assert not (tmp_path / "audit").exists()


def test_a_service_does_not_listen_where_others_could_replace_its_socket(tmp_path: Path) -> None:
    (directory := tmp_path / "run").mkdir()
    directory.chmod(0o777)
    message = start_service(tmp_path, "--allow-root", "--socket", str(directory / "s"))
    assert "run is writable for other accounts" in message
