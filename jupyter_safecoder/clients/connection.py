"""Connection files: where a runtime listens, for other programs of the same user.

A runtime writes a connection file, mode 0600, into Jupyter's runtime directory; the command line
and kernels of the same user read it. Every request needs its token.
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

from jupyter_safecoder.files import atomic_write

#: The module that a runtime process runs.
RUNTIME_MODULE = "jupyter_safecoder.runtime"
#: Maximum length of a Unix socket's path in bytes: 108 on Linux and 104 on macOS, with a zero byte.
_MAX_SOCKET_PATH_BYTES = 103
_PATTERN = "safecoder-*.json"


@dataclass(frozen=True)
class Connection:
    """The address of a runtime: a Unix socket, or else a port of the loopback address.

    ``parent`` is the process that started the runtime, such as a Jupyter server.
    """

    token: str
    pid: int
    socket: str | None = None
    port: int | None = None
    parent: int | None = None

    def to_json(self) -> bytes:
        """Return this connection as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, line: str | bytes) -> Connection | None:
        """Return the connection of a line of JSON, or ``None`` if it is not one."""
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError):
            return None

    @property
    def base_url(self) -> str:
        """The URL that paths are appended to."""
        return "http://safecoder" if self.port is None else f"http://127.0.0.1:{self.port}"


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(32)


def connection_directory() -> Path:
    """Return the directory for connection files: Jupyter's, or a private one if that fails.

    Raises
    ------
    OSError
        If a private temporary directory cannot be made either.
    """
    directory = Path(jupyter_runtime_dir())
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(directory, os.W_OK | os.X_OK):
            return directory
    except OSError:
        pass  # fall through to the fallback below
    return _private_directory()


def socket_path(directory: Path, name: str) -> Path | None:
    """Return the path for a Unix socket, or ``None`` if no path is short enough.

    Parameters
    ----------
    directory
        Where it should be; if the path is too long, a private temporary directory is taken.
    name
        File name without suffix.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    path = directory / f"{name}.sock"
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH_BYTES:
        return path
    path = _private_directory() / f"{name[-32:]}.sock"
    return path if len(os.fsencode(path)) <= _MAX_SOCKET_PATH_BYTES else None


def write_connection(path: Path, connection: Connection) -> None:
    """Write a connection file that only its owner can read.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left of it then.
    """
    with atomic_write(path, mode=0o600) as stream:
        stream.write(connection.to_json())


def read_connection(path: Path) -> Connection | None:
    """Return the connection of a file, or ``None`` if it cannot be read or trusted.

    A file of another user, or one that others can read, is not trusted.
    """
    try:
        info = path.stat()
        if hasattr(os, "getuid") and (info.st_uid != os.getuid() or info.st_mode & 0o077):
            return None
        return Connection.from_json(path.read_bytes())
    except OSError:
        return None


def find_connections() -> list[tuple[Path, Connection]]:
    """Return the connection files of running processes; those of dead ones are deleted.

    The first are those of the Jupyter server that started this kernel, then the newest.
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
            if _is_running(connection.pid):
                found.append((path.stat().st_mtime, path, connection))
            else:
                path.unlink(missing_ok=True)
                remove_socket(connection)
    # jupyter_client sets this variable for the kernels that it starts.
    server = os.environ.get("JPY_PARENT_PID", "")
    order = sorted(found, reverse=True, key=lambda f: (str(f[2].parent) == server, f[0]))
    return [(path, connection) for _, path, connection in order]


def remove_socket(connection: Connection) -> None:
    """Delete the socket of a runtime that has stopped."""
    if connection.socket:
        Path(connection.socket).unlink(missing_ok=True)


def _private_directory() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    path = Path(tempfile.gettempdir()) / f"safecoder-{user}"
    path.mkdir(mode=0o700, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
        raise OSError(f"{path} belongs to another user.")
    if info.st_mode & 0o077:
        path.chmod(0o700)
    return path


def _is_running(pid: int) -> bool:
    # Imported here: only a server has it already, and most users have no connection file.
    from jupyter_server.utils import check_pid

    return bool(check_pid(pid))
