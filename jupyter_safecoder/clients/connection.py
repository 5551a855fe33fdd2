"""Connection files: where a runtime listens, for other programs of the same user.

A runtime writes a connection file, mode 0600, into Jupyter's runtime directory; the command line
and kernels of the same user read it. Every request needs its token. Several hosts may share that
directory: a file says whose it is, and those of other hosts are neither used nor deleted.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir

from jupyter_safecoder.files import atomic_write

from .host import boot_id, host_name, host_tag, is_running

#: The module that a runtime process runs.
RUNTIME_MODULE = "jupyter_safecoder.runtime"
#: Maximum length of a Unix socket's path in bytes: 108 on Linux and 104 on macOS, with a zero byte.
MAX_SOCKET_PATH_BYTES = 103
#: Begins the name of each connection file.
_NAME = "safecoder-"
_PATTERN = f"{_NAME}*.json"
_MAX_CONNECTION_BYTES = 65536
#: One more than the largest ids and ports.
_MAX_PID, _MAX_PORT = 2**31, 2**16


@dataclass(frozen=True)
class Connection:
    """The address of a runtime: a Unix socket, or else a port of the loopback address.

    Parameters
    ----------
    token
        What each request must have.
    pid
        The process of the runtime.
    socket
        Path of its Unix socket; ``None``: it has none.
    port
        Its port of the loopback address.
    parent
        The process that started the runtime, such as a Jupyter server.
    host, boot
        Where it runs, from :func:`.host_name` and :func:`.boot_id`; empty in a file that an earlier
        version wrote.
    started
        When its process started, from :func:`.start_time`; ``None``: not known.
    """

    token: str
    pid: int
    socket: str | None = None
    port: int | None = None
    parent: int | None = None
    host: str = field(default_factory=host_name)
    boot: str = field(default_factory=boot_id)
    started: int | None = None

    def to_json(self) -> bytes:
        """Return this connection as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, line: str | bytes) -> Connection | None:
        """Return the connection of a line of JSON, or ``None`` if it is not one."""
        try:
            found = {"host": "", "boot": "", **json.loads(line)}
            connection = cls(**found)
        except (ValueError, TypeError, RecursionError):
            return None
        return connection if _is_sound(found) else None

    @property
    def is_here(self) -> bool:
        """Whether the runtime is of this host and boot, so that its process id says something."""
        return (self.host, self.boot) == (host_name(), boot_id())

    @property
    def is_running(self) -> bool:
        """Whether its process runs, which is known on its own host only."""
        return is_running(self.pid, self.started)

    @property
    def base_url(self) -> str:
        """The URL that paths are appended to."""
        return "http://safecoder" if self.port is None else f"http://127.0.0.1:{self.port}"


def _is_sound(fields: dict[str, Any]) -> bool:
    """Return whether the fields of a connection have values that can be used."""
    numbers = {name: fields.get(name) for name in ("pid", "parent", "port", "started")}
    texts = {name: fields.get(name) for name in ("token", "socket", "host", "boot")}
    return (
        all(value is None or type(value) is int for value in numbers.values())
        and all(value is None or isinstance(value, str) for value in texts.values())
        and 0 < (numbers["pid"] or 0) < _MAX_PID
        and (numbers["port"] is None or 0 < numbers["port"] < _MAX_PORT)
        # It goes into a header of each request.
        and bool(texts["token"])
        and str(texts["token"]).isascii()
        and str(texts["token"]).isprintable()
        and _is_path(texts["socket"] or "")
        and None not in (texts["host"], texts["boot"])
    )


def _is_path(text: str) -> bool:
    """Return whether a text can be the path of a file."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def connection_name(process: str = "") -> str:
    """Return the name of a connection file without its suffix: no other host has one like it.

    Parameters
    ----------
    process
        What tells it from others of this host; empty: the id of this process.
    """
    return f"{_NAME}{host_tag()}-{process or os.getpid()}"


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(32)


def connection_directory() -> Path | None:
    """Return the directory for connection files: Jupyter's, or a private temporary one.

    Jupyter's is not taken if another user owns it or could replace files in it.

    Returns
    -------
    Path or None
        ``None`` if there is no such directory.
    """
    directory = Path(jupyter_runtime_dir())
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(directory, os.W_OK | os.X_OK) and _is_own(directory.stat(), 0o022):
            return directory
    return _private_directory()


def socket_path(directory: Path | None, name: str) -> Path | None:
    """Return the path for a Unix socket, or ``None`` if no path is short enough.

    Parameters
    ----------
    directory
        Where it should be; if the path is too long, or ``None``, a private temporary directory is
        taken.
    name
        File name without suffix.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    path = None if directory is None else directory / f"{name}.sock"
    if path is not None and len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    private = _private_directory()
    # The directory has our name already.
    short = name.removeprefix(_NAME)[-32:]
    path = None if private is None else private / f"{short}.sock"
    return path if path and len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES else None


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
        # Whatever it is: opening a pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as stream:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode) or not _is_own(info, 0o077):
                return None
            return Connection.from_json(stream.read(_MAX_CONNECTION_BYTES))
    except OSError:
        return None


def find_connections() -> list[tuple[Path, Connection]]:
    """Return the connection files of runtimes of this host; those of ended processes are deleted.

    Those of other hosts, and of other containers, are left alone: whether their process runs is
    not known here. A file of an earlier version does not say its host: it is used if its process
    runs, and never deleted.

    The first are those of the Jupyter server that started this kernel, then the newest.
    """
    directories = {Path(jupyter_runtime_dir()), *_private_directories()}
    found = []
    for path in (path for directory in directories for path in _connection_files(directory)):
        connection = read_connection(path)
        if connection is None or not (connection.is_here or not connection.host):
            continue
        with suppress(OSError):
            if connection.is_running:
                found.append((path.stat().st_mtime, path, connection))
            elif connection.is_here:
                path.unlink(missing_ok=True)
                remove_socket(connection)
    # jupyter_client sets this variable for the kernels that it starts.
    server = os.environ.get("JPY_PARENT_PID", "")
    order = sorted(found, reverse=True, key=lambda f: (str(f[2].parent) == server, f[0]))
    return [(path, connection) for _, path, connection in order]


def _connection_files(directory: Path) -> list[Path]:
    try:
        return list(directory.glob(_PATTERN))
    except OSError:  # a file server that does not respond
        return []


def remove_socket(connection: Connection) -> None:
    """Delete the socket of a runtime that has stopped; any other file at its path stays."""
    if connection.socket:
        with suppress(OSError):
            if stat.S_ISSOCK(os.lstat(connection.socket).st_mode):
                os.unlink(connection.socket)


def _private_directory() -> Path | None:
    """Return a temporary directory that only this user can open, or ``None`` if none can be made.

    Its name is known to all users: where another one has taken it, it gets a random ending.
    """
    with suppress(OSError):
        path = Path(tempfile.gettempdir()) / _private_name()
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        for directory in _private_directories():
            directory.chmod(0o700)
            return directory
        return Path(tempfile.mkdtemp(prefix=f"{path.name}-"))
    return None


def _private_directories() -> list[Path]:
    """Return the temporary directories of this user, that without an ending first."""
    try:
        found = sorted(Path(tempfile.gettempdir()).glob(f"{_private_name()}*"))
    except OSError:
        return []
    own = []
    for path in found:
        with suppress(OSError):
            info = path.lstat()
            is_ours = path.name == _private_name() or path.name.startswith(f"{_private_name()}-")
            if is_ours and stat.S_ISDIR(info.st_mode) and _is_own(info, 0):
                own.append(path)
    return own


def _private_name() -> str:
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return f"safecoder-{user}"


def _is_own(info: os.stat_result, others: int) -> bool:
    """Return whether a file is this user's, and others have none of these permissions."""
    # On Windows, modes say nothing about other users.
    return not hasattr(os, "getuid") or (info.st_uid == os.getuid() and not info.st_mode & others)
