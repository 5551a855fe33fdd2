"""The synchronous client of completions, for kernels, the command line and benchmarks."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from types import TracebackType
from typing import TypeVar

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused, RuntimeRequestError
from jupyter_safecoder.http.sync_client import SyncHttpClient
from jupyter_safecoder.protocol import (
    CompletionRequest,
    Done,
    Error,
    Event,
    Status,
    decode_event,
)
from jupyter_safecoder.settings import RuntimeSettings

_POLL_S = 0.1

_Client = TypeVar("_Client", bound="CompletionClient")


class CompletionClient(ABC):
    """Sends requests to a runtime, or to the service of a JupyterHub.

    Parameters
    ----------
    http
        An HTTP client with the base URL and the credentials; closed with this client.
    """

    def __init__(self, http: SyncHttpClient) -> None:
        self._http = http

    def __enter__(self: _Client) -> _Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    @abstractmethod
    def status(self) -> Status:
        """Return the status of the runtime.

        Raises
        ------
        RuntimeRequestError
            If there is no response.
        """

    @abstractmethod
    def settings(self) -> RuntimeSettings:
        """Return the settings of the runtime.

        Raises
        ------
        RuntimeRequestError
            If there is no response.
        """

    @abstractmethod
    def use_adapter(self, name: str) -> Status:
        """Have the model served with another adapter; returns once it is in use.

        Parameters
        ----------
        name
            Name of the adapter; empty: none.

        Raises
        ------
        RuntimeRequestError
            If that is not possible; the previous adapter stays in use.
        """

    @abstractmethod
    def use_model(self, name: str) -> Status:
        """Have another model served; returns once it is in use.

        Parameters
        ----------
        name
            A name as in the setting ``model``.

        Raises
        ------
        RuntimeRequestError
            If that is not possible; the previous model stays in use.
        """

    def events(self, request: CompletionRequest) -> Iterator[Event]:
        """Yield the events of a completion; closing the iterator cancels it.

        Raises
        ------
        RuntimeRequestError
            If the connection is lost.
        """
        with closing(self.poll_events(request, None)) as events:
            yield from (event for event in events if event is not None)

    def poll_events(
        self, request: CompletionRequest, poll_s: float | None
    ) -> Generator[Event | None, None, None]:
        """Yield the events of a completion, and ``None`` while there is none.

        Parameters
        ----------
        request
            The request; closing the iterator cancels it.
        poll_s
            Seconds without an event after which ``None`` is yielded; ``None``: never.

        Raises
        ------
        RuntimeRequestError
            If the connection is lost.
        """
        try:
            with closing(
                self._http.stream_lines("POST", "/completions", request.to_json(), poll_s)
            ) as lines:
                yield from (decode_event(line) if line else None for line in lines)
        except (ConnectionRefused, ConnectionLost, ValueError) as error:
            raise RuntimeRequestError(
                "The runtime stopped before the response was complete.",
                "Try again; 'jupyter safecoder doctor' shows its state.",
            ) from error

    def complete(self, request: CompletionRequest) -> Done:
        """Return the completion of a request.

        Raises
        ------
        RuntimeRequestError
            If the request is refused, or the connection is lost.
        """
        for event in self.events(request):
            if isinstance(event, Done):
                return event
            if isinstance(event, Error):
                raise RuntimeRequestError(event.message, event.remedy)
        raise RuntimeRequestError("The runtime sent no result.")

    def wake(self) -> None:
        """Have a model loaded that was unloaded; a Hub's service does that itself."""
        return

    def wait_until_ready(self, on_status: Callable[[Status], None] = lambda status: None) -> Status:
        """Wait until the runtime can complete; returns its status.

        Parameters
        ----------
        on_status
            Called with each status until then.

        Raises
        ------
        RuntimeRequestError
            If the runtime failed.
        """
        while True:
            status = self.status()
            on_status(status)
            if status.state == "failed":
                raise RuntimeRequestError(status.reason, status.remedy)
            if status.state in ("ready", "busy"):
                return status
            if status.state == "off":
                self.wake()
            time.sleep(_POLL_S)
