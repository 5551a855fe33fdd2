"""Base classes of the runtime's request handlers: the token, the model, the body's limit."""

from __future__ import annotations

import hmac
import sys
from typing import Any

from jupyter_safecoder.errors import RequestDenied, RuntimeNotReady
from jupyter_safecoder.http.handlers import ProtocolHandler, StreamedBodyHandler
from jupyter_safecoder.protocol import TOKEN_HEADER, USER_HEADER

from .runtime import Runtime


class RuntimeHandler(ProtocolHandler):
    """A handler that requires the token of the connection file."""

    def initialize(self, runtime: Runtime, token: str) -> None:
        """Store the application's arguments."""
        self.runtime = runtime
        self._token = token

    async def prepare(self) -> None:
        """Refuse a request without the token, which is in our own header or a bearer token."""
        given = self.request.headers.get(TOKEN_HEADER, "")
        scheme, _, bearer = self.request.headers.get("Authorization", "").partition(" ")
        if not given and scheme.casefold() == "bearer":
            given = bearer.strip()
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            self.refuse(RequestDenied(401, "The token is missing or wrong.", ""))

    def user(self) -> str:
        """Return the user for whom the request is made; empty: the one who runs this process."""
        return str(self.request.headers.get(USER_HEADER, ""))

    def not_ready(self) -> RuntimeNotReady:
        """Return the error of a runtime that has no model yet, or no longer.

        A model that was unloaded is loaded again.
        """
        self.runtime.wake()
        status = self.runtime.status()
        return RuntimeNotReady(status.reason, status.remedy, retry_after_s=1.0)


class RuntimeBodyHandler(StreamedBodyHandler, RuntimeHandler):
    """A handler that takes a body."""

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return self.runtime.settings.max_request_bytes

    async def prepare(self) -> None:
        """Prepare for a body of any size: what exceeds the limit is received and dropped.

        Tornado would close the connection of a client that is still writing, which then would not
        read why.
        """
        await super().prepare()
        if not self._finished:
            connection: Any = self.request.connection
            connection.set_max_body_size(sys.maxsize)
