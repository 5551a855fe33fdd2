"""The way to a Hub's service for programs that wait: kernels, terminals of a user's server."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable

import httpx

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.settings import RuntimeSettings

from .hub_environment import TOKEN_VARIABLE, URL_VARIABLE
from .responses import read_state
from .runtime_client import RuntimeClient

_CONNECT_S = 10.0


class HubClient(RuntimeClient):
    """Asks the service of the Hub that started this server, as its user.

    Parameters
    ----------
    url
        Of the service.
    token
        Of this server.
    """

    def __init__(self, url: str, token: str) -> None:
        self._http = service_http(url, token)

    def status(self) -> Status:
        """Return the state of the runtime that serves this user, or why there is none."""
        return self._state("GET", "/status")

    def wait_until_ready(self, news: Callable[[Status], None] = lambda status: None) -> Status:
        """Have that runtime started, and wait until it can answer.

        Raises
        ------
        RuntimeRequestError
            If it failed, or this user may not.
        """
        self._state("POST", "/start")

        def heard(status: Status) -> None:
            news(status)
            if status.state == "off":
                # Meanwhile this user's group is served with another adapter.
                self._state("POST", "/start")

        return super().wait_until_ready(heard)

    def settings(self) -> RuntimeSettings:
        """Return the usual settings: those of the service are not ours to know."""
        return RuntimeSettings()

    def use_adapter(self, name: str) -> Status:
        """Refuse: a group is switched by those of it who train, see ``HubTrainingClient``.

        Raises
        ------
        RuntimeRequestError
            Always.
        """
        raise RuntimeRequestError(
            "The Hub's service is not switched to an adapter of this machine.",
            "Leave out the options that name a model: then 'use' asks the service.",
        )

    def _state(self, method: str, path: str) -> Status:
        try:
            answer = self._http.request(method, path, timeout=_CONNECT_S)
        except httpx.HTTPError as error:
            raise RuntimeRequestError(
                "The Hub's SafeCoder service does not answer.",
                "Wait a moment, or ask an administrator of the Hub.",
            ) from error
        if (status := read_state(answer.content)) is None:
            raise RuntimeRequestError("The Hub's SafeCoder service does not answer as it should.")
        return status


def service_http(url: str, token: str) -> httpx.Client:
    """Return a client that asks the service with a token, and waits as long as it takes."""
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"token {token}"},
        timeout=httpx.Timeout(None, connect=_CONNECT_S),
        # The system's authorities, and those of $SSL_CERT_FILE; httpx alone has its own list.
        verify=ssl.create_default_context(),
        trust_env=False,
    )


def service_client() -> HubClient | None:
    """Return a client of the service that a Hub's environment names, or ``None``."""
    url = os.environ.get(URL_VARIABLE)
    return HubClient(url, os.environ.get(TOKEN_VARIABLE, "")) if url else None
