"""The administrator's page through a real JupyterHub: who sees it, what it shows, its buttons."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from jupyter_safecoder.adapters.registry import CONFIG, WEIGHTS, Card, Registry
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.constants import COMPLETE, access_scope
from tests.support.processes import until
from tests.support.real_hub import ADMIN, Hub, body, real_hub

pytestmark = pytest.mark.timeout(180)
SCREENSHOTS = Path(__file__).parent / "screenshots"
ODD = "<img src=x onerror=alert(1)>\n" + "x" * 200
POLICY = """\
[groups.vision]
features = ["complete"]
requests_a_minute = 240
tokens_a_day = 2_000_000
weight = 2

[groups.speech]
context = ["cells"]
exclude_paths = ["secret/*"]
"""
NAMES = ("grace", "alan", "barbara", "edsger", "katherine", "donald", "frances", "tony")


def write_history(state: Path) -> None:
    """Write what a service of yesterday has left: people who write by day, and sleep by night."""
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


def write_adapter(cache: Path) -> None:
    """Write an adapter with a card."""
    scores = {"held_out": {"base": {"loss": 1.42}, "tuned": {"loss": 1.17}}}
    card = Card(
        *("vision-2026", "safecoder-smol-135m", "0" * 64, "1" * 64),
        *({}, {}, {}, scores, {}, True, "The held-out loss fell by 18 %."),
        *("2026-11-20T10:12:00+00:00", "grace"),
    )
    registry = Registry(cache)
    with registry.staging(card.name) as directory:
        for name in (WEIGHTS, CONFIG):
            (directory / name).write_text("{}")
        registry.commit(directory, card)


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a JupyterHub whose service has a past."""
    directory = tmp_path_factory.mktemp("hub")
    (directory / "state").mkdir()
    write_history(directory / "state")
    write_adapter(directory / "cache")
    with real_hub(directory) as running:
        running.policy.write_text(POLICY)
        yield running


def page_of(hub: Hub, browser: Browser, name: str, scheme: str = "light") -> Page:
    """Log in as a person at the Hub, and go to the page."""
    context = browser.new_context(
        viewport={"width": 1360, "height": 900}, color_scheme="dark" if scheme == "dark" else None
    )
    page = context.new_page()
    page.goto(f"{hub.url}/hub/login?next=/services/safecoder/")
    page.fill("#username_input", name)
    page.fill("#password_input", "open")
    page.click("#login_submit")
    page.wait_for_url(f"{hub.url}/services/safecoder/")
    return page


def complete(hub: Hub, name: str) -> httpx.Response:
    """Ask for a completion as a person's server does."""
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


def test_the_page_shows_a_day_and_who_is_on(hub: Hub, browser: Browser) -> None:
    assert complete(hub, "bob").status_code == 200
    page = page_of(hub, browser, ADMIN)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    on = page.locator("section", has=page.get_by_role("heading", name="Who is on"))
    expect(on.get_by_role("row", name="bob")).to_contain_text("speech")
    # The day before this start is there, from the audit log.
    tokens = page.get_by_role("img", name="Tokens a minute")
    assert tokens.locator("path.column").count() == 2
    expect(page.get_by_role("img", name="Time to the first token")).to_be_visible()
    assert page.locator("svg.plot path.line").count() > 2
    expect(page.locator("main")).to_contain_text("vision-2026")
    expect(page.locator("main")).to_contain_text("scripted")
    # It goes on by itself.
    assert complete(hub, "ada").status_code == 200
    expect(on.get_by_role("row", name="ada")).to_be_visible()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "administrators-page.png", full_page=True)
    assert problems == []
    page.context.close()


def test_odd_names_are_text(hub: Hub, browser: Browser) -> None:
    hub.api.post("/users", json={"usernames": [ODD]}).raise_for_status()
    hub.api.post("/groups/speech/users", json={"users": [ODD]}).raise_for_status()
    assert complete(hub, ODD).status_code == 200
    page = page_of(hub, browser, ADMIN)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("dialog", lambda dialog: problems.append("a name was run"))
    odd = page.get_by_role("rowheader", name="<img src=x")
    expect(odd).to_have_count(2)
    assert page.locator("main img").count() == 0
    assert len(odd.first.inner_text()) <= 32
    assert "\n" not in odd.first.inner_text()
    assert problems == []
    page.context.close()


def test_in_the_dark_and_on_a_small_screen_nothing_is_cut_off(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN, "dark")
    page.screenshot(path=SCREENSHOTS / "administrators-page-dark.png", full_page=True)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in ground.strip("rgb()").split(",")) < 60
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.screenshot(path=SCREENSHOTS / "administrators-page-small.png", full_page=True)
    page.context.close()


def test_a_user_is_told_that_it_is_not_for_them(hub: Hub, browser: Browser) -> None:
    for name, sentence in (("ada", "for those who administer SafeCoder"), ("eve", "403")):
        page = browser.new_context().new_page()
        page.goto(f"{hub.url}/hub/login?next=/services/safecoder/")
        page.fill("#username_input", name)
        page.fill("#password_input", "open")
        with page.expect_response(lambda answer: answer.status == 403):
            page.click("#login_submit")
        expect(page.locator("body")).to_contain_text(sentence)
        expect(page.locator("body")).not_to_contain_text("grace")
        page.context.close()


def test_figures_that_are_old_say_so(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN)
    old = page.get_by_text("These figures are old")
    expect(old).to_be_hidden()
    page.route("**/board", lambda route: route.abort())
    expect(old).to_be_visible()
    page.unroute("**/board")
    expect(old).to_be_hidden()
    page.context.close()


def test_drain_and_resume(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN)
    page.get_by_role("button", name="Drain").click()
    expect(page.locator("main")).to_contain_text("Drained: nothing new is taken")
    answer = complete(hub, "bob")
    assert answer.status_code == 503
    assert "An administrator has drained SafeCoder" in answer.json()["message"]
    # The keyboard's place is kept while the page goes on.
    page.get_by_role("button", name="Resume").focus()
    page.wait_for_event("requestfinished", lambda request: request.url.endswith("/board"))
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Serving")
    assert complete(hub, "bob").status_code == 200
    audit = page.locator("section", has=page.get_by_role("heading", name="Audit"))
    expect(audit.get_by_role("row", name=ADMIN).nth(0)).to_contain_text("resume")
    expect(audit.get_by_role("row", name=ADMIN).nth(1)).to_contain_text("drain")
    page.context.close()


def test_a_policy_with_an_error_is_shown_with_its_line(hub: Hub, browser: Browser) -> None:
    page = page_of(hub, browser, ADMIN)
    try:
        hub.policy.write_text("[groups.vision]\nfeatures = 3\n")
        page.get_by_role("button", name="Reload").click()
        expect(page.locator("main .alarm").first).to_contain_text(
            "line 2: features of 'vision' must be"
        )
        page.screenshot(path=SCREENSHOTS / "administrators-page-alarm.png")
    finally:
        hub.policy.write_text(POLICY)
    page.get_by_role("button", name="Reload").click()
    expect(page.locator("main")).to_contain_text("Serving")
    page.context.close()
