"""The way to a runtime for programs that wait: the command line, magics, benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType

import httpx

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import (
    TOKEN_HEADER,
    USER_HEADER,
    CompletionRequest,
    Done,
    Error,
    Event,
    Status,
    decode_event,
    parse_status,
)
from jupyter_safecoder.settings import RuntimeSettings

from .connection import Connection

_POLL_S = 0.1
_STATUS_S = 10.0


class RuntimeClient:
    """Asks one runtime.

    Parameters
    ----------
    connection
        From a connection file.
    person
        For whom it asks, as the server extension does; empty is whoever runs this.
    """

    def __init__(self, connection: Connection, person: str = "") -> None:
        self._connection = connection
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=connection.socket),
            base_url=connection.base_url,
            headers={
                TOKEN_HEADER: connection.token,
                **({USER_HEADER: person} if person else {}),
            },
            timeout=httpx.Timeout(None, connect=_STATUS_S),
            trust_env=False,
        )

    def __enter__(self) -> RuntimeClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def of_person(self, person: str) -> RuntimeClient:
        """Return another client of the same runtime, which asks for a person."""
        return RuntimeClient(self._connection, person)

    def status(self) -> Status:
        """Return the runtime's state.

        Raises
        ------
        RuntimeRequestError
            If the runtime does not answer.
        """
        try:
            return parse_status(self._http.get("/status", timeout=_STATUS_S).content)
        except (httpx.HTTPError, ValueError) as error:
            raise RuntimeRequestError("The runtime does not answer.") from error

    def settings(self) -> RuntimeSettings:
        """Return what the runtime was started with.

        Raises
        ------
        RuntimeRequestError
            If the runtime does not answer.
        """
        try:
            return RuntimeSettings.from_json(self._http.get("/settings", timeout=_STATUS_S).content)
        except (httpx.HTTPError, ValueError, TypeError) as error:
            raise RuntimeRequestError("The runtime does not answer.") from error

    def use_adapter(self, name: str) -> Status:
        """Serve with another adapter; empty: without one. Returns once that is so.

        Raises
        ------
        RuntimeRequestError
            If it cannot be; all stays as it was.
        """
        try:
            answer = self._http.post("/adapter", json={"adapter": name})
            if answer.status_code == httpx.codes.OK:
                return parse_status(answer.content)
            event = decode_event(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise RuntimeRequestError("The runtime does not answer.") from error
        assert isinstance(event, Error)
        raise RuntimeRequestError(event.message, event.remedy)

    def events(self, request: CompletionRequest) -> Iterator[Event]:
        """Yield the events of a completion; closing the iterator cancels it.

        Raises
        ------
        RuntimeRequestError
            If the connection breaks.
        """
        try:
            with self._http.stream("POST", "/completions", content=request.to_json()) as answer:
                for line in answer.iter_lines():
                    yield decode_event(line)
        except (httpx.HTTPError, ValueError) as error:
            raise RuntimeRequestError(
                "The runtime ended in the middle of an answer.",
                "Try again; 'jupyter safecoder doctor' tells its state.",
            ) from error

    def complete(self, request: CompletionRequest) -> Done:
        """Return the completion of a request.

        Raises
        ------
        RuntimeRequestError
            If the runtime refuses or breaks.
        """
        for event in self.events(request):
            if isinstance(event, Done):
                return event
            if isinstance(event, Error):
                raise RuntimeRequestError(event.message, event.remedy)
        raise RuntimeRequestError("The runtime ended the answer without a result.")

    def wait_until_ready(self, news: Callable[[Status], None] = lambda status: None) -> Status:
        """Wait until the runtime can answer; ``news`` hears of each state on the way.

        Raises
        ------
        RuntimeRequestError
            If the runtime failed.
        """
        while True:
            status = self.status()
            news(status)
            if status.state == "failed":
                raise RuntimeRequestError(status.reason, status.remedy)
            if status.state in ("ready", "busy"):
                return status
            time.sleep(_POLL_S)
