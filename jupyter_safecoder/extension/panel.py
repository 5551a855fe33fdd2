"""What the side panel and the menu of the status item show beside the status."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.errors import (
    ConnectionLost,
    InvalidRequest,
    ModelError,
    RequestDenied,
    RuntimeUnavailable,
)
from jupyter_safecoder.protocol import Error, Status, decode_event, parse_status
from jupyter_safecoder.settings import RuntimeSettings
from jupyter_safecoder.validation import parse_json, validate

from .handlers import BodyHandler, Handler
from .panel_messages import (
    About,
    Adapters,
    Jobs,
    ListedAdapter,
    ListedJob,
    ListedPlace,
    ModelFacts,
    Places,
)

#: Maximum size of a body that names an adapter.
_MAX_BODY_BYTES = 4096
#: Maximum number of jobs that are listed: the last ones by name.
_MAX_JOBS = 50
_ADAPTER_SCHEMA = {
    "type": "object",
    "required": ["adapter"],
    "additionalProperties": False,
    "properties": {"adapter": {"type": "string"}},
}


class _PanelHandler(Handler):
    # An open panel asks all the time: a server that is only looked at is idle.
    _track_activity = False

    @property
    def runtime_settings(self) -> RuntimeSettings:
        """The settings of this server's runtime."""
        settings: RuntimeSettings = self.settings["safecoder_runtime_settings"]
        return settings

    def send_json(self, body: bytes) -> None:
        """Respond with JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish(body)


class AboutHandler(_PanelHandler):
    """``GET about``: what the catalogue knows of the model, and where text goes."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with About."""
        status = await self.backend.status()
        settings = self.runtime_settings
        facts = await asyncio.to_thread(model_facts, status, settings.catalogues)
        if isinstance(self.backend, HubBackend):
            about = About(facts, "hub", self.backend.address, True)
        elif settings.remote:
            from jupyter_safecoder.http.addresses import without_credentials

            about = About(facts, "remote", without_credentials(settings.remote_url), False)
        else:
            about = About(facts, "local", "", False)
        self.send_json(about.to_json())


class AdaptersHandler(_PanelHandler):
    """``GET adapters``: the adapters of the served model."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with Adapters."""
        status = await self.backend.status()
        selected = status.adapter or ""
        if isinstance(self.backend, HubBackend):
            adapters = Adapters((), selected, False)
        else:
            cache = self.runtime_settings.cache
            found = await asyncio.to_thread(list_adapters, cache, base_of(status))
            adapters = Adapters(found, selected, True)
        self.send_json(adapters.to_json())


class AdapterHandler(BodyHandler, _PanelHandler):  # type: ignore[misc]  # prepare
    """``POST adapter``: serves the model with another adapter, also after the next start."""

    _track_activity = True

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of a body that names an adapter."""
        return _MAX_BODY_BYTES

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond with a Status once the adapter is in use."""
        await self.respond(self._use)

    async def _use(self, body: bytes) -> None:
        data = validate(_ADAPTER_SCHEMA, parse_json(body), "the request", InvalidRequest)
        if isinstance(self.backend, HubBackend):
            raise RequestDenied(
                403,
                "On a JupyterHub the adapter is that of your group.",
                "Members who train for the group change it with '%safecoder use'.",
            )
        request = self.backend.request("POST", "/adapter", self.user_name(), body)
        async with request as response:
            content = await response.read()
        if response.status == 200:
            base = base_of(parse_status(content))
            cache = self.runtime_settings.cache
            await asyncio.to_thread(keep_adapter, cache, base, data["adapter"])
        self.set_status(response.status)
        self.send_json(content)


class PrivacyHandler(_PanelHandler):
    """``GET privacy``: every place that data could go to, and its state here."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with Places."""
        # It starts pip once, and reads files of Jupyter's configuration.
        self.send_json((await asyncio.to_thread(self._places)).to_json())

    def _places(self) -> Places:
        from jupyter_safecoder.privacy.machine import read_machine
        from jupyter_safecoder.privacy.survey import survey

        server: Any = self.serverapp
        found = survey(read_machine(server.config, self.runtime_settings))
        names = ListedPlace.__dataclass_fields__
        return Places(
            tuple(ListedPlace(**{name: getattr(one, name) for name in names}) for one in found)
        )


class JobsHandler(_PanelHandler):
    """``GET jobs``: the training jobs of this user, or of the user's group on a Hub."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with Jobs."""
        if isinstance(self.backend, HubBackend):
            try:
                async with self.backend.request("GET", "/jobs", self.user_name()) as response:
                    content = await response.read()
            except (RuntimeUnavailable, ConnectionLost) as error:
                self.refuse(error)
                return
            if response.status != 200:
                event = decode_event(content)
                assert isinstance(event, Error)
                self.refuse(event, response.status)
                return
            found = parse_json(content)
        else:
            found = await asyncio.to_thread(_local_jobs, self.runtime_settings.cache)
        self.send_json(Jobs(listed_jobs(found)).to_json())


def model_facts(status: Status, catalogues: Iterable[str]) -> ModelFacts | None:
    """Return what the catalogue knows of the model that is served; ``None``: nothing.

    Parameters
    ----------
    status
        Names the model.
    catalogues
        Paths of a team's catalogues.
    """
    from jupyter_safecoder.models.catalogue import read_catalogue

    try:
        entry = read_catalogue(tuple(catalogues)).get(base_of(status))
    except ModelError:  # the runtime reports it
        return None
    if entry is None:
        return None
    notebooks: Mapping[str, float] = entry.quality.notebooks if entry.quality else {}
    tasks = notebooks.get("tasks")
    return ModelFacts(
        entry.name,
        entry.purpose,
        entry.parameters,
        entry.license,
        notebooks.get("exact_match"),
        notebooks.get("edit_similarity"),
        None if tasks is None else int(tasks),
    )


def base_of(status: Status) -> str:
    """Return the name of the served model without that of its adapter; empty: not known."""
    return status.model.name.partition("+")[0] if status.model else ""


def list_adapters(cache: Path, base: str) -> tuple[ListedAdapter, ...]:
    """Return the adapters of a base model.

    Parameters
    ----------
    cache
        The cache directory.
    base
        Name of the base model.
    """
    from jupyter_safecoder.adapters.registry import Registry

    cards = (adapter.card for adapter in Registry(cache).all())
    return tuple(
        ListedAdapter(card.name, card.accepted, card.reason) for card in cards if card.base == base
    )


def keep_adapter(cache: Path, base: str, name: str) -> None:
    """Record the active adapter of a base model; empty: none."""
    from jupyter_safecoder.adapters.registry import Registry

    registry = Registry(cache)
    if registry.in_use(base) != name:
        registry.set_in_use(base, name)


def listed_jobs(jobs: Iterable[Mapping[str, Any]]) -> tuple[ListedJob, ...]:
    """Return jobs without their results, which may have text of notebooks.

    Parameters
    ----------
    jobs
        The fields of :class:`~jupyter_safecoder.finetune.jobs.status.JobStatus`.
    """
    names = ListedJob.__dataclass_fields__
    return tuple(ListedJob(**{name: job[name] for name in names}) for job in [*jobs][-_MAX_JOBS:])


def _local_jobs(cache: Path) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from jupyter_safecoder.finetune.jobs.job import all_jobs

    return [asdict(job) for job in all_jobs(cache)]
