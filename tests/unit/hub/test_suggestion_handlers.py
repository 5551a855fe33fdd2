"""Reports of suggestions: who is counted, what is refused, and that no user is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.access.report_limits import MAX_REPORTS
from jupyter_safecoder.hub.accounting.suggestion_store import SuggestionStore
from jupyter_safecoder.hub.connections import Connections
from jupyter_safecoder.hub.handlers import make_app
from jupyter_safecoder.hub.suggestion_handlers import suggestion_routes
from jupyter_safecoder.suggestions import MAX_COUNTS_BYTES, SuggestionCounts
from tests.support.hub_api import hub_api, user_model
from tests.support.hub_service import ServiceParts, make_service, served

PREFIX = "/services/safecoder/"
POLICY = '[groups.vision]\n[groups.editors]\nfeatures = ["text"]\n'
OWNERS = {
    "ada": user_model("ada", ["vision"]),
    "bob": user_model("bob", ["editors"]),
    "eve": user_model("eve", []),
}
COUNTS = SuggestionCounts(4, 2, 30, 1, 20, 30)
Test = Callable[[httpx.AsyncClient, SuggestionStore, ServiceParts], Awaitable[None]]


def run(monkeypatch: pytest.MonkeyPatch, directory: Path, test: Test) -> None:
    """Run a test with a client of the service's endpoints."""

    async def whole() -> None:
        parts = make_service(directory, POLICY)
        store = SuggestionStore(parts.database)
        async with hub_api(monkeypatch, OWNERS):
            routes = suggestion_routes(store)
            app = make_app(
                PREFIX, parts.service, Authenticator(30), 4096, routes, [], Connections()
            )
            async with (
                served(app) as url,
                httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False) as client,
            ):
                await test(client, store, parts)
        await parts.service.close()

    asyncio.run(whole())


def token(name: str) -> dict[str, str]:
    return {"Authorization": f"token {name}"}


def test_a_report_is_counted_for_the_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def test(client: httpx.AsyncClient, store: SuggestionStore, parts: ServiceParts) -> None:
        for _ in range(2):
            response = await client.post(
                "suggestions", content=COUNTS.to_json(), headers=token("ada")
            )
            assert response.status_code == 200
        assert store.last_days(1) == {"vision": SuggestionCounts(8, 4, 60, 2, 40, 60)}

    run(monkeypatch, tmp_path, test)


def test_who_may_not_complete_may_not_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, store: SuggestionStore, parts: ServiceParts) -> None:
        for name, status in (("bob", 403), ("eve", 403), ("nobody", 401)):
            response = await client.post(
                "suggestions", content=COUNTS.to_json(), headers=token(name)
            )
            assert response.status_code == status
        assert (await client.post("suggestions", content=COUNTS.to_json())).status_code == 401
        assert (await client.get("suggestions", headers=token("ada"))).status_code == 405
        assert store.last_days(1) == {}

    run(monkeypatch, tmp_path, test)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (COUNTS.to_json().replace(b"4", b"4000"), 400),
        (COUNTS.to_json().replace(b"shown", b"user"), 400),
        (b"x" * (MAX_COUNTS_BYTES + 1), 413),
        (b"x" * 2**20, 413),
    ],
)
def test_reports_that_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: bytes, status: int
) -> None:
    async def test(client: httpx.AsyncClient, store: SuggestionStore, parts: ServiceParts) -> None:
        response = await client.post("suggestions", content=body, headers=token("ada"))
        assert response.status_code == status
        assert store.last_days(1) == {}

    run(monkeypatch, tmp_path, test)


def test_too_many_reports_are_refused_and_none_is_in_the_audit_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, store: SuggestionStore, parts: ServiceParts) -> None:
        body = COUNTS.to_json()
        for _ in range(MAX_REPORTS):
            await client.post("suggestions", content=body, headers=token("ada"))
        response = await client.post("suggestions", content=body, headers=token("ada"))
        assert response.status_code == 429
        assert int(response.headers["Retry-After"]) > 0
        assert store.last_days(1)["vision"].shown == MAX_REPORTS * COUNTS.shown
        assert parts.records == []

    run(monkeypatch, tmp_path, test)


def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def test(client: httpx.AsyncClient, store: SuggestionStore, parts: ServiceParts) -> None:
        with parts.database.engine.begin() as connection:
            connection.execute(text("DROP TABLE suggestions"))
        response = await client.post("suggestions", content=COUNTS.to_json(), headers=token("ada"))
        assert response.status_code == 503
        assert "database that counts suggestions" in response.json()["message"]
        assert "suggestions (" not in response.text

    run(monkeypatch, tmp_path, test)
