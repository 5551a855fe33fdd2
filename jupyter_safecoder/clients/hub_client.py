"""The synchronous client of a JupyterHub's service, for kernels and terminals of its users."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable

from jupyter_safecoder.errors import (
    ConnectionLost,
    ConnectionRefused,
    RuntimeRequestError,
    UntrustedSocket,
    UnusableAddress,
)
from jupyter_safecoder.http.sync_client import SyncHttpClient
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.settings import RuntimeSettings

from .completion_client import CompletionClient
from .hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from .responses import read_status
from .service_address import ServiceAddress

_STATUS_TIMEOUT_S = 10.0


class HubClient(CompletionClient):
    """Sends requests to the service, as the user of this server.

    Parameters
    ----------
    url
        URL of the service.
    token
        Token of the user for the service.
    """

    def __init__(self, url: str, token: str) -> None:
        super().__init__(hub_http_client(url, token))

    def status(self) -> Status:
        """Return the status of the runtime that serves this user, or why there is none."""
        return self._request_status("GET", "/status")

    def wait_until_ready(self, on_status: Callable[[Status], None] = lambda status: None) -> Status:
        """Have that runtime started, and wait until it can complete; returns its status.

        Parameters
        ----------
        on_status
            Called with each status until then.

        Raises
        ------
        RuntimeRequestError
            If the runtime failed, or the policy denies it to this user.
        """
        self._request_status("POST", "/start")

        def restart_if_off(status: Status) -> None:
            on_status(status)
            if status.state == "off":
                # The user's group has got another adapter meanwhile, and so another runtime.
                self._request_status("POST", "/start")

        return super().wait_until_ready(restart_if_off)

    def settings(self) -> RuntimeSettings:
        """Return the default settings: those of the service are not visible to users."""
        return RuntimeSettings()

    def use_adapter(self, name: str) -> Status:
        """Refuse: the adapter of a group is changed by ``HubTrainingClient``."""
        raise RuntimeRequestError(
            "The Hub's service does not use adapters of this machine.",
            "Leave out the options that name a model: then 'use' asks the service.",
        )

    def use_model(self, name: str) -> Status:
        """Refuse: the model of a group is chosen by the policy of the service."""
        raise RuntimeRequestError(
            "On this JupyterHub the model is chosen by the service's policy.",
            "Ask an administrator of the Hub for another model.",
        )

    def _request_status(self, method: str, path: str) -> Status:
        try:
            response = self._http.request(method, path, timeout_s=_STATUS_TIMEOUT_S)
        except (UntrustedSocket, UnusableAddress) as error:
            raise RuntimeRequestError(error.reason, error.remedy) from error
        except (ConnectionRefused, ConnectionLost) as error:
            raise RuntimeRequestError(
                "The Hub's SafeCoder service does not answer.",
                "Wait a moment, or ask an administrator of the Hub.",
            ) from error
        if (status := read_status(response.content)) is None:
            raise RuntimeRequestError(
                "The answer of the Hub's SafeCoder service is not one of the protocol.",
                "Ask an administrator of the Hub whether both have the same version.",
            )
        return status


def hub_http_client(url: str, token: str) -> SyncHttpClient:
    """Return an HTTP client of the service, without a limit for the time of a response.

    Parameters
    ----------
    url
        URL of the service; of the scheme ``http+unix`` for a Unix socket.
    token
        Token of the user for the service.
    """
    address = ServiceAddress.of_url(url)
    return SyncHttpClient(
        address.base_url,
        {"Authorization": f"token {token}"},
        address.socket,
        # The system's certificate authorities, and those of $SSL_CERT_FILE.
        context=ssl.create_default_context() if url.startswith("https:") else None,
        check=address.check,
    )


def hub_client() -> HubClient | None:
    """Return a client of the service that a Hub's environment names, or ``None``."""
    url = os.environ.get(URL_VARIABLE)
    return HubClient(url, os.environ.get(SERVICE_TOKEN_VARIABLE, "")) if url else None
