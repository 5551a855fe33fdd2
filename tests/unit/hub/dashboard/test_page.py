"""The pages: who sees them, which headers they have, and what the buttons do."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tornado import web

from jupyter_safecoder.hub.access.administrators import hub_oauth
from jupyter_safecoder.hub.accounting.suggestion_store import SuggestionStore
from jupyter_safecoder.hub.constants import ADMIN, COMPLETE
from jupyter_safecoder.hub.dashboard.dashboard import Dashboard
from jupyter_safecoder.hub.dashboard.live_stats import LiveStats
from jupyter_safecoder.hub.dashboard.page import page_routes
from jupyter_safecoder.suggestions import SuggestionCounts
from tests.support.hub_api import ACCESS, hub_api, user_model
from tests.support.hub_service import ServiceParts, make_service, served

PREFIX = "/services/safecoder/"
OWNERS = {
    "admin": user_model("d<b>ana", [], ACCESS, ADMIN),
    "user": user_model("ada", ["vision"], ACCESS, COMPLETE),
}
ADMIN_TOKEN = {"Authorization": "token admin"}
Test = Callable[[httpx.AsyncClient, ServiceParts], Awaitable[None]]


def run(monkeypatch: pytest.MonkeyPatch, directory: Path, test: Test) -> None:
    """Run a test with a client of the pages."""

    async def whole() -> None:
        parts = make_service(directory)
        dashboard = Dashboard(
            parts.service,
            parts.policy,
            parts.usage,
            parts.audit_writer,
            LiveStats(),
            directory,
            suggestions=SuggestionStore(parts.database),
        )
        async with hub_api(monkeypatch, OWNERS):
            routes = page_routes(PREFIX, dashboard, hub_oauth(PREFIX, 30))
            app = web.Application(routes, cookie_secret="x" * 32)
            async with (
                served(app) as url,
                httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False) as client,
            ):
                await test(client, parts)
        await parts.service.close()

    asyncio.run(whole())


def test_only_administrators_see_the_dashboard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        response = await client.get("", headers=ADMIN_TOKEN)
        assert response.status_code == 200
        assert "logged in as" in response.text
        assert "d&lt;b&gt;ana" in response.text
        assert 'id="dashboard"' in response.text
        fragment = await client.get("dashboard", headers=ADMIN_TOKEN)
        assert "<html" not in fragment.text
        assert "Active users" in fragment.text
        for path in ("", "dashboard"):
            response = await client.get(path, headers={"Authorization": "token user"})
            assert response.status_code == 403
            assert "This page is for administrators of SafeCoder." in response.text
            assert "Active users" not in response.text
        assert (await client.get("")).status_code == 302
        assert (await client.get("dashboard")).status_code == 403

    run(monkeypatch, tmp_path, test)


def test_administrators_get_the_suggestions_as_csv(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        SuggestionStore(parts.database).add("vision", SuggestionCounts(shown=4))
        response = await client.get("suggestions.csv", headers=ADMIN_TOKEN)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"].startswith("attachment")
        header, row = response.text.splitlines()
        assert header.startswith("day,group,shown")
        assert row.endswith(",vision,4,0,0,0,0,0")
        script = {**ADMIN_TOKEN, "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
        for headers in ({"Authorization": "token user"}, script):
            response = await client.get("suggestions.csv", headers=headers)
            assert response.status_code == 403
            assert "vision" not in response.text
        assert (await client.get("suggestions.csv")).status_code == 302
        with parts.database.engine.begin() as connection:
            connection.execute(text("DROP TABLE suggestions"))
        response = await client.get("suggestions.csv", headers=ADMIN_TOKEN)
        assert response.status_code == 503

    run(monkeypatch, tmp_path, test)


def test_pages_allow_nothing_of_other_sites(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        response = await client.get("", headers=ADMIN_TOKEN)
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Cache-Control"] == "no-store"
        # The policy would block inline styles and scripts.
        assert not re.search(r"<[^>]*\s(style|on\w+)=", response.text)
        script = await client.get("static/page.js")
        assert script.status_code == 200
        for name in re.findall(r"getElementById\('([\w-]+)'\)", script.text):
            assert f'id="{name}"' in response.text
        style = (await client.get("static/page.css")).text
        classes = {
            one for group in re.findall(r'class="([^"{]*)"', response.text) for one in group.split()
        }
        assert {name for name in classes if f".{name}" not in style} == set()

    run(monkeypatch, tmp_path, test)


def test_buttons_act_after_they_were_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        for action, draining in (("drain", True), ("resume", False)):
            response = await client.post(action, headers=ADMIN_TOKEN)
            assert (response.status_code, response.headers["Location"]) == (303, PREFIX)
            assert parts.service.gate.draining is draining
        (tmp_path / "policy.toml").write_text("[groups.speech]\n")
        await client.post("reload", headers=ADMIN_TOKEN)
        assert list(parts.service.gate.assigned_runtimes() or {}) == ["speech"]
        await client.post("restart", headers=ADMIN_TOKEN, data={"adapter": "none such"})
        assert [(e["user"], e["action"], e["outcome"]) for e in parts.entries] == [
            ("d<b>ana", action, "done") for action in ("drain", "resume", "reload", "restart")
        ]
        assert parts.entries[-1]["adapter"] == "none such"
        response = await client.post("drain", headers={"Authorization": "token user"})
        assert response.status_code == 403
        assert not parts.service.gate.draining

    run(monkeypatch, tmp_path, test)


def test_what_cannot_be_recorded_is_not_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        shutil.move(tmp_path / "audit", tmp_path / "away")
        response = await client.post("drain", headers=ADMIN_TOKEN)
        assert response.status_code == 503
        assert "The audit log cannot be written" in response.text
        assert not parts.service.gate.draining
        shutil.move(tmp_path / "away", tmp_path / "audit")

    run(monkeypatch, tmp_path, test)


@pytest.mark.parametrize(
    ("method", "path", "destination", "site", "status"),
    [
        ("GET", "", "document", "cross-site", 200),  # a link, or the login of the Hub
        ("GET", "", "empty", "same-origin", 403),  # a script of a notebook's page
        ("GET", "", "iframe", "same-origin", 403),
        ("GET", "dashboard", "empty", "same-origin", 200),
        ("GET", "dashboard", "empty", "same-site", 403),
        ("GET", "dashboard", "document", "same-origin", 403),
        ("POST", "drain", "document", "same-origin", 303),
        ("POST", "drain", "document", "same-site", 403),
        ("POST", "drain", "document", "cross-site", 403),
        ("POST", "drain", "empty", "same-origin", 403),
    ],
)
def test_scripts_and_forms_of_other_pages_are_refused(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    method: str,
    path: str,
    destination: str,
    site: str,
    status: int,
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        headers = {**ADMIN_TOKEN, "Sec-Fetch-Dest": destination, "Sec-Fetch-Site": site}
        response = await client.request(method, path, headers=headers)
        assert response.status_code == status
        assert parts.service.gate.draining is (status == 303)
        if status == 403:
            assert "Active users" not in response.text
            assert "Open it in a window of the browser." in response.text

    run(monkeypatch, tmp_path, test)
