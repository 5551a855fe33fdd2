"""TrainingService in the service, for kernels and terminals of a user's server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.clients.hub_client import hub_http_client
from jupyter_safecoder.clients.hub_environment import TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.errors import BodyTooLarge, FinetuneError, ServiceUnavailable
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo, TrainingBackend
from jupyter_safecoder.finetune.jobs.job import Job
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.protocol import Error, decode_event

from .collect import collect_sources
from .submission import JobSubmission, pack

_CONNECT_S, _READ_S = 10.0, 120.0
#: How long a service may be away, in seconds, before whoever looks at a job is told.
_PATIENCE_S = 600.0


class RemoteJob(Job):
    """A job of the group, in the service."""

    def __init__(self, trainer: HubTrainingClient, status: JobStatus) -> None:
        self.name = status.name
        self._trainer = trainer
        self._path = f"jobs/{quote(status.name, safe='')}"
        self._last, self._heard = status, time.monotonic()

    def status(self) -> JobStatus:
        """Return where it stands; for a while also where the service is away."""
        try:
            self._last = _status(self._trainer.ask("GET", self._path))
            self._heard = time.monotonic()
        except ServiceUnavailable:
            if time.monotonic() - self._heard > _PATIENCE_S:
                raise
            return replace(self._last, phase="The Hub's service is away for a moment", eta_s=None)
        return self._last

    def stop(self) -> None:
        """Ask the service to stop it."""
        self._trainer.ask("POST", f"{self._path}/stop")

    def resume(self) -> None:
        """Ask the service to let it go on when it is its turn."""
        self._last = _status(self._trainer.ask("POST", f"{self._path}/resume"))


class HubTrainingClient(TrainingBackend):
    """Trains in the Hub's service, for the group of whoever's token it is.

    Parameters
    ----------
    url
        Of the service.
    token
        Of this server.
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
    ) -> RemoteJob:
        """Send the files to the service, which begins a job with them."""
        if not launch or processes > 1:
            raise FinetuneError(
                "How many processes train, the Hub's service decides.",
                "Leave --processes and --no-start out.",
            )
        # Who may not train is told before anything is read.
        self.jobs()
        try:
            body = pack(JobSubmission(name, dict(settings), collect_sources(paths, progress)))
        except BodyTooLarge as problem:
            raise FinetuneError(str(problem), "Name fewer notebooks.") from None
        progress(1.0, "Sending")
        return RemoteJob(self, _status(self.ask("POST", "jobs", content=body)))

    def jobs(self) -> list[JobStatus]:
        """Return the group's jobs."""
        return [_status(data) for data in self.ask("GET", "jobs")]

    def job(self, name: str) -> RemoteJob:
        """Return a job of the group."""
        return RemoteJob(self, _status(self.ask("GET", f"jobs/{quote(name, safe='')}")))

    def delete(self, name: str) -> None:
        """Delete a job of the group, and its adapter."""
        self.ask("DELETE", f"jobs/{quote(name, safe='')}")

    def adapters(self) -> list[AdapterInfo]:
        """Return the group's adapters."""
        return [
            AdapterInfo(Card.from_json(data["card"]), data["in_use"])
            for data in self.ask("GET", "adapters")
        ]

    def card(self, name: str) -> Card:
        """Return the card of an adapter of the group."""
        for offer in self.adapters():
            if offer.card.name == name:
                return offer.card
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
        """Have the group served with an adapter."""
        progress(0.3, "The service loads it; completions go on meanwhile")
        wished = {"name": name, "back": previous}
        report: dict[str, Any] = self.ask("POST", "adapters/use", json=wished, patient=True)
        return report

    def ask(self, method: str, path: str, *, patient: bool = False, **body: Any) -> Any:
        """Return what the service answers.

        Parameters
        ----------
        patient
            Whether the answer may take as long as it takes.

        Raises
        ------
        FinetuneError
            If it refuses, or does not answer.
        """
        timeout = httpx.Timeout(None if patient else _READ_S, connect=_CONNECT_S)
        try:
            with hub_http_client(self._url, self._token) as client:
                answer = client.request(method, path, timeout=timeout, **body)
            if answer.status_code == httpx.codes.OK:
                return answer.json()
            event = decode_event(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceUnavailable(
                "The Hub's SafeCoder service does not answer.",
                "Wait a moment, or ask an administrator of the Hub.",
            ) from error
        assert isinstance(event, Error)
        kind = (
            ServiceUnavailable
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
            else FinetuneError
        )
        raise kind(event.message, event.remedy)


def hub_training_client() -> HubTrainingClient | None:
    """Return the trainer of the service that a Hub's environment names, or ``None``."""
    url = os.environ.get(URL_VARIABLE)
    return HubTrainingClient(url, os.environ.get(TOKEN_VARIABLE, "")) if url else None


def _status(data: dict[str, Any]) -> JobStatus:
    known = {field.name for field in fields(JobStatus)}
    return JobStatus(**{name: value for name, value in data.items() if name in known})
