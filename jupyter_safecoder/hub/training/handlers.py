"""The doors of the groups' jobs and adapters."""

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
from jupyter_safecoder.hub.handlers import ServiceBodyHandler, ServiceHandler
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.protocol import Error
from jupyter_safecoder.validation import parse_json, validate

from .service import TrainingService
from .submission import MOST_PACKED, unpack

log = logging.getLogger(__name__)
#: Of a body that only names something.
_MOST_BYTES = 4096
_USE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "back"],
    "properties": {"name": {"type": "string"}, "back": {"type": "boolean"}},
}


class _TrainingHandler(ServiceBodyHandler):
    feature = "train"

    def initialize(  # type: ignore[override]
        self,
        service: CompletionService,
        identity: Authenticator,
        max_bytes: int,
        training: TrainingService,
    ) -> None:
        """Take what the application gives."""
        super().initialize(service, identity, max_bytes)
        self.training = training

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of a body that only names something."""
        return _MOST_BYTES

    def allow(self) -> None:
        """Check that whoever asks may train."""
        self.training.team(self.asks)

    async def tell(self, find: Callable[[], Awaitable[Any]]) -> None:
        """Answer with what is found, or why it is not."""
        try:
            self.body()
            answer = json.dumps(await find(), default=asdict)
        except BodyTooLarge as error:
            self.refuse(Error("too_large", error.reason, "Name fewer notebooks."))
        except (RequestDenied, InvalidRequest) as error:
            self.refuse(error)
        except (FinetuneError, ModelError, EngineError) as problem:
            self.refuse(Error("bad_request", problem.reason, problem.remedy), 409)
        except DBAPIError as error:
            log.error("The database cannot be used: %s.", type(error.orig).__name__)
            reason = "The service's database cannot be used."
            self.refuse(Error("not_ready", reason, "An administrator must repair that."))
        except OSError as error:
            log.error("A job could not be written down: %s.", error.strerror)
            reason = f"The service cannot write this down: {error.strerror}."
            self.refuse(Error("not_ready", reason, "An administrator must repair that."))
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(answer)


class JobsHandler(_TrainingHandler):
    """The jobs of a group."""

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of an order."""
        return MOST_PACKED

    async def get(self) -> None:
        """Answer with where they stand."""
        await self.tell(lambda: self.training.jobs(self.asks))

    async def post(self) -> None:
        """Begin another."""
        await self.tell(self._order)

    async def _order(self) -> JobStatus:
        order = await asyncio.to_thread(unpack, self.body())
        return await self.training.order(self.asks, order)


class JobHandler(_TrainingHandler):
    """A job of a group."""

    async def get(self, name: str) -> None:
        """Answer with where it stands."""
        await self.tell(lambda: self.training.job(self.asks, name))

    async def delete(self, name: str) -> None:
        """Delete it, with its adapter."""
        await self.tell(lambda: self.training.delete(self.asks, name))


class StopHandler(_TrainingHandler):
    """Stops a job."""

    async def post(self, name: str) -> None:
        """Answer with where it stands."""
        await self.tell(lambda: self.training.stop(self.asks, name))


class ResumeHandler(_TrainingHandler):
    """Lets a job go on."""

    async def post(self, name: str) -> None:
        """Answer with where it stands."""
        await self.tell(lambda: self.training.resume(self.asks, name))


class AdaptersHandler(_TrainingHandler):
    """The adapters of a group."""

    async def get(self) -> None:
        """Answer with their cards."""
        await self.tell(lambda: self.training.adapters(self.asks))


class UseHandler(_TrainingHandler):
    """Switches a group to an adapter."""

    async def post(self) -> None:
        """Answer once it is ready."""
        await self.tell(self._use)

    async def _use(self) -> dict[str, Any]:
        data = validate(_USE_SCHEMA, parse_json(self.body()), "the request", InvalidRequest)
        name, back = data["name"], data["back"]
        return await self.training.use(self.asks, name, back=back)


def training_routes(
    training: TrainingService,
) -> list[tuple[str, type[ServiceHandler], dict[str, Any]]]:
    """Return the doors, as :func:`~jupyter_safecoder.hub.handlers.make_app` takes them."""
    doors: dict[str, type[ServiceHandler]] = {
        "jobs": JobsHandler,
        "jobs/([^/]+)": JobHandler,
        "jobs/([^/]+)/stop": StopHandler,
        "jobs/([^/]+)/resume": ResumeHandler,
        "adapters": AdaptersHandler,
        "adapters/use": UseHandler,
    }
    return [(path, door, {"training": training}) for path, door in doors.items()]
