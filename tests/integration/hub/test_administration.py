"""Metrics, events and the dashboard's endpoints in a real JupyterHub, without a browser."""

from __future__ import annotations

import json
import re
import stat
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from jupyter_safecoder.hub.constants import ADMIN as ADMINISTER
from jupyter_safecoder.hub.constants import COMPLETE, METRICS, access_scope
from tests.support.paths import DEPLOY_HUB
from tests.support.processes import until
from tests.support.real_hub import ADMIN, POLICY, Hub, body

pytestmark = pytest.mark.timeout(240)
DASHBOARD = DEPLOY_HUB / "grafana-dashboard.json"
ACCESS = access_scope("safecoder")


def ask(hub: Hub, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
    """Send a request to the service."""
    headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
    return httpx.request(
        method, f"{hub.service}/{path}", headers=headers, timeout=30, trust_env=False, **more
    )


def complete(hub: Hub, token: str) -> httpx.Response:
    """Request a completion."""
    until(lambda: ask(hub, "POST", "start", token).json()["state"] in ("ready", "off"), 60)
    return ask(hub, "POST", "completions", token, content=body())


def metrics(hub: Hub) -> dict[str, float]:
    """Return every sample as Prometheus reads it, by its name and labels."""
    answer = ask(hub, "GET", "metrics", hub.prometheus)
    assert answer.status_code == 200
    return {
        sample.name + json.dumps(sample.labels, sort_keys=True): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(name: str, **labels: str) -> str:
    """Return the key of a sample."""
    return name + json.dumps(labels, sort_keys=True)


def test_metrics_count_requests_and_name_no_user(hub: Hub) -> None:
    bob = hub.token("bob", [ACCESS, COMPLETE])
    before = metrics(hub)
    assert complete(hub, bob).status_code == 200
    after = metrics(hub)
    answered = of("safecoder_requests_total", action="complete", outcome="end", group="speech")
    assert after[answered] == before.get(answered, 0) + 1
    assert after[of("safecoder_tokens_total", kind="completion", group="speech")] == 8
    assert after[of("safecoder_ttft_seconds_count")] == 1
    assert after[of("safecoder_active_users")] == 1
    assert after[of("safecoder_runtime_up", model="", adapter="")] == 1
    assert after[of("safecoder_policy_ok")] == after[of("safecoder_audit_ok")] == 1
    assert after[of("process_resident_memory_bytes")] > 1e6
    assert "bob" not in ask(hub, "GET", "metrics", hub.prometheus).text


def test_a_policy_with_an_error_is_a_metric(hub: Hub) -> None:
    try:
        hub.policy.write_text("x = 1")
        until(lambda: metrics(hub)[of("safecoder_policy_ok")] == 0)
        bob = hub.token("bob", [ACCESS, COMPLETE])
        assert ask(hub, "POST", "completions", bob, content=body()).status_code == 503
        assert metrics(hub)[of("safecoder_refusals_total", reason="policy")] >= 1
    finally:
        hub.policy.write_text(POLICY)
        until(lambda: metrics(hub)[of("safecoder_policy_ok")] == 1)


def test_the_grafana_dashboard_shows_all_metrics(hub: Hub) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    exposed = {name.partition("{")[0] for name in metrics(hub)}
    families = {
        family.name
        for family in text_string_to_metric_families(
            ask(hub, "GET", "metrics", hub.prometheus).text
        )
    }
    # A counter with labels has no sample before it counts; its family is exposed.
    exposed |= {f"{family}_total" for family in families}
    positions = set()
    for panel in dashboard["panels"]:
        positions.add((panel["gridPos"]["x"], panel["gridPos"]["y"]))
        assert panel["type"] in ("stat", "timeseries")
        for target in panel["targets"]:
            names = set(re.findall(r"\b(?:safecoder|process)_\w+", target["expr"]))
            assert names
            assert names <= exposed, target["expr"]
    assert len(positions) == len(dashboard["panels"])
    used = "".join(t["expr"] for panel in dashboard["panels"] for t in panel["targets"])
    ours = {family for family in families if family.startswith("safecoder")}
    assert [family for family in ours if family not in used] == []


@pytest.mark.parametrize("path", ["metrics", "dashboard", ""])
def test_endpoints_that_need_more_than_a_user_s_token(hub: Hub, path: str) -> None:
    anonymous = {"metrics": 401, "dashboard": 403, "": 302}[path]
    assert ask(hub, "GET", path).status_code == anonymous
    for token in (
        hub.token("bob", [ACCESS, COMPLETE]),
        hub.token(ADMIN, [ACCESS]),
        hub.token(ADMIN, [ADMINISTER]) if path != "metrics" else hub.token(ADMIN, [METRICS]),
    ):
        answer = ask(hub, "GET", path, token)
        assert answer.status_code == 403
        assert "safecoder_" not in answer.text
        assert "Active users" not in answer.text
    assert ask(hub, "GET", path, "x" * 32).status_code == anonymous


def test_a_token_for_metrics_gives_access_to_nothing_else(hub: Hub) -> None:
    assert ask(hub, "GET", "", hub.prometheus).status_code == 403
    assert ask(hub, "POST", "drain", hub.prometheus).status_code == 403
    assert metrics(hub)[of("safecoder_draining")] == 0


def test_headers_that_keep_other_sites_out(hub: Hub) -> None:
    dana = hub.token(ADMIN, [ACCESS, ADMINISTER])
    answer = ask(hub, "GET", "", dana)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<[^>]*\s(style|on\w+)=", answer.text)
    style = re.search(r'href="/services/safecoder/(static/page.css[^"]*)"', answer.text)
    assert style
    assert ask(hub, "GET", style[1]).headers["Content-Type"] == "text/css"
    assert ask(hub, "GET", "static/../page.py").status_code == 404
    assert ask(hub, "GET", "static/%2e%2e/page.py").status_code in (403, 404)


def test_a_cookie_alone_presses_no_button(hub: Hub) -> None:
    """Another site can send a browser's cookies, but not the token in our pages."""
    with httpx.Client(base_url=hub.url, follow_redirects=True, trust_env=False) as browser:
        form = browser.get("/hub/login?next=/services/safecoder/").text
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', form)
        assert xsrf
        data = {"username": ADMIN, "password": "open", "_xsrf": xsrf[1]}
        confirmation = browser.post("/hub/login?next=/services/safecoder/", data=data)
        # A page of another user cannot log an administrator in unnoticed.
        assert confirmation.url.path == "/hub/api/oauth2/authorize"
        assert "Administer SafeCoder" in confirmation.text
        fields = re.findall(r'name="(_xsrf|scopes)" value="([^"]+)"', confirmation.text)
        data = {
            name: [value for key, value in fields if key == name] for name in ("_xsrf", "scopes")
        }
        page = browser.post(confirmation.url, data=data, headers={"Referer": str(confirmation.url)})
        assert (page.status_code, page.url.path) == (200, "/services/safecoder/")
        found = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert found
        for forged in ({}, {"_xsrf": "x"}, {"_xsrf": xsrf[1]}):
            answer = browser.post("/services/safecoder/drain", data=forged)
            assert answer.status_code == 403
        assert browser.get("/services/safecoder/drain").status_code == 405
        assert metrics(hub)[of("safecoder_draining")] == 0
        for action, draining in (("drain", 1), ("resume", 0)):
            answer = browser.post(f"/services/safecoder/{action}", data={"_xsrf": found[1]})
            assert (answer.status_code, answer.url.path) == (200, "/services/safecoder/")
            assert metrics(hub)[of("safecoder_draining")] == draining


def test_draining_is_shown_to_users_and_recorded(hub: Hub) -> None:
    bob, dana = hub.token("bob", [ACCESS, COMPLETE]), hub.token(ADMIN, [ACCESS, ADMINISTER])
    assert ask(hub, "POST", "drain", dana).status_code == 303
    try:
        status = ask(hub, "GET", "status", bob).json()
        assert status["state"] == "off"
        assert "An administrator has drained SafeCoder" in status["reason"]
        answer = complete(hub, bob)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert metrics(hub)[of("safecoder_refusals_total", reason="drained")] == 1
    finally:
        assert ask(hub, "POST", "resume", dana).status_code == 303
    assert complete(hub, bob).status_code == 200
    actions = [(e["user"], e["outcome"]) for e in hub.entries() if e["action"] == "drain"]
    assert actions[-1] == (ADMIN, "done")


def test_a_runtime_is_restarted(hub: Hub) -> None:
    bob, dana = hub.token("bob", [ACCESS, COMPLETE]), hub.token(ADMIN, [ACCESS, ADMINISTER])
    assert complete(hub, bob).status_code == 200
    count = of("safecoder_runtime_up", model="", adapter="")
    assert ask(hub, "POST", "restart", dana, data={"adapter": "none such"}).status_code == 303
    assert metrics(hub)[count] == 1
    assert ask(hub, "POST", "restart", dana, data={"adapter": ""}).status_code == 303
    counters = ask(hub, "GET", "status", bob).json()["counters"]
    assert counters["requests"] == 0
    assert complete(hub, bob).status_code == 200


def test_what_cannot_be_recorded_is_not_done(hub: Hub) -> None:
    """Root can write any file: a directory in its place keeps the service from it."""
    dana = hub.token(ADMIN, [ACCESS, ADMINISTER])
    [path] = (hub.directory / "state/audit").glob("*.jsonl")
    away = path.rename(path.with_suffix(".away"))
    path.mkdir()
    try:
        answer = ask(hub, "POST", "drain", dana)
        assert answer.status_code == 503
        assert "The audit log cannot be written" in answer.text
        after = metrics(hub)
        assert (after[of("safecoder_draining")], after[of("safecoder_audit_ok")]) == (0, 0)
        assert "The audit log cannot be written: " in ask(hub, "GET", "", dana).text
    finally:
        path.rmdir()
        away.rename(path)
    assert ask(hub, "POST", "resume", dana).status_code == 303
    assert metrics(hub)[of("safecoder_audit_ok")] == 1


def test_events_are_written_without_text(hub: Hub) -> None:
    bob = hub.token("bob", [ACCESS, COMPLETE])
    path = hub.directory / "state/events.jsonl"
    before = len(path.read_text().splitlines()) if path.exists() else 0
    assert complete(hub, bob).status_code == 200
    lines = path.read_text().splitlines()
    assert len(lines) == before + 1
    event = json.loads(lines[-1])
    assert event["__schema__"] == "https://events.jupyter-safecoder.org/completion/v1"
    assert (event["user"], event["outcome"], event["completion_tokens"]) == ("bob", "end", 8)
    assert "hello" not in path.read_text()
    assert "_world" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
