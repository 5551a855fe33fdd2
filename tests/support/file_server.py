"""A server of files in a thread, which continues downloads, and can redirect, lie and stall."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What the server has, and the requests that it got."""

    url: str = ""
    #: Path to content.
    files: dict[str, bytes] = field(default_factory=dict)
    #: Path to the URL that it redirects to.
    redirects: dict[str, str] = field(default_factory=dict)
    #: Answers every request with this status instead.
    status: int = 0
    #: Number of bytes of a response after which it stalls until ``released`` is set.
    stall_after: int | None = None
    #: End of the paths at which it stalls.
    stall_at: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    #: Whether the server knows the header ``Range``.
    ranges: bool = True
    #: Each request's path, and its headers in small letters.
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def ranges_of(self, path: str) -> list[str]:
        """Return the header ``Range`` of each request for a path; empty where there was none."""
        return [headers.get("range", "") for asked, headers in self.requests if asked == path]


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Yield a server that listens on the loopback address."""
    state = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            content = state.files.get(self.path)
            if state.status or (target := state.redirects.get(self.path)) is None:
                return self._send(state.status or (200 if content is not None else 404), content)
            self.send_response(302)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            return self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _send(self, status: int, content: bytes | None) -> None:
            content = content if status == 200 and content is not None else b""
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked[1]) if asked and state.ranges and status == 200 else 0
            headers = {}
            if start:
                status = 206 if start < len(content) else 416
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            body = content[start:]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            stalls = state.stall_after is not None and self.path.endswith(state.stall_at)
            at_once = state.stall_after if stalls and state.stall_after else len(body)
            try:
                self.wfile.write(body[:at_once])
                self.wfile.flush()
                if body[at_once:]:
                    state.released.wait(60)
                    self.wfile.write(body[at_once:])
            except OSError:
                pass  # the client was killed

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
