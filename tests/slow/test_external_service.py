"""The service as in a container, beside a real JupyterHub that does not start it.

The command and environment are those of compose.yaml and the image; the root is read-only but for
the volume and ``/tmp``; the model is the embedded one. Docker itself is not run.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.clients.hub_client import HubClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.constants import COMPLETE, access_scope
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.protocol import Status
from tests.support.deployments import DEPLOYMENTS
from tests.support.paths import DEPLOY_HUB
from tests.support.processes import until
from tests.support.real_hub import Hub, body, real_hub

pytestmark = pytest.mark.timeout(240)
TOKEN = secrets.token_hex(16)
#: As in a container: a read-only root, a writable volume, and an empty /tmp in memory.
_CONTAINER = """
set -e
mount --bind "$1" /mnt
mount --bind "$1/volume" /mnt/volume
mount -o remount,bind,ro /mnt
mount -o remount,bind,ro /
mount -t tmpfs none /tmp
shift
exec "$@"
"""


def contained(*command: str | Path) -> list[str | Path]:
    """Return a command that runs another one in new namespaces, as root in them alone."""
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", _CONTAINER, "sh", *command]


def environment(hub: Hub, **changes: str) -> dict[str, str]:
    """Return the environment of the container, with the addresses of this machine."""
    here = {
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_API_URL": str(hub.api.base_url).rstrip("/"),
        "JUPYTERHUB_SERVICE_URL": f"http://0.0.0.0:{urlsplit(hub.service).port}",
        "JUPYTER_SAFECODER_DATABASE": "",
        "JUPYTER_SAFECODER_CACHE": "/mnt/volume/cache",
        "HOME": "/mnt/volume",
    }
    passed = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return DEPLOYMENTS["compose"]().environment | here | passed | changes


def command() -> list[str | Path]:
    """Return the command of the container, with its paths below ``/mnt``."""
    paths = {"/var/lib/safecoder": "/mnt/volume", "/etc/safecoder/policy.toml": "/mnt/policy.toml"}
    program, *rest = (paths.get(word, word) for word in DEPLOYMENTS["compose"]().command)
    # In its namespaces it is root; in the container it is not.
    return [Path(sys.executable).with_name(program), *rest, "--allow-root"]


@contextmanager
def service(hub: Hub, *options: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the service with further options and changed variables."""
    log = hub.directory / "service.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            contained(hub.directory, *command(), *options),
            env=environment(hub, **changes),
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) is not None, log.read_text()


def healthy(hub: Hub, **changes: str) -> bool:
    """Return whether the health check of the image succeeds."""
    check = [sys.executable, str(DEPLOY_HUB / "health.py")]
    done = subprocess.run(check, env=environment(hub, **changes), capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture(scope="module")
def external(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a JupyterHub with an external service that is not started yet."""
    if shutil.which("unshare") is None:
        pytest.skip("There is no unshare (of util-linux) here.")
    directory = tmp_path_factory.mktemp("external")
    (directory / "volume").mkdir()
    probe = subprocess.run(
        contained(directory, "true"), capture_output=True, text=True, check=False
    )
    if probe.returncode:
        pytest.skip(f"This machine allows no such namespaces: {probe.stderr.strip()}")
    with real_hub(directory, api_token=TOKEN) as running:
        yield running


def test_an_external_service_on_a_read_only_root_completes(external: Hub) -> None:
    token = external.token("ada", [access_scope("safecoder"), COMPLETE])
    header = {"Authorization": f"token {token}"}
    assert not healthy(external)
    with service(external), httpx.Client(headers=header, trust_env=False, timeout=30) as client:
        until(lambda: healthy(external), 30)
        until(lambda: client.post(f"{external.service}/start").json()["state"] == "ready", 90)
        answer = client.post(f"{external.service}/completions", content=body("import num"))
        # Also through JupyterHub's proxy, which routes to its `url`.
        through = client.get(f"{external.url}/services/safecoder/health")
    done = json.loads(answer.text.splitlines()[-1])
    assert (done["event"], done["model"]) == ("done", EMBEDDED)
    assert done["completion_tokens"] > 0
    assert through.json() == {"ok": True, "status": "ok"}
    volume = external.directory / "volume"
    assert verify(volume / "audit").lines > 0
    assert (volume / "safecoder.sqlite").is_file()
    assert not healthy(external)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_with_tls_servers_and_kernels_trust_a_private_authority(
    external: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = external.directory / "certificate.pem"
    subject = ["-subj", "/CN=safecoder", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(external.directory / "key.pem")]
    made = ["openssl", "req", "-x509", *key, "-out", str(certificate), "-days", "2", *subject]
    subprocess.run(made, check=True, capture_output=True)
    options = ("--certificate", "/mnt/certificate.pem", "--key", "/mnt/key.pem")
    port = urlsplit(external.service).port
    listens = {"JUPYTERHUB_SERVICE_URL": f"https://0.0.0.0:{port}"}
    url = f"https://127.0.0.1:{port}/services/safecoder"
    token = external.token("ada", [access_scope("safecoder"), COMPLETE])

    async def asked(ca_file: str) -> Status:
        gateway = HubBackend(url, token, ca_file)
        try:
            return await gateway.status()
        finally:
            await gateway.close()

    def by_server() -> bool:
        return asyncio.run(asked(str(certificate))).state == "off"

    def by_kernel() -> bool:
        with HubClient(url, token) as kernel:
            return kernel.status().state == "off"

    with service(external, *options, **listens):
        until(lambda: healthy(external, **listens), 30)
        # A busy Hub may be slow to confirm the token; trust in the certificate does not change.
        until(by_server, 30)
        assert "service does not answer at" in asyncio.run(asked("")).reason
        with pytest.raises(RuntimeRequestError, match="service does not answer"):
            by_kernel()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        until(by_kernel, 30)


def test_without_its_name_the_service_does_not_start(external: Hub) -> None:
    # Scopes contain the name: it would start, and deny all requests.
    with service(external, JUPYTERHUB_SERVICE_NAME="") as process:
        assert process.wait(30) == 1
    assert (
        (external.directory / "service.log")
        .read_text()
        .startswith("JUPYTERHUB_SERVICE_NAME must be set")
    )
