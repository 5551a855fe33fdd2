"""``POST suggestions``: the servers of users report what happened to suggestions, as counts."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from jupyter_safecoder.errors import RequestDenied, SafeCoderError
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.access.report_limits import ReportLimits
from jupyter_safecoder.hub.accounting.suggestion_store import SuggestionStore
from jupyter_safecoder.suggestions import MAX_COUNTS_BYTES, parse_counts

from .handlers import ServiceBodyHandler, ServiceHandler
from .service import CompletionService


class SuggestionsHandler(ServiceBodyHandler):
    """``POST suggestions``: counts of a user, added to those of the user's group today.

    Reports are no requests for a completion: neither they nor their refusals are in the audit log.
    """

    feature = "complete"

    def initialize(  # type: ignore[override]
        self,
        service: CompletionService,
        authenticator: Authenticator,
        max_bytes: int,
        store: SuggestionStore,
        limits: ReportLimits,
    ) -> None:
        """Store what the application passes to each handler."""
        super().initialize(service, authenticator, max_bytes)
        self._store = store
        self._limits = limits

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of a body."""
        return MAX_COUNTS_BYTES

    async def admit(self) -> None:
        """Count the report."""
        self._limits.count(self.user.name)

    def record_refusal(self, error: SafeCoderError, weight: int = 1) -> None:
        """Count that the report was refused, as so many refusals."""
        self.service.gate.flood_guard.count_refusal(self.user.name, error, weight)

    async def post(self) -> None:
        """Respond once the counts are in the database."""
        await self.respond(self._count)

    async def _count(self, body: bytes) -> None:
        try:
            counts = parse_counts(body)
        except SafeCoderError as error:
            self.record_refusal(error)
            raise
        try:
            await asyncio.to_thread(self._store.add, self.group, counts)
        except (SQLAlchemyError, OSError) as error:
            raise RequestDenied(
                503,
                "The database that counts suggestions does not answer.",
                "Wait a moment, or ask an administrator.",
                "database",
            ) from error
        self.finish({})


def suggestion_routes(
    store: SuggestionStore,
) -> list[tuple[str, type[ServiceHandler], dict[str, Any]]]:
    """Return the route, as :func:`~jupyter_safecoder.hub.handlers.make_app` takes it."""
    own = {"store": store, "limits": ReportLimits()}
    return [("suggestions", SuggestionsHandler, own)]
