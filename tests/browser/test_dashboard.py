"""The dashboard in a real JupyterHub: who sees it, what it shows, its buttons."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.constants import COMPLETE, access_scope
from tests.support.processes import until
from tests.support.real_hub import ADMIN, Hub, body, real_hub
from tests.support.stored_adapters import store_adapter

pytestmark = pytest.mark.timeout(180)
SCREENSHOTS = Path(__file__).parent / "screenshots"
ODD = "<img src=x onerror=alert(1)>\n" + "x" * 200
POLICY = """\
[groups.vision]
features = ["complete"]
requests_per_minute = 240
tokens_per_day = 2_000_000
weight = 2

[groups.speech]
context = ["cells"]
exclude_paths = ["secret/*"]
"""
NAMES = ("grace", "alan", "barbara", "edsger", "katherine", "donald", "frances", "tony")


def write_history(state: Path) -> None:
    """Write the audit log of a day: users who are active by day, and not by night."""
    chance = random.Random(7)
    now = datetime.now(timezone.utc)
    records = []
    for minute in range(1439, 6, -1):
        when = now - timedelta(minutes=minute)
        busy = 0.15 + 0.85 * math.exp(-(((minute % 720) - 200) ** 2) / 26000)
        for _ in range(chance.choices((0, 1, 2, 4), (2, 2, 2, busy * 4))[0] if busy > 0.2 else 0):
            name = chance.choice(NAMES[: 2 + int(6 * busy)])
            group = "speech" if name in ("tony", "alan") else "vision"
            record = Record(name, group=group, model="scripted", outcome="end")
            record.time = when.isoformat(timespec="milliseconds")
            record.ttft_ms = 30 + 90 * busy * chance.lognormvariate(0, 0.7)
            record.prompt_tokens = chance.randrange(400, 1800)
            record.completion_tokens = chance.randrange(4, 60)
            record.total_ms = record.ttft_ms + 13 * record.completion_tokens
            if chance.random() < 0.05:
                record = Record(name, outcome="refused", reason="limit", group=group)
            elif chance.random() < 0.01:
                record = Record(name, outcome="engine_failed", group=group)
            record.time = when.isoformat(timespec="milliseconds")
            records.append(record)
    for number, name in enumerate(("grace", "katherine", "alan", "barbara")):
        for _ in range(9 - 2 * number):
            record = Record(name, group="speech" if name == "alan" else "vision", outcome="end")
            record.prompt_tokens, record.ttft_ms = chance.randrange(400, 1800), 38.0 + 9 * number
            records.append(record)
    audit = AuditLog(state / "audit")
    audit.write(*map(asdict, records))
    audit.close()


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a JupyterHub whose service has an audit log of the last day."""
    directory = tmp_path_factory.mktemp("hub")
    (directory / "state").mkdir()
    write_history(directory / "state")
    store_adapter(directory / "cache", "vision-2026")
    with real_hub(directory) as running:
        running.policy.write_text(POLICY)
        yield running


def page_of(hub: Hub, browser: Browser, name: str, scheme: str = "light") -> Page:
    """Log in to JupyterHub as a user, and go to the dashboard."""
    context = browser.new_context(
        viewport={"width": 1360, "height": 900}, color_scheme="dark" if scheme == "dark" else None
    )
    page = context.new_page()
    page.goto(f"{hub.url}/hub/login?next=/services/safecoder/")
    page.fill("#username_input", name)
    page.fill("#password_input", "open")
    page.click("#login_submit")
    authorize = page.get_by_role("button", name="Authorize")
    page.wait_for_url(re.compile("/services/safecoder/$|/oauth2/authorize"))
    if authorize.is_visible():  # at the first login
        authorize.click()
    page.wait_for_url(f"{hub.url}/services/safecoder/")
    return page


def complete(hub: Hub, name: str) -> httpx.Response:
    """Request a completion as the server of a user does."""
    token = hub.token(name, [access_scope("safecoder"), COMPLETE])
    headers = {"Authorization": f"token {token}"}

    def state() -> str:
        answer = httpx.post(f"{hub.service}/start", headers=headers, trust_env=False)
        return str(answer.json()["state"])

    until(lambda: state() in ("ready", "off"), 60)
    return httpx.post(
        f"{hub.service}/completions",
        content=body(path="work.ipynb"),
        headers=headers,
        trust_env=False,
    )


def test_the_dashboard_shows_a_day_and_active_users(hub: Hub, browser: Browser) -> None:
    assert complete(hub, "bob").status_code == 200
    page = page_of(hub, browser, ADMIN)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    active = page.locator("section", has=page.get_by_role("heading", name="Active users"))
    expect(active.get_by_role("row", name="bob")).to_contain_text("speech")
    # The last day is read from the audit log.
    tokens = page.get_by_role("img", name="Tokens per minute")
    assert tokens.locator("path.bar").count() == 2
    expect(page.get_by_role("img", name="Time to first token")).to_be_visible()
    assert page.locator("svg.chart path.line").count() > 2
    expect(page.locator("main")).to_contain_text("vision-2026")
    expect(page.locator("main")).to_contain_text("scripted")
    # The page refreshes itself.
    assert complete(hub, "ada").status_code == 200
    expect(active.get_by_role("row", name="ada")).to_be_visible()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "dashboard.png", full_page=True)
    assert errors == []
    page.context.close()


def test_odd_names_are_text(hub: Hub, browser: Browser) -> None:
    hub.api.post("/users", json={"usernames": [ODD]}).raise_for_status()
    hub.api.post("/groups/speech/users", json={"users": [ODD]}).raise_for_status()
    assert complete(hub, ODD).status_code == 200
    page = page_of(hub, browser, ADMIN)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("dialog", lambda dialog: errors.append("a name was executed"))
    odd = page.get_by_role("rowheader", name="<img src=x")
    expect(odd).to_have_count(2)
    assert page.locator("main img").count() == 0
    assert len(odd.first.inner_text()) <= 32
    assert "\n" not in odd.first.inner_text()
    assert errors == []
    page.context.close()


def test_in_dark_mode_and_on_a_small_screen_nothing_is_cut_off(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN, "dark")
    page.screenshot(path=SCREENSHOTS / "dashboard-dark.png", full_page=True)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in background.strip("rgb()").split(",")) < 60
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.screenshot(path=SCREENSHOTS / "dashboard-small.png", full_page=True)
    page.context.close()


def test_users_without_the_scope_see_why(hub: Hub, browser: Browser) -> None:
    for name, sentence in (("ada", "for administrators of SafeCoder"), ("eve", "403")):
        page = browser.new_context().new_page()
        page.goto(f"{hub.url}/hub/login?next=/services/safecoder/")
        page.fill("#username_input", name)
        page.fill("#password_input", "open")
        with page.expect_response(lambda answer: answer.status == 403):
            page.click("#login_submit")
            if name == "ada":  # who may open the service, but not its dashboard
                page.get_by_role("button", name="Authorize").click()
        expect(page.locator("body")).to_contain_text(sentence)
        expect(page.locator("body")).not_to_contain_text("grace")
        page.context.close()


def test_a_page_that_is_out_of_date_says_so(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN)
    stale = page.get_by_text("this page is out of date")
    expect(stale).to_be_hidden()
    page.route("**/services/safecoder/dashboard", lambda route: route.abort())
    expect(stale).to_be_visible()
    page.unroute("**/services/safecoder/dashboard")
    expect(stale).to_be_hidden()
    page.context.close()


def test_drain_and_resume(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN)
    page.get_by_role("button", name="Drain").click()
    expect(page.locator("main")).to_contain_text("Drained: new requests are refused")
    answer = complete(hub, "bob")
    assert answer.status_code == 503
    assert "An administrator has drained SafeCoder" in answer.json()["message"]
    # The button keeps the keyboard focus while the page refreshes.
    page.get_by_role("button", name="Resume").focus()
    page.wait_for_event("requestfinished", lambda request: request.url.endswith("/dashboard"))
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Serving")
    assert complete(hub, "bob").status_code == 200
    audit = page.locator("section", has=page.get_by_role("heading", name="Audit log"))
    expect(audit.get_by_role("row", name=ADMIN).nth(0)).to_contain_text("resume")
    expect(audit.get_by_role("row", name=ADMIN).nth(1)).to_contain_text("drain")
    page.context.close()


def test_a_policy_with_an_error_is_shown_with_its_line(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN)
    try:
        hub.policy.write_text("[groups.vision]\nfeatures = 3\n")
        page.get_by_role("button", name="Reload").click()
        expect(page.locator("main .alert").first).to_contain_text(
            "line 2: 'features' of 'vision' must be of the type array"
        )
        page.screenshot(path=SCREENSHOTS / "dashboard-alert.png")
    finally:
        hub.policy.write_text(POLICY)
    page.get_by_role("button", name="Reload").click()
    expect(page.locator("main")).to_contain_text("Serving")
    page.context.close()
