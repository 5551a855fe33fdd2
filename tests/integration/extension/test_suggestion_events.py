"""Events of suggestions: wanted or not, written as Jupyter events, counted by a Hub's service."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from jupyter_safecoder.suggestions import SuggestionCounts, parse_counts
from tests.support.http_server import Received
from tests.support.hub_of_extension import use_hub, use_hub_at
from tests.support.jupyter_server import free_port

Fetch = Callable[..., Any]
SHOWN = {
    "event": "shown",
    "characters": 9,
    "latency_ms": 84,
    "document": "notebook",
    "language": "python",
    "model": "smol",
}
ACCEPTED = {**SHOWN, "event": "accepted", "part": "all", "first": True}
del ACCEPTED["latency_ms"]
EVENTS = [
    SHOWN,
    ACCEPTED,
    {**ACCEPTED, "event": "kept", "accepted_characters": 9},
    {**ACCEPTED, "event": "dismissed"},
]
for event in EVENTS[2:]:
    del event["part"], event["first"]


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_safecoder": True}},
        "SafeCoder": {"start_runtime": "never", "cache_dir": str(tmp_path)},
    }


@pytest.fixture
def written(jp_serverapp: ServerApp) -> StringIO:
    """Add a handler of events, as ``c.EventLogger.handlers`` does; return what it writes."""
    stream = StringIO()
    assert jp_serverapp.event_logger is not None
    jp_serverapp.event_logger.register_handler(logging.StreamHandler(stream))
    return stream


def counting(request: Received) -> tuple[int, bytes]:
    """Respond as a service that counts."""
    return 200, b"{}"


async def settings(jp_fetch: Fetch) -> Any:
    response = await jp_fetch("jupyter-safecoder", "suggestion-events")
    return json.loads(response.body)


async def send(jp_fetch: Fetch, *events: Any) -> Any:
    body = json.dumps({"events": events})
    return await jp_fetch("jupyter-safecoder", "suggestion-events", method="POST", body=body)


async def test_without_a_handler_and_a_hub_nothing_is_wanted(jp_fetch: Fetch) -> None:
    assert (await settings(jp_fetch))["wanted"] is False
    assert (await send(jp_fetch, SHOWN)).code == 200


async def test_with_a_handler_each_event_is_written(jp_fetch: Fetch, written: StringIO) -> None:
    assert await settings(jp_fetch) == {"wanted": True, "interval_s": 5}
    await send(jp_fetch, *EVENTS)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["__schema__"].split("/")[-2] for line in lines] == [
        "suggestion_shown",
        "suggestion_accepted",
        "suggestion_kept",
        "suggestion_dismissed",
    ]
    assert lines[0]["latency_ms"] == 84
    assert lines[2]["accepted_characters"] == 9


async def test_an_event_that_is_not_valid_is_not_written(
    jp_fetch: Fetch, written: StringIO
) -> None:
    for event in ({**SHOWN, "text": "x = 1"}, {**SHOWN, "language": "import os"}):
        with pytest.raises(HTTPClientError) as raised:
            await send(jp_fetch, SHOWN, event)
        assert raised.value.code == 400
    with pytest.raises(HTTPClientError) as raised:
        await send(jp_fetch, "x" * 2**18)
    assert raised.value.code == 413
    assert written.getvalue() == ""


async def test_a_hub_gets_sums_seldom(jp_serverapp: ServerApp, jp_fetch: Fetch) -> None:
    async with use_hub(jp_serverapp, counting) as service:
        assert await settings(jp_fetch) == {"wanted": True, "interval_s": 60}
        await send(jp_fetch, *EVENTS)
        await send(jp_fetch)
    [request] = service.requests
    assert (request.method, request.path) == ("POST", "/suggestions")
    assert request.headers["Authorization"] == "token of-ada"
    assert parse_counts(request.body) == SuggestionCounts(1, 1, 9, 1, 9, 9)


async def test_a_hub_that_does_not_count_is_no_error(
    jp_serverapp: ServerApp, jp_fetch: Fetch
) -> None:
    async with use_hub(jp_serverapp, lambda request: (404, b"{}")):
        assert (await send(jp_fetch, SHOWN)).code == 200
    async with use_hub_at(jp_serverapp, f"http://127.0.0.1:{free_port()}"):
        assert (await send(jp_fetch, SHOWN)).code == 200


async def test_too_many_requests_within_a_minute(jp_fetch: Fetch) -> None:
    for _ in range(60):
        await send(jp_fetch)
    with pytest.raises(HTTPClientError) as raised:
        await send(jp_fetch)
    assert raised.value.code == 429
