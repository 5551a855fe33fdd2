"""Client of the service's training, for kernels and terminals of a user's server."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import fields, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.clients.hub_client import hub_http_client
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.errors import (
    BodyTooLarge,
    ConnectionLost,
    ConnectionRefused,
    FinetuneError,
    ServiceUnavailable,
    UntrustedSocket,
    UnusableAddress,
)
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo, TrainingBackend
from jupyter_safecoder.finetune.jobs.job import Job
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.protocol import Error, decode_event

from .collect import collect_documents, document_paths
from .submission import JobSubmission, encode

_READ_TIMEOUT_S = 120.0
#: Seconds for which a service may be away before the status of a job is an error.
_MAX_ABSENCE_S = 600.0


class RemoteJob(Job):
    """A job of the user's group, in the service.

    Parameters
    ----------
    client
        The client of the service.
    status
        The status that the service returned last.
    """

    def __init__(self, client: HubTrainingClient, status: JobStatus) -> None:
        self.name = status.name
        self._client = client
        self._path = f"/jobs/{quote(status.name, safe='')}"
        self._last, self._updated = status, time.monotonic()

    def status(self) -> JobStatus:
        """Return the status; while the service is away for a moment, the last one."""
        try:
            self._last = _status(self._client.request("GET", self._path))
            self._updated = time.monotonic()
        except ServiceUnavailable:
            if time.monotonic() - self._updated > _MAX_ABSENCE_S:
                raise
            return replace(self._last, phase="The Hub's service does not answer", eta_s=None)
        return self._last

    def stop(self) -> None:
        """Ask the service to stop the job."""
        self._client.request("POST", f"{self._path}/stop")

    def resume(self) -> None:
        """Ask the service to queue the job again."""
        self._last = _status(self._client.request("POST", f"{self._path}/resume"))


class HubTrainingClient(TrainingBackend):
    """Trains in the Hub's service, for the group of the token's owner.

    Parameters
    ----------
    url
        URL of the service.
    token
        Token of this server.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def start(
        self,
        name: str,
        paths: Sequence[Path],
        settings: Mapping[str, Any],
        *,
        processes: int = 1,
        launch: bool = True,
        progress: Callable[[float, str], None] = lambda share, text: None,
        announce: Callable[[JobStatus], None] = lambda status: None,
    ) -> RemoteJob:
        """Send the documents of files to the service, which queues a job with them."""
        if not launch or processes > 1:
            raise FinetuneError(
                "The Hub's service decides how many processes train.",
                "Leave --processes and --no-start out.",
            )
        # A user who is not allowed to train learns it before anything is read.
        self.jobs()
        try:
            documents = collect_documents(paths, progress)
            sources = [document_paths(document) for document in documents]
            body = encode(JobSubmission(name, dict(settings), documents, sources))
        except BodyTooLarge as error:
            raise FinetuneError(error.reason, "Name fewer notebooks.") from None
        progress(1.0, "Sending")
        status = _status(self.request("POST", "/jobs", body))
        announce(status)
        return RemoteJob(self, status)

    def jobs(self) -> list[JobStatus]:
        """Return the group's jobs."""
        return [_status(data) for data in self.request("GET", "/jobs")]

    def job(self, name: str) -> RemoteJob:
        """Return a job of the group."""
        return RemoteJob(self, _status(self.request("GET", f"/jobs/{quote(name, safe='')}")))

    def delete(self, name: str) -> None:
        """Delete a job of the group, and its adapter."""
        self.request("DELETE", f"/jobs/{quote(name, safe='')}")

    def adapters(self) -> list[AdapterInfo]:
        """Return the group's adapters."""
        return [
            AdapterInfo(Card.from_json(data["card"]), data["in_use"])
            for data in self.request("GET", "/adapters")
        ]

    def card(self, name: str) -> Card:
        """Return the card of an adapter of the group."""
        for adapter in self.adapters():
            if adapter.card.name == name:
                return adapter.card
        raise FinetuneError(
            f"Your group has no adapter named {name!r}.", "'adapters' lists those that it has."
        )

    def use(
        self,
        name: str,
        *,
        previous: bool = False,
        progress: Callable[[float, str], None] = lambda share, text: None,
    ) -> dict[str, Any]:
        """Serve the group with an adapter."""
        progress(0.3, "The service loads it; completions go on meanwhile")
        body = json.dumps({"name": name, "previous": previous}).encode()
        report: dict[str, Any] = self.request("POST", "/adapters/use", body, read_timeout_s=None)
        return report

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        read_timeout_s: float | None = _READ_TIMEOUT_S,
    ) -> Any:
        """Return the service's response.

        Parameters
        ----------
        method, path, body
            Of the request; the path is relative to the service.
        read_timeout_s
            Seconds to wait for the response; ``None``: as long as the service takes.

        Raises
        ------
        FinetuneError
            If the service refuses the request, or does not answer.
        """
        try:
            with closing(hub_http_client(self._url, self._token)) as client:
                response = client.request(method, path, body, read_timeout_s=read_timeout_s)
            if response.status == HTTPStatus.OK:
                return json.loads(response.content)
            event = decode_event(response.content)
        except (UntrustedSocket, UnusableAddress) as error:
            raise ServiceUnavailable(error.reason, error.remedy) from error
        except (ConnectionRefused, ConnectionLost, ValueError) as error:
            raise ServiceUnavailable(
                "The Hub's SafeCoder service does not answer.",
                "Wait a moment, or ask an administrator of the Hub.",
            ) from error
        assert isinstance(event, Error)
        unavailable = response.status == HTTPStatus.SERVICE_UNAVAILABLE
        kind = ServiceUnavailable if unavailable else FinetuneError
        raise kind(event.message, event.remedy)


def hub_training_client() -> HubTrainingClient | None:
    """Return the client of the service that a Hub's environment names, or ``None``."""
    url = os.environ.get(URL_VARIABLE)
    return HubTrainingClient(url, os.environ.get(SERVICE_TOKEN_VARIABLE, "")) if url else None


def _status(data: dict[str, Any]) -> JobStatus:
    known = {field.name for field in fields(JobStatus)}
    return JobStatus(**{name: value for name, value in data.items() if name in known})
