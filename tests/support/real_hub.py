"""A real JupyterHub with its proxy, groups, users, and the service."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.constants import COMPLETE, access_scope
from tests.support.jupyter_server import free_port
from tests.support.paths import ROOT
from tests.support.processes import until

#: Scopes of a token that may request completions.
SCOPES = [access_scope("safecoder"), COMPLETE]
PROXY = ROOT / "labextension/node_modules/.bin/configurable-http-proxy"
ODD_USER, ODD_GROUP = 'o\'brien+ünï "<b>"', 'data & "ünïcode" <b>'
#: The service's socket, in the Hub's directory.
SOCKET = "run/service.sock"
GROUPS = {"vision": ["ada", "cleo"], "speech": ["bob"], ODD_GROUP: [ODD_USER]}
ADMIN = "dana"
USERS = ("ada", "bob", "cleo", "eve", ODD_USER, ADMIN)
_NOTIFICATIONS = (
    ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
)
SCRIPT = {"answers": [{"after": "hello", "text": "_world()"}], "otherwise": "pass"}
POLICY = """\
[groups.vision]
features = ["complete"]

[groups.speech]
context = ["cells"]

[groups.'data & "ünïcode" <b>']
"""

CONFIG = """\
from jupyter_safecoder.hub import add_safecoder

add_safecoder(
    c, policy={policy!r}, groups=list({groups!r}), url={service!r}, admins=[{admin!r}],
    arguments=["--state", {state!r}, "--engine", {engine!r}, "--model", {model!r},
               "--token-cache-seconds", "2", "--cache-dir", {cache!r}, "--events", {events!r},
               *{arguments!r}],
    api_token={api_token!r}, trainers={trainers!r}, user={user!r}, socket={socket!r},
)
c.JupyterHub.load_groups = {{
    name: {{"users": users}} for name, users in {groups!r}.items()
}}
c.JupyterHub.bind_url = {url!r}
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///{directory}/hub.sqlite"
c.JupyterHub.cookie_secret_file = {cookie!r}
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = {pid!r}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "open"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{directory}/home/{{username}}"
c.Spawner.default_url = "/lab"
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = [
    "--allow-root", "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LanguageServerManager.autodetect=False",
]
c.JupyterHub.services.append({{"name": "tester", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{
    "name": "tester", "services": ["tester"],
    "scopes": ["admin:users", "admin:servers", "tokens", "access:servers", "groups",
               "custom:safecoder:admin", "access:services!service=safecoder"],
}})
c.JupyterHub.services.append({{"name": "prometheus", "api_token": {prometheus!r}}})
c.JupyterHub.load_roles.append({{
    "name": "prometheus", "services": ["prometheus"],
    "scopes": ["custom:safecoder:metrics", "access:services!service=safecoder"],
}})
if {api_token!r}:
    # The service is not started yet, and a Hub waits for its services when it starts.
    c.JupyterHub.services.get_value([])[0]["timeout"] = 1
"""


@dataclass
class Hub:
    """A running JupyterHub, with clients of its API and of the service."""

    url: str
    service: str
    api: httpx.Client
    directory: Path
    process: subprocess.Popen[bytes]
    #: Has no token. It is shared: creating a client takes longer than a request.
    client: httpx.Client
    #: The token of a service that may read metrics.
    prometheus: str

    @property
    def policy(self) -> Path:
        """The policy file."""
        return self.directory / "policy.toml"

    def start_server(self, name: str) -> None:
        """Start the server of a user, and wait until it is ready."""
        self.api.post(f"/users/{name}/server").raise_for_status()
        until(lambda: bool(self.api.get(f"/users/{name}").json()["servers"][""]["ready"]), 60)

    def token(self, name: str, scopes: list[str], **options: Any) -> str:
        """Return a new token of a user."""
        body = {"scopes": scopes, **options}
        answer = self.api.post(f"/users/{quote(name)}/tokens", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def ask(self, token: str, **changes: Any) -> tuple[int, list[dict[str, Any]]]:
        """Request a completion from the service; return the HTTP status and the events."""
        answer = self.client.post(
            f"{self.service}/completions",
            content=body(**changes),
            headers={"Authorization": f"token {token}"} if token else {},
        )
        return answer.status_code, [json.loads(line) for line in answer.text.splitlines()]

    def ready(self, token: str) -> bool:
        """Start the runtime of a token's owner, and return whether it is ready."""
        answer = self.client.post(
            f"{self.service}/start", headers={"Authorization": f"token {token}"}
        )
        return bool(answer.json()["state"] == "ready")

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of the audit log, whose chain is valid."""
        directory = self.directory / "state/audit"
        assert verify(directory).error == ""
        return [
            json.loads(line)
            for path in sorted(directory.glob("*.jsonl"))
            for line in path.read_text().splitlines()
        ]


@contextmanager
def real_hub(
    directory: Path,
    *,
    script: Mapping[str, Any] = SCRIPT,
    arguments: Sequence[str] = (),
    api_token: str = "",
    policy: str = POLICY,
    model: Path | None = None,
    trainers: Sequence[str] = (),
    config: str = "",
    user: str = "",
) -> Iterator[Hub]:
    """Start a JupyterHub that knows all users.

    Parameters
    ----------
    directory
        Gets all files of the JupyterHub and the service.
    script
        Of the scripted engine, unless ``model`` is given.
    arguments
        Further arguments of the service.
    api_token
        Token of an external service, which the JupyterHub does not start; empty: it starts one.
    policy
        Text of the policy file.
    model
        A checkpoint for the engine ``transformers``.
    trainers
        Users and groups who may train.
    config
        Further lines of ``jupyterhub_config.py``.
    user
        Account that the service runs as.
    """
    port, service = free_port(), f"http://127.0.0.1:{free_port()}"
    token = secrets.token_hex(16)
    (directory / "policy.toml").write_text(policy)
    for name in USERS:
        settings = directory / "home" / name / _NOTIFICATIONS
        settings.parent.mkdir(parents=True)
        settings.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    values = {
        "policy": str(directory / "policy.toml"),
        "service": service,
        "state": str(directory / "state"),
        "engine": "transformers" if model else "scripted",
        "model": str(model or write_scripted_model(directory / "model", dict(script))),
        "trainers": list(trainers),
        "arguments": [*([] if user else ["--allow-root"]), *arguments],
        "user": user,
        "socket": "" if api_token else str(directory / SOCKET),
        "cache": str(directory / "cache"),
        "events": str(directory / "state/events.jsonl"),
        "groups": GROUPS,
        "admin": ADMIN,
        "url": f"http://127.0.0.1:{port}",
        "hub_port": free_port(),
        "proxy_port": free_port(),
        "cookie": str(directory / "cookie"),
        "pid": str(directory / "proxy.pid"),
        "proxy": str(PROXY),
        "python": sys.executable,
        "directory": directory,
        "token": token,
        "api_token": api_token,
        "prometheus": (prometheus := secrets.token_hex(16)),
    }
    (directory / "jupyterhub_config.py").write_text(CONFIG.format(**values) + config)
    api = httpx.Client(
        base_url=f"http://127.0.0.1:{port}/hub/api",
        headers={"Authorization": f"token {token}"},
        timeout=60,
        trust_env=False,
    )
    client = httpx.Client(timeout=30, trust_env=False)
    where = (f"http://127.0.0.1:{port}", f"{service}/services/safecoder")
    running = Hub(*where, api, directory, start_jupyterhub(directory), client, prometheus)

    def is_up() -> bool:
        assert running.process.poll() is None, (directory / "log").read_text()[-4000:]
        try:
            return api.get("/").status_code == 200 and (bool(api_token) or healthy())
        except httpx.HTTPError:
            return False

    def healthy() -> bool:
        return client.get(f"{running.service}/health").status_code == 200

    try:
        until(is_up, 60)
        api.post("/users", json={"usernames": list(USERS)})
        yield running
    finally:
        api.close()
        client.close()
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(20)
        finally:
            if running.process.poll() is None:
                os.killpg(running.process.pid, signal.SIGKILL)


def server_environment(hub: Hub, name: str) -> dict[str, str]:
    """Return the environment of a user's server."""
    [server] = [
        process
        for process in psutil.Process(hub.process.pid).children(recursive=True)
        if process.environ().get("JUPYTERHUB_USER") == name
        and "jupyterhub.singleuser" in process.cmdline()
    ]
    return dict(server.environ())


def start_jupyterhub(directory: Path) -> subprocess.Popen[bytes]:
    """Start the JupyterHub of a directory, for the first time or after it was killed."""
    with (directory / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"],
            cwd=directory,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def body(prefix: str = "hello", **changes: Any) -> str:
    """Return the body of a completion request."""
    whole = {"version": 2, "prefix": prefix, "suffix": "", **changes}
    return json.dumps(whole)
