"""Handlers of the groups' training jobs and adapters."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy.exc import DBAPIError

from jupyter_safecoder.errors import (
    BodyTooLarge,
    EngineError,
    FinetuneError,
    InvalidRequest,
    ModelError,
    RequestDenied,
)
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.handlers import ServiceBodyHandler, ServiceHandler
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.protocol import Error
from jupyter_safecoder.validation import parse_json, validate

from .exclusions import AllowedSubmission, allowed_submission
from .service import TrainingService
from .submission import MAX_COMPRESSED_BYTES, decode

log = logging.getLogger(__name__)
#: Maximum size of a body that only names an adapter.
_MAX_BODY_BYTES = 4096
#: As how many refusals a submission counts that was refused after it was unpacked.
_UNPACKED_WEIGHT = 10
_ASK_ADMINISTRATOR = "Ask an administrator to fix that."
_ACTIVATION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "previous"],
    "properties": {"name": {"type": "string"}, "previous": {"type": "boolean"}},
}


class _TrainingHandler(ServiceBodyHandler):
    feature = "train"
    grant: Grant

    def initialize(  # type: ignore[override]
        self,
        service: CompletionService,
        authenticator: Authenticator,
        max_bytes: int,
        training: TrainingService,
    ) -> None:
        """Store what the application passes to each handler."""
        super().initialize(service, authenticator, max_bytes)
        self.training = training

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of a body that only names an adapter."""
        return _MAX_BODY_BYTES

    def allow(self) -> None:
        """Find the group that the user trains for, and its grant."""
        self.group, self.grant = self.training.grant(self.user)

    async def respond_with(self, find: Callable[[], Awaitable[Any]]) -> None:
        """Respond with what a function returns, or with the reason why it does not."""
        try:
            self.body()
            response = json.dumps(await find(), default=asdict)
        except BodyTooLarge as error:
            self.refuse(Error("too_large", error.reason, "Name fewer notebooks."))
        except (RequestDenied, InvalidRequest) as error:
            self.refuse(error)
        except (FinetuneError, ModelError, EngineError) as error:
            self.refuse(Error("bad_request", error.reason, error.remedy), 409)
        except DBAPIError as error:
            log.error("The database cannot be used: %s.", type(error.orig).__name__)
            reason = "The service's database cannot be used."
            self.refuse(Error("not_ready", reason, _ASK_ADMINISTRATOR))
        except OSError as error:
            log.error("A job could not be written: %s.", error.strerror)
            reason = f"The service cannot write this: {error.strerror}."
            self.refuse(Error("not_ready", reason, _ASK_ADMINISTRATOR))
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(response)


class JobsHandler(_TrainingHandler):
    """``jobs``: the jobs of the user's group."""

    bulk = True
    _leave: Callable[[], None] | None = None
    _reading = False

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of a submission."""
        return MAX_COMPRESSED_BYTES

    async def get(self) -> None:
        """Respond with the status of each job."""
        await self.respond_with(lambda: self.training.jobs.list_jobs(self.group))

    async def post(self) -> None:
        """Submit a job."""
        self._reading = True
        try:
            await self.respond_with(self._submit)
        finally:
            self._reading = False
            self._release()

    async def admit(self) -> None:
        """Take one submission of a group at a time: each takes memory until it is written.

        Raises
        ------
        RateLimited
            If the group submits another one.
        """
        if self.request.method == "POST":
            self._leave = self.training.enter_submission(self.group)

    async def _submit(self) -> JobStatus:
        body = self.body()

        def read() -> AllowedSubmission:
            return allowed_submission(decode(body), self.grant)

        async with self.training.decoding:
            try:
                allowed = await asyncio.to_thread(read)
            except InvalidRequest as error:
                self.record_refusal(error, _UNPACKED_WEIGHT)
                raise
        return await self.training.jobs.submit(self.user, self.group, self.grant, allowed)

    def _release(self) -> None:
        # A client that disconnects does not end what is done with its body.
        if self._reading:
            return
        super()._release()
        if self._leave is not None:
            self._leave()


class JobHandler(_TrainingHandler):
    """``jobs/NAME``: a job of the user's group."""

    async def get(self, name: str) -> None:
        """Respond with the status."""
        await self.respond_with(lambda: self.training.jobs.get(self.group, name))

    async def delete(self, name: str) -> None:
        """Delete the job and its adapter."""
        await self.respond_with(lambda: self.training.jobs.delete(self.user, self.group, name))


class StopHandler(_TrainingHandler):
    """``jobs/NAME/stop``: stops a job."""

    async def post(self, name: str) -> None:
        """Respond with the status after that."""
        await self.respond_with(lambda: self.training.jobs.stop(self.user, self.group, name))


class ResumeHandler(_TrainingHandler):
    """``jobs/NAME/resume``: resumes a job."""

    async def post(self, name: str) -> None:
        """Respond with the status after that."""
        await self.respond_with(
            lambda: self.training.jobs.resume(self.user, self.group, self.grant, name)
        )


class AdaptersHandler(_TrainingHandler):
    """``adapters``: the adapters of the user's group."""

    async def get(self) -> None:
        """Respond with their cards."""
        await self.respond_with(
            lambda: self.training.adapters.list_adapters(self.group, self.grant)
        )


class ActiveAdapterHandler(_TrainingHandler):
    """``adapters/use``: activates an adapter for the user's group."""

    async def post(self) -> None:
        """Respond once the adapter is ready."""
        await self.respond_with(self._activate)

    async def _activate(self) -> dict[str, Any]:
        data = parse_json(self.body())
        validate(_ACTIVATION_SCHEMA, data, "the request", InvalidRequest)
        return await self.training.adapters.activate(
            self.user, self.group, self.grant, data["name"], rollback=data["previous"]
        )


def training_routes(
    training: TrainingService,
) -> list[tuple[str, type[ServiceHandler], dict[str, Any]]]:
    """Return the routes, as :func:`~jupyter_safecoder.hub.handlers.make_app` takes them."""
    handlers: dict[str, type[ServiceHandler]] = {
        "jobs": JobsHandler,
        "jobs/([^/]+)": JobHandler,
        "jobs/([^/]+)/stop": StopHandler,
        "jobs/([^/]+)/resume": ResumeHandler,
        "adapters": AdaptersHandler,
        "adapters/use": ActiveAdapterHandler,
    }
    return [(path, handler, {"training": training}) for path, handler in handlers.items()]
