"""Where the runtime listens: its socket and its connection file, made again when they are deleted.

Another host or an administrator may delete files of a shared directory. The model stays loaded, and
requests in progress go on.
"""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.web import Application

from jupyter_safecoder.clients.connection import (
    Connection,
    connection_directory,
    remove_socket,
    socket_path,
    write_connection,
)
from jupyter_safecoder.clients.host import start_time

log = logging.getLogger("jupyter_safecoder.runtime")


class Listener:
    """Listens on a Unix socket, or else on a port of the loopback address.

    Parameters
    ----------
    app
        Handles the requests.
    name
        Of the connection file and the socket, without suffix.
    token
        Of the connection.
    max_body_bytes
        Maximum size of a request.
    """

    def __init__(self, app: Application, name: str, token: str, max_body_bytes: int) -> None:
        self._app = app
        self._name = name
        self._token = token
        self._max_body_bytes = max_body_bytes
        self._published = True
        self._open(name)

    def _open(self, name: str) -> None:
        self._server = HTTPServer(self._app, max_body_size=self._max_body_bytes)
        directory = connection_directory()
        #: The connection file; ``None``: there is no directory for it.
        self.path = None if directory is None else directory / f"{self._name}.json"
        #: The address.
        self.connection = self._listen(socket_path(directory, name))
        self._inode = _inode(self.connection.socket)
        self._publish()

    def restore(self) -> bool:
        """Listen again if the socket is gone, and write the file again if that is gone.

        Returns
        -------
        bool
            Whether the address has changed.
        """
        if self.connection.socket and _inode(self.connection.socket) != self._inode:
            log.warning("The runtime's socket was deleted: it listens at another one.")
            # What is at the old path now is not ours.
            old = self._server
            self._open(f"{self._name}-{secrets.token_hex(2)}")
            old.stop()
            return True
        if self._published and self.path is not None and not os.path.lexists(self.path):
            self._publish()
        return False

    def close(self) -> None:
        """Stop listening, and delete the socket and the connection file."""
        self._server.stop()
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
        if self.connection.socket and _inode(self.connection.socket) == self._inode:
            remove_socket(self.connection)

    def _publish(self) -> None:
        """Write the connection file, if that is possible."""
        place, reason = "any directory", "none is private and can be written"
        if self.path is not None:
            try:
                write_connection(self.path, self.connection)
                return
            except OSError as error:
                place, reason = str(self.path.parent), str(error.strerror)
        self._published = False
        log.warning(
            "No connection file in %s (%s): only the process that started this runtime can use it.",
            place,
            reason,
        )

    def _listen(self, path: Path | None) -> Connection:
        pid, parent = os.getpid(), os.getppid()
        started = start_time(pid)
        if path is not None:
            try:
                self._server.add_socket(bind_unix_socket(str(path), mode=0o600))
                return Connection(
                    self._token, pid, socket=str(path), parent=parent, started=started
                )
            except (OSError, ValueError) as error:  # tornado's ValueError: another file is there
                reason = error.strerror if isinstance(error, OSError) else "another file is there"
                log.warning("No Unix socket (%s): the loopback address is used instead.", reason)
        sockets = bind_sockets(0, "127.0.0.1")
        self._server.add_sockets(sockets)
        port = sockets[0].getsockname()[1]
        return Connection(self._token, pid, port=port, parent=parent, started=started)


def _inode(path: str | None) -> tuple[int, int] | None:
    """Return what tells a file from another one at its path; ``None`` if there is none."""
    if path is None:
        return None
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return info.st_dev, info.st_ino
