"""A client of completions that needs no runtime."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.http.sync_client import SyncHttpClient
from jupyter_safecoder.protocol import CompletionRequest, Event, Status
from jupyter_safecoder.settings import RuntimeSettings

Respond = Callable[[CompletionRequest], Sequence[Event | None]]


class FakeClient(CompletionClient):
    """Gives the events that a function returns, and keeps the requests."""

    def __init__(self, respond: Respond) -> None:
        super().__init__(SyncHttpClient("http://127.0.0.1:9", {}))
        self._respond = respond
        self.sent: list[CompletionRequest] = []

    def status(self) -> Status:
        return Status("ready", "Ready.")

    def settings(self) -> RuntimeSettings:
        return RuntimeSettings()

    def use_adapter(self, name: str) -> Status:
        raise NotImplementedError

    def use_model(self, name: str) -> Status:
        raise NotImplementedError

    def poll_events(
        self, request: CompletionRequest, poll_s: float | None
    ) -> Generator[Event | None, None, None]:
        self.sent.append(request)
        yield from self._respond(request)
