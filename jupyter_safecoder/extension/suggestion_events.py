"""Passes on what happens to suggestions: as Jupyter events, and as sums to a Hub's service.

Nothing is sent by a browser that was not asked to: without a handler of Jupyter events in the
configuration of the server, and without a Hub's service, nothing is wanted.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.errors import ConnectionLost, RateLimited, RuntimeUnavailable
from jupyter_safecoder.suggestions import (
    MAX_EVENTS_BYTES,
    SuggestionCounts,
    SuggestionEvent,
    parse_events,
)

from .handlers import BodyHandler

#: Seconds between two requests of a page: where events are written, and where a Hub counts them.
_EVENTS_INTERVAL_S, _COUNTS_INTERVAL_S = 5, 60
#: Maximum number of requests in a minute: those of several pages.
_MAX_REQUESTS, _MINUTE_S = 60, 60.0
_SCHEMAS = Path(__file__).parent / "event_schemas"
#: How the identifiers of the schemas start.
_SCHEMA_BASE = "https://events.jupyter-safecoder.org"
log = logging.getLogger(__name__)


class SuggestionEvents:
    """The Jupyter events of a server.

    Parameters
    ----------
    logger
        The event logger of the server; its handlers are those of ``c.EventLogger.handlers``.
    """

    def __init__(self, logger: EventLogger) -> None:
        self._logger = logger
        self._times: deque[float] = deque(maxlen=_MAX_REQUESTS)
        for schema in sorted(_SCHEMAS.glob("*/v*.yaml")):
            logger.register_event_schema(schema)

    @property
    def has_handler(self) -> bool:
        """Whether the configuration of the server has a handler of events."""
        return bool(self._logger.handlers)

    def write(self, events: Sequence[SuggestionEvent]) -> None:
        """Emit events."""
        if self.has_handler:
            for event in events:
                schema = f"{_SCHEMA_BASE}/suggestion_{event.event}/v1"
                self._logger.emit(schema_id=schema, data=event.to_data())

    def count_request(self) -> None:
        """Count a request.

        Raises
        ------
        RateLimited
            If there were too many within a minute.
        """
        now = _now()
        if len(self._times) == _MAX_REQUESTS and now - self._times[0] < _MINUTE_S:
            rest = _MINUTE_S - (now - self._times[0])
            raise RateLimited("Too many events were sent within a minute.", rest, "limit")
        self._times.append(now)


class SuggestionEventsHandler(BodyHandler):
    """``suggestion-events``: whether events are wanted, and events."""

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of a body."""
        return MAX_EVENTS_BYTES

    @property
    def events(self) -> SuggestionEvents:
        """The Jupyter events of this server, whose schemas are registered at the first request."""
        events: SuggestionEvents | None = self.settings.get("safecoder_events")
        if events is None:
            events = SuggestionEvents(self.event_logger)
            self.settings["safecoder_events"] = events
        return events

    async def prepare(self, **arguments: Any) -> None:
        """Prepare the request; an open page asks by itself whether events are wanted."""
        self._track_activity = self.request.method == "POST"
        await super().prepare(**arguments)

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with EventSettings."""
        is_counted = isinstance(self.backend, HubBackend)
        has_handler = self.events.has_handler
        interval_s = _EVENTS_INTERVAL_S if has_handler else _COUNTS_INTERVAL_S
        self.finish({"wanted": has_handler or is_counted, "interval_s": interval_s})

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Pass on events."""
        await self.respond(self._pass_on)

    async def _pass_on(self, body: bytes) -> None:
        self.events.count_request()
        events = parse_events(body)
        self.events.write(events)
        counts = SuggestionCounts.of_events(events)
        if counts and isinstance(self.backend, HubBackend):
            await self._count(counts)
        self.finish({})

    async def _count(self, counts: SuggestionCounts) -> None:
        """Have the Hub's service count; what it does not count is lost."""
        request = self.backend.request("POST", "/suggestions", self.user_name(), counts.to_json())
        try:
            async with request as response:
                if response.status != 200:
                    log.debug("The Hub's service did not count events: %d.", response.status)
        except (RuntimeUnavailable, ConnectionLost):
            log.debug("The Hub's service did not count events: it does not answer.")


def _now() -> float:
    return time.monotonic()
