"""A server on this machine with the part of the Hugging Face Hub's API that a download uses."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class HuggingFaceServer:
    """What the server has, and the requests that it got."""

    url: str = ""
    #: ``owner/name`` to the directory of a checkpoint.
    models: dict[str, Path] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    #: Names of files to what is sent instead of them.
    lies: dict[str, bytes] = field(default_factory=dict)
    #: Answers every request with this status instead.
    status: int = 0
    #: Seconds to wait before sending each file.
    delay_s: float = 0.0
    requests: list[str] = field(default_factory=list)


def _sibling(path: Path, directory: Path) -> dict[str, object]:
    """Return a file as the hub lists it: it has the SHA-256 of large ones."""
    size = path.stat().st_size
    sibling: dict[str, object] = {"rfilename": str(path.relative_to(directory)), "size": size}
    if path.suffix == ".safetensors":
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        sibling["lfs"] = {"sha256": sha256, "size": size, "pointerSize": 134}
    return sibling


@contextmanager
def huggingface_server() -> Iterator[HuggingFaceServer]:
    """Yield a server that listens on the loopback address."""
    state = HuggingFaceServer()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._respond(body=False)

        def do_GET(self) -> None:
            self._respond(body=True)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _respond(self, *, body: bool) -> None:
            state.requests.append(f"{self.command} {self.path}")
            if state.status:
                return self._send(state.status, {}, b"")
            path = self.path.partition("?")[0].strip("/")
            name = "/".join(path.removeprefix("api/models/").split("/")[:2])
            directory = state.models.get(name)
            if directory is None:
                return self._send(404, {"X-Error-Code": "RepoNotFound"}, b"")
            if path.startswith("api/models/"):
                return self._describe(name, directory, path)
            if name in state.gated:
                return self._send(403, {"X-Error-Code": "GatedRepo"}, b"")
            time.sleep(state.delay_s)
            file = path.split("/", 4)[4]
            content = state.lies.get(file, (directory / file).read_bytes())
            headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            return self._send(200, headers, content, body=body)

        def _describe(self, name: str, directory: Path, path: str) -> None:
            if "/revision/" in path and path.rpartition("/")[2] not in ("main", COMMIT):
                return self._send(404, {"X-Error-Code": "RevisionNotFound"}, b"")
            siblings = [_sibling(p, directory) for p in directory.rglob("*") if p.is_file()]
            about = {"id": name, "sha": COMMIT, "siblings": siblings, "private": False, "tags": []}
            return self._send(200, {}, json.dumps(about).encode())

        def _send(
            self, status: int, headers: dict[str, str], content: bytes, *, body: bool = True
        ) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body and self.command == "GET":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
