"""The synchronous client of a runtime process of this user."""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused, RuntimeRequestError
from jupyter_safecoder.http.sync_client import SyncHttpClient
from jupyter_safecoder.protocol import (
    TOKEN_HEADER,
    USER_HEADER,
    Error,
    Status,
    decode_event,
    parse_status,
)
from jupyter_safecoder.settings import RuntimeSettings

from .completion_client import CompletionClient
from .connection import Connection

_STATUS_TIMEOUT_S = 10.0


class RuntimeClient(CompletionClient):
    """Sends requests to a runtime process.

    Parameters
    ----------
    connection
        From a connection file.
    user
        The user for whom requests are made; empty: the one who runs this program.
    """

    def __init__(self, connection: Connection, user: str = "") -> None:
        self._connection = connection
        headers = {TOKEN_HEADER: connection.token} | ({USER_HEADER: user} if user else {})
        super().__init__(SyncHttpClient(connection.base_url, headers, connection.socket))

    def for_user(self, user: str) -> RuntimeClient:
        """Return another client of the same runtime, which makes requests for a user."""
        return RuntimeClient(self._connection, user)

    def status(self) -> Status:
        """Return the runtime's status."""
        try:
            return parse_status(self._get("/status"))
        except ValueError as error:
            raise _no_response() from error

    def wake(self) -> None:
        """Have the runtime load the model that it has unloaded."""
        with suppress(ConnectionRefused, ConnectionLost):  # the next status reports it
            self._http.request("POST", "/load", timeout_s=_STATUS_TIMEOUT_S)

    def settings(self) -> RuntimeSettings:
        """Return the settings that the runtime's model was loaded with."""
        try:
            return RuntimeSettings.from_json(self._get("/settings"))
        except (ValueError, TypeError) as error:
            raise _no_response() from error

    def use_adapter(self, name: str) -> Status:
        """Have the model served with another adapter; returns once it is in use."""
        return self._switch("/adapter", {"adapter": name})

    def use_model(self, name: str) -> Status:
        """Have another model served; returns once it is in use."""
        return self._switch("/model", {"model": name})

    def _switch(self, path: str, message: dict[str, str]) -> Status:
        try:
            response = self._http.request("POST", path, json.dumps(message).encode())
            if response.status == HTTPStatus.OK:
                return parse_status(response.content)
            event = decode_event(response.content)
        except (ConnectionRefused, ConnectionLost, ValueError) as error:
            raise _no_response() from error
        assert isinstance(event, Error)
        raise RuntimeRequestError(event.message, event.remedy)

    def _get(self, path: str) -> bytes:
        try:
            return self._http.request("GET", path, timeout_s=_STATUS_TIMEOUT_S).content
        except (ConnectionRefused, ConnectionLost) as error:
            raise _no_response() from error


def _no_response() -> RuntimeRequestError:
    return RuntimeRequestError(
        "The runtime does not answer.", "'jupyter safecoder doctor' shows its state."
    )
