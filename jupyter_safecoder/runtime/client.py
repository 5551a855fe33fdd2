"""The way to a runtime for programs that wait: the command line, magics, benchmarks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

import httpx

from ..protocol import (
    PERSON_HEADER,
    TOKEN_HEADER,
    CompletionRequest,
    Done,
    Error,
    Event,
    Status,
    decode_event,
    parse_status,
)
from .connection import Connection, find_connections
from .huge_pages import huge_page_environment
from .settings import RuntimeSettings

_POLL_S = 0.1
_STATUS_S = 10.0


class RuntimeProblem(Exception):
    """No answer is to be had: one sentence, and what to do about it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


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
                **({PERSON_HEADER: person} if person else {}),
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
        RuntimeProblem
            If the runtime does not answer.
        """
        try:
            return parse_status(self._http.get("/status", timeout=_STATUS_S).content)
        except (httpx.HTTPError, ValueError) as error:
            raise RuntimeProblem("The runtime does not answer.") from error

    def settings(self) -> RuntimeSettings:
        """Return what the runtime was started with.

        Raises
        ------
        RuntimeProblem
            If the runtime does not answer.
        """
        try:
            return RuntimeSettings.parse(self._http.get("/settings", timeout=_STATUS_S).content)
        except (httpx.HTTPError, ValueError, TypeError) as error:
            raise RuntimeProblem("The runtime does not answer.") from error

    def use_adapter(self, name: str) -> Status:
        """Serve with another adapter; empty: without one. Returns once that is so.

        Raises
        ------
        RuntimeProblem
            If it cannot be; all stays as it was.
        """
        try:
            answer = self._http.post("/adapter", json={"adapter": name})
            if answer.status_code == httpx.codes.OK:
                return parse_status(answer.content)
            event = decode_event(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise RuntimeProblem("The runtime does not answer.") from error
        assert isinstance(event, Error)
        raise RuntimeProblem(event.message, event.remedy)

    def events(self, request: CompletionRequest) -> Iterator[Event]:
        """Yield the events of a completion; closing the iterator cancels it.

        Raises
        ------
        RuntimeProblem
            If the connection breaks.
        """
        try:
            with self._http.stream("POST", "/completions", content=request.body()) as answer:
                for line in answer.iter_lines():
                    yield decode_event(line)
        except (httpx.HTTPError, ValueError) as error:
            raise RuntimeProblem(
                "The runtime ended in the middle of an answer.",
                "Try again; 'jupyter safecoder doctor' tells its state.",
            ) from error

    def complete(self, request: CompletionRequest) -> Done:
        """Return the completion of a request.

        Raises
        ------
        RuntimeProblem
            If the runtime refuses or breaks.
        """
        for event in self.events(request):
            if isinstance(event, Done):
                return event
            if isinstance(event, Error):
                raise RuntimeProblem(event.message, event.remedy)
        raise RuntimeProblem("The runtime ended the answer without a result.")

    def wait_until_ready(self, news: Callable[[Status], None] = lambda status: None) -> Status:
        """Wait until the runtime can answer; ``news`` hears of each state on the way.

        Raises
        ------
        RuntimeProblem
            If the runtime failed.
        """
        while True:
            status = self.status()
            news(status)
            if status.state == "failed":
                raise RuntimeProblem(status.reason, status.remedy)
            if status.state in ("ready", "busy"):
                return status
            time.sleep(_POLL_S)


@contextmanager
def running_runtime() -> Iterator[RuntimeClient | None]:
    """Yield a client of the Hub's service, if this is a Hub's; else of this user's newest runtime.

    ``None`` where there is neither.
    """
    from ..hub.client import service_client

    if (service := service_client()) is not None:
        with service:
            yield service
        return
    for _, connection in find_connections():
        with RuntimeClient(connection) as client:
            try:
                state = client.status().state
            except RuntimeProblem:
                continue
            if state != "failed":
                yield client
                return
    yield None


@contextmanager
def own_runtime(settings: RuntimeSettings) -> Iterator[RuntimeClient]:
    """Yield a client of a runtime process that lives as long as the context.

    Raises
    ------
    RuntimeProblem
        If the process does not start.
    """
    with _process(settings) as (_, connection), RuntimeClient(connection) as client:
        yield client


@contextmanager
def _process(
    settings: RuntimeSettings,
) -> Iterator[tuple[subprocess.Popen[bytes], Connection]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_safecoder.runtime"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=huge_page_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):  # it ended at once: the next line tells
            process.stdin.write(settings.line())
            process.stdin.flush()
        connection = Connection.parse(process.stdout.readline())
        if connection is None:
            raise RuntimeProblem(
                "The runtime process did not start.", "Its message above tells why."
            )
        yield process, connection
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
