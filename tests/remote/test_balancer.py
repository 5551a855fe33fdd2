"""The load balancer's configuration in a real NGINX: one prefix goes to one replica."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from tornado.netutil import bind_sockets

from tests.support.paths import DEPLOY_REMOTE
from tests.support.processes import until

CONFIGURATION = DEPLOY_REMOTE / "nginx.conf"


@contextmanager
def _replica(name: str) -> Iterator[str]:
    """Yield the address of a server that responds with its name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _nginx(directory: Path, replicas: list[str]) -> Iterator[str]:
    (socket,) = bind_sockets(0, "127.0.0.1")
    port = socket.getsockname()[1]
    socket.close()
    pair = ["-keyout", str(directory / "tls.key"), "-out", str(directory / "tls.crt")]
    subject = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command = ["openssl", "req", "-x509", *subject, *pair]
    subprocess.run(command, check=True, capture_output=True)
    text = CONFIGURATION.read_text("utf-8").replace("listen 8443", f"listen 127.0.0.1:{port}")
    text = text.replace(" /tmp/", f" {directory}/").replace("/run/secrets/tls", str(directory))
    for number, replica in enumerate(replicas):
        text = text.replace(f"vllm-{number}.vllm:8000", replica)
    (directory / "nginx.conf").write_text(text)
    run = ["nginx", "-c", str(directory / "nginx.conf"), "-g", "daemon off;"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(run, stderr=log)
        try:
            url = f"https://127.0.0.1:{port}"
            until(lambda: _is_up(url))
            yield url
        finally:
            process.terminate()
            process.wait()


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", verify=False, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_prefix_always_goes_to_the_same_replica(tmp_path: Path) -> None:
    with ExitStack() as stack:
        replicas = [stack.enter_context(_replica(name)) for name in ("one", "two")]
        url = stack.enter_context(_nginx(tmp_path, replicas))
        http = stack.enter_context(httpx.Client(base_url=url, verify=False, trust_env=False))
        served_by = {}
        for prefix in map(str, range(40)):
            headers = {"X-SafeCoder-Prefix": prefix}
            served_by[prefix] = {http.get("/v1/models", headers=headers).text for _ in range(3)}
        assert all(len(replicas) == 1 for replicas in served_by.values())
        assert 8 <= sum("one" in replicas for replicas in served_by.values()) <= 32
        assert http.get("/metrics").status_code == 404
    assert "/v1/models" not in (tmp_path / "log").read_text()
