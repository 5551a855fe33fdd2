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
from jupyter_safecoder.finetune.jobs.job import JobStatus
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.handlers import ServiceHandler, StreamedBodyHandler
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.protocol import Error

from .service import TrainingService
from .submission import MOST_PACKED, unpack

log = logging.getLogger(__name__)
#: Of a body that only names something.
_MOST_BYTES = 4096


class _TrainingHandler(StreamedBodyHandler):
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
    def most_bytes(self) -> int:
        """How long a body may be that only names something."""
        return _MOST_BYTES

    def allow(self) -> None:
        """Check that whoever asks may train."""
        self.training.team(self.asks)

    async def tell(self, find: Callable[[], Awaitable[Any]]) -> None:
        """Answer with what is found, or why it is not."""
        try:
            self.whole_body()
            answer = json.dumps(await find(), default=asdict)
        except RequestDenied as refused:
            self.refused(refused)
        except BodyTooLarge as error:
            self.refuse(413, Error("too_large", str(error), "Name fewer notebooks."))
        except InvalidRequest as error:
            self.refuse(400, Error("bad_request", str(error)))
        except (FinetuneError, ModelError, EngineError) as problem:
            self.refuse(409, Error("bad_request", problem.reason, problem.remedy))
        except DBAPIError as error:
            log.error("The database cannot be used: %s.", type(error.orig).__name__)
            reason = "The service's database cannot be used."
            self.refuse(503, Error("not_ready", reason, "An administrator must mend that."))
        except OSError as error:
            log.error("A job could not be written down: %s.", error.strerror)
            reason = f"The service cannot write this down: {error.strerror}."
            self.refuse(503, Error("not_ready", reason, "An administrator must mend that."))
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(answer)


class JobsHandler(_TrainingHandler):
    """The jobs of a group."""

    @property
    def most_bytes(self) -> int:
        """How long an order may be."""
        return MOST_PACKED

    async def get(self) -> None:
        """Answer with where they stand."""
        await self.tell(lambda: self.training.jobs(self.asks))

    async def post(self) -> None:
        """Begin another."""
        await self.tell(self._order)

    async def _order(self) -> JobStatus:
        order = await asyncio.to_thread(unpack, self.whole_body())
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
        try:
            data = json.loads(self.whole_body())
            name, back = data["name"], data["back"]
            if not isinstance(name, str) or not isinstance(back, bool):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InvalidRequest("This names no adapter.") from None
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
