"""Bounds the open connections of each address without a token, and of each user.

A connection belongs to its address until a request on it has a valid token, and then to that user.
The address of a program at a Unix socket is its account. Where an owner has too many, the one that
was used least recently is closed. A new one is never refused: users may share an address with who
floods it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import OrderedDict
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import add_accept_handler

#: Maximum number of connections of an address without a token, and of a user.
MAX_UNKNOWN, MAX_OF_USER = 1000, 64
#: Maximum number of connections that are accepted in a period, and its seconds: opening connections
#: takes time from those that are open.
MAX_ACCEPTED, ACCEPT_PERIOD_S = 100, 0.1
#: Seconds for which a connection may be open before a request on it has a valid token.
UNKNOWN_TIMEOUT_S = 15.0
_Owner = tuple[str, str]


class Connections:
    """The open connections by owner."""

    def __init__(self) -> None:
        self._owners: dict[IOStream, _Owner] = {}
        self._streams: dict[_Owner, OrderedDict[IOStream, None]] = {}
        self._timers: dict[IOStream, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def opened(self, stream: IOStream, address: str) -> None:
        """Add a new connection; it is closed soon unless :meth:`identified` is called.

        Parameters
        ----------
        stream
            The connection.
        address
            Where it comes from.
        """
        self._own(stream, ("address", address), MAX_UNKNOWN)
        loop = asyncio.get_running_loop()
        self._timers[stream] = loop.call_later(UNKNOWN_TIMEOUT_S, self._close, stream)

    def identified(self, stream: IOStream, user: str) -> None:
        """Note that a request on a connection has the token of a user.

        Parameters
        ----------
        stream
            The connection.
        user
            JupyterHub's name of the user.
        """
        # One that is closed already is not added again.
        if stream in self._owners:
            self._own(stream, ("user", user), MAX_OF_USER)

    def closed(self, stream: IOStream) -> None:
        """Forget a connection."""
        owner = self._owners.pop(stream, None)
        if owner is None:
            return
        streams = self._streams[owner]
        del streams[stream]
        if not streams:
            del self._streams[owner]
        if timer := self._timers.pop(stream, None):
            timer.cancel()

    def _own(self, stream: IOStream, owner: _Owner, maximum: int) -> None:
        self.closed(stream)
        self._owners[stream] = owner
        streams = self._streams.setdefault(owner, OrderedDict())
        streams[stream] = None
        if len(streams) > maximum:
            self._close(next(iter(streams)))

    def _close(self, stream: IOStream) -> None:
        self.closed(stream)
        stream.close()


class BoundedServer(HTTPServer):
    """An HTTP server with bounded connections.

    Parameters
    ----------
    application
        Handles the requests.
    connections
        Counts the connections.
    **options
        Those of Tornado's server.
    """

    # Tornado's servers are made by this method instead of __init__.
    def initialize(  # type: ignore[override]
        self, application: Any, connections: Connections, **options: Any
    ) -> None:
        """Store the counter, and pass the rest on."""
        self.connections = connections
        self._accepted, self._period_ends = 0, 0.0
        super().initialize(application, **options)

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Count a new connection."""
        self._count_accepted()
        self.connections.opened(stream, _origin(stream, address))
        super().handle_stream(stream, address)

    def on_close(self, server_conn: Any) -> None:
        """Forget a connection."""
        self.connections.closed(server_conn.stream)
        super().on_close(server_conn)

    def _count_accepted(self) -> None:
        """Pause at the maximum of a period: others wait in the queues of the sockets."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._period_ends:
            self._accepted, self._period_ends = 0, loop.time() + ACCEPT_PERIOD_S
        self._accepted += 1
        if self._accepted == MAX_ACCEPTED:
            for remove in self._handlers.values():
                remove()
            loop.call_at(self._period_ends, self._go_on)

    def _go_on(self) -> None:
        if not self._stopped:
            for number, one in self._sockets.items():
                self._handlers[number] = add_accept_handler(one, self._handle_connection)


def _origin(stream: IOStream, address: tuple[Any, ...]) -> str:
    """Return the address of a connection; at a Unix socket, the account of its program."""
    peer = stream.socket
    if peer.family != getattr(socket, "AF_UNIX", None):
        return str(address[0])
    if not hasattr(socket, "SO_PEERCRED"):
        return ""
    # struct ucred of Linux: process, account, group. See unix(7).
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return f"account {struct.unpack('3i', credentials)[1]}"
