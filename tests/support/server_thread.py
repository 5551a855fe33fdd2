"""An asyncio server in a thread of its own, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ServerThread:
    """Listens on this machine.

    Parameters
    ----------
    serve
        Serves a connection.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def listen(self, port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Accept connections, also after ``stop``; return the port, a free one for 0."""
        return asyncio.run_coroutine_threadsafe(self._listen(port, tls), self._loop).result()

    def stop(self) -> None:
        """Close the listening socket and all connections."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()

    def close(self) -> None:
        """Stop, and end the thread."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
