"""Where a runtime listens, and how others on the machine find it.

A runtime writes a connection file, mode 0600, into Jupyter's runtime directory; the CLI and kernels
of the same user read it. Its token is asked for at every door.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

#: Bytes that a Unix socket's path may have: 108 on Linux and 104 on BSD and macOS, with the zero.
_SOCKET_PATH_BYTES = 103
_PATTERN = "safecoder-*.json"
#: The module that a runtime process runs.
RUNTIME_MODULE = "jupyter_safecoder.runtime"


@dataclass(frozen=True)
class Connection:
    """How to reach a runtime: a Unix socket, or else a port of the loopback address.

    ``parent`` is the process that started it: of a Jupyter server's kernels, their server.
    """

    token: str
    pid: int
    socket: str | None = None
    port: int | None = None
    parent: int | None = None

    def to_json(self) -> bytes:
        """Return this connection as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, line: str | bytes) -> Connection | None:
        """Return the connection of a line, or ``None`` if it is none."""
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError):
            return None

    @property
    def base_url(self) -> str:
        """The URL that paths are joined to."""
        return "http://safecoder" if self.port is None else f"http://127.0.0.1:{self.port}"


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(32)


def connection_directory() -> Path:
    """Return the directory for connection files: Jupyter's, or a private one where that fails.

    Raises
    ------
    OSError
        If not even a private temporary directory can be made.
    """
    directory = Path(jupyter_runtime_dir())
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(directory, os.W_OK | os.X_OK):
            return directory
    except OSError:
        pass  # the next line is the answer to it
    return _private_directory()


def socket_path(directory: Path, name: str) -> Path | None:
    """Return a path that is short enough for a Unix socket; ``None`` where there are none."""
    if not hasattr(socket, "AF_UNIX"):
        return None
    path = directory / f"{name}.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES:
        return path
    path = _private_directory() / f"{name[-32:]}.sock"
    return path if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES else None


def write_connection(path: Path, connection: Connection) -> None:
    """Write a connection file at once or not at all, readable by its owner only."""
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(connection.to_json())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_connection(path: Path) -> Connection | None:
    """Return what a connection file says, or ``None`` if it is gone, foreign or half-written."""
    try:
        info = path.stat()
        if hasattr(os, "getuid") and (info.st_uid != os.getuid() or info.st_mode & 0o077):
            return None
        return Connection.from_json(path.read_bytes())
    except OSError:
        return None


def find_connections() -> list[tuple[Path, Connection]]:
    """Return the connection files whose process lives; others are removed.

    First those of the Jupyter server that started this kernel, then the newest.
    """
    directories = {Path(jupyter_runtime_dir())}
    with suppress(OSError):
        directories.add(_private_directory())
    found = []
    for path in (path for directory in directories for path in directory.glob(_PATTERN)):
        connection = read_connection(path)
        if connection is None:
            continue
        with suppress(OSError):
            if _alive(connection.pid):
                found.append((path.stat().st_mtime, path, connection))
            else:
                path.unlink(missing_ok=True)
                remove_socket(connection)
    # What jupyter_client tells the kernels that it starts.
    server = os.environ.get("JPY_PARENT_PID", "")
    order = sorted(found, reverse=True, key=lambda f: (str(f[2].parent) == server, f[0]))
    return [(path, connection) for _, path, connection in order]


def remove_socket(connection: Connection) -> None:
    """Remove the socket of a runtime that is gone."""
    if connection.socket:
        Path(connection.socket).unlink(missing_ok=True)


def _private_directory() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    path = Path(tempfile.gettempdir()) / f"safecoder-{user}"
    path.mkdir(mode=0o700, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
        raise OSError(f"{path} belongs to somebody else.")
    if info.st_mode & 0o077:
        path.chmod(0o700)
    return path


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it lives, and is not ours
    return True
